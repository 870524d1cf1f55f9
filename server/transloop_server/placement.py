"""Where a translation goes: a new file beside the source, below the selection, or in its place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from transloop_settings.errors import UsageError
from transloop_syntax.language import Language
from transloop_syntax.layout import comment_out, eol_of, reindent
from transloop_syntax.unit import Unit


@dataclass(frozen=True)
class Insertion:
    """A replacement in the source document, in code points; `code_at` is where our code begins."""

    start: int
    end: int
    text: str
    code_at: int
    code_length: int


def insertion(
    text: str,
    unit: Unit,
    code: str,
    source: Language,
    target: Language,
    *,
    below: bool,
    keep_original: bool,
) -> Insertion:
    """The edit of the source document that places `code` below `unit` or in its place."""
    eol = eol_of(text)
    body = reindent(code, unit.indent, eol, target)
    if below:
        before = eol * 2
        return Insertion(unit.end, unit.end, before + body, unit.end + len(before), len(body))
    before = ""
    if keep_original:
        original = comment_out(unit.code, source)
        before = reindent(original, unit.indent, eol) + eol
    return Insertion(unit.start, unit.end, before + body, unit.start + len(before), len(body))


def file_beside(source: Path, unit: Unit, target: Language) -> Path:
    """A new file next to `source` that does not exist yet.

    Raises:
        UsageError: nothing can be written in that folder.
    """
    folder = source.parent
    if not os.access(folder, os.W_OK):
        raise UsageError(
            f"The folder {folder} cannot be written to, so there is no place for a new file.",
            "Set `placement` to below or replace, or save the file elsewhere first.",
        )
    suffix = target.suffixes[0]
    stems = [source.stem]
    if unit.kind != "file" and unit.names:
        stems.append(f"{source.stem}_{unit.names[0]}")
    numbered = (f"{stems[-1]}_{number}" for number in range(2, 10_000))
    for stem in (*stems, *numbered):
        path = folder / f"{stem}{suffix}"
        if not path.exists():
            return path
    raise UsageError(f"There are too many translations of {source.name} in {folder}.")


def file_text(code: str, eol: str) -> str:
    """What a new file holds."""
    return reindent(code, "", eol) + eol
