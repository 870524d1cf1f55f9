"""A folder to translate: which of its files, and where the translation of each one goes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transloop_settings.errors import UsageError
from transloop_syntax.language import Language, language_for

SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
"""Folders with code that is not the project's own; hidden ones (`.venv`, `.git`) as well."""


@dataclass(frozen=True)
class Planned:
    """One file and the file that its translation becomes."""

    source: Path
    output: Path
    clash: Path | None = None
    """Another source that becomes the same file, and comes first."""


def plan(folder: Path, out: Path, source: Language | None, target: Language) -> list[Planned]:
    """The files of `folder` in a known language (only `source`, if given) but the target.

    Raises:
        UsageError: there is none, or `out` cannot become a folder.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file.", "With a folder, -o names a folder.")
    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {out.parent}.", "Make it first.")
    taken: dict[Path, Path] = {}
    found: list[Planned] = []
    for path in _files(folder, out.resolve()):
        spoken = language_for(path)
        if spoken is None or spoken == target or (source is not None and spoken != source):
            continue
        output = out / path.relative_to(folder).with_suffix(target.suffixes[0])
        found.append(Planned(path, output, taken.get(output)))
        taken.setdefault(output, path)
    if not found:
        raise UsageError(f"There is nothing to translate to {target.name} in {folder}.")
    return found


def _files(folder: Path, out: Path) -> Iterator[Path]:
    """All files in a stable order; links to folders are not followed, the output is left out."""
    for here, folders, names in os.walk(folder):
        inside = Path(here)
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED and not name.startswith(".") and (inside / name).resolve() != out
        )
        yield from (inside / name for name in sorted(names) if not name.startswith("."))
