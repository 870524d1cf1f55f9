"""Where a translation goes: a new file beside the source, below the selection, or in its place."""

from __future__ import annotations

import os
import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from transloop_settings.errors import UsageError
from transloop_syntax.language import Language
from transloop_syntax.layout import comment_out, eol_of, reindent
from transloop_syntax.unit import Unit


@dataclass(frozen=True)
class Insertion:
    """A replacement in the source document, in code points."""

    start: int
    end: int
    text: str
    code: str
    """The part of `text` that was translated; it is the end of it."""

    @property
    def code_at(self) -> int:
        """Where the code begins."""
        return self.start + len(self.text) - len(self.code)


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
        rest = re.match(r"[^\r\n]*", text[unit.end :])
        at = unit.end + (rest.end() if rest else 0)
        return Insertion(at, at, eol * 2 + body, body)
    before = ""
    if keep_original:
        original = comment_out(unit.code, source)
        before = reindent(original, unit.indent, eol) + eol
    return Insertion(unit.start, unit.end, before + body, body)


def arrived(inserted: Insertion, before: str, now: str) -> tuple[int, int] | None:
    """The span of the inserted code in a document that was `before`; None: it is not there.

    The person may have typed meanwhile, so it is looked for near its place; and the editor may have
    given it the document's line endings.
    """
    at, code = inserted.code_at, inserted.code
    if now == before[: inserted.start] + inserted.text + before[inserted.end :]:
        return at, at + len(code)
    plain = code.replace("\r\n", "\n")
    for each in dict.fromkeys((code, plain, plain.replace("\n", "\r\n"))):
        if now.count(each) > before.count(each):
            places = (now.rfind(each, 0, at + len(each)), now.find(each, at))
            near = min((place for place in places if place >= 0), key=lambda place: abs(place - at))
            return near, near + len(each)
    return None


def file_beside(
    source: Path, unit: Unit, target: Language, taken: Container[Path | None] = ()
) -> Path:
    """A new file next to `source` that neither exists yet nor is `taken`.

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
        if not path.exists() and path not in taken:
            return path
    raise UsageError(f"There are too many translations of {source.name} in {folder}.")


def file_text(code: str, eol: str) -> str:
    """What a new file holds."""
    return reindent(code, "", eol) + eol
