"""What `FILE[:A-B]` on the command line names, as a unit. Knows no model and writes nothing."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from transloop_settings.errors import UsageError
from transloop_syntax.language import Language, language, language_for
from transloop_syntax.layout import eol_of
from transloop_syntax.outline import detect
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit, snippet, unit_at, unit_of_file

STDIN = "-"
SURE = 0.6
"""Share of the evidence from which the language of standard input need not be given."""

_RANGE = re.compile(r"(?P<name>.+):(?P<first>\d+)(?:-(?P<last>\d+))?", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A file, or standard input, and the lines of it that were asked for (1-based, inclusive)."""

    name: str
    lines: tuple[int, int] | None = None

    def __str__(self) -> str:
        return "standard input" if self.name == STDIN else self.name


@dataclass(frozen=True)
class Selection:
    """A unit, where it came from, and what the person should know about how it was chosen."""

    place: Place
    unit: Unit
    first: int
    last: int
    """Lines of the unit in the file, 1-based, inclusive."""
    eol: str
    text: str
    """Of the whole file: what runs may need more of it than the unit."""
    notes: tuple[str, ...] = ()


def place_of(given: str) -> Place:
    """Read `FILE`, `FILE:A` or `FILE:A-B`; a file whose own name looks like that wins."""
    if given == STDIN or Path(given).exists():
        return Place(given)
    match = _RANGE.fullmatch(given)
    if match is None or not (match["name"] == STDIN or Path(match["name"]).exists()):
        raise UsageError(
            f"There is no file or folder {given}.",
            "Give FILE, FILE:LINE, FILE:FIRST-LAST, a folder, or - for standard input.",
        )
    first = int(match["first"])
    last = int(match["last"] or first)
    if not 1 <= first <= last:
        raise UsageError(f"{first}-{last} is not a range of lines.", "Lines count from 1.")
    return Place(match["name"], (first, last))


def select(place: Place, source: str | None) -> Selection:
    """The unit at a place; `source` is its language where the suffix does not tell.

    Raises:
        UsageError: unreadable, not UTF-8, of an unknown language, or a range outside the file.
        UnitError: there is nothing to translate.
    """
    text = read(place)
    spoken, notes = _language(place, text, source)
    parsed = Source(text, spoken, Path(place.name).suffix)
    if place.lines:
        unit = unit_at(parsed, *_offsets(parsed, place, place.lines))
    else:
        unit = snippet(text, spoken) if place.name == STDIN else unit_of_file(parsed)
    first = parsed.row(unit.start) + 1
    last = parsed.row(len(text[: unit.end].rstrip())) + 1
    if place.lines and place.lines != (first, last):
        notes = (*notes, f"grown to {_named(unit)}, lines {first} to {last}")
    return Selection(place, unit, first, last, eol_of(text), text, notes)


def workspace_of(path: Path) -> Path:
    """The root of the project that holds `path`, or the current folder."""
    for folder in (path.resolve(), *path.resolve().parents):
        if (folder / ".transloop.toml").is_file() or (folder / ".git").exists():
            return folder
    return Path.cwd()


def read(place: Place) -> str:
    """The text. UsageError when it cannot be read or is not UTF-8."""
    try:
        data = sys.stdin.buffer.read() if place.name == STDIN else Path(place.name).read_bytes()
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}.") from error
    if b"\0" in data:
        raise UsageError(f"{place} is not text in UTF-8: it holds zero bytes.", _convert("UTF-16"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{place} is not text in UTF-8: byte 0x{error.object[error.start]:02x} at "
            f"offset {error.start}.",
            _convert("ISO-8859-1"),
        ) from error


def _convert(encoding: str) -> str:
    return f"Convert it first, for example: iconv -f {encoding} -t UTF-8"


def _language(place: Place, text: str, source: str | None) -> tuple[Language, tuple[str, ...]]:
    """The language, and what to say about how it was found."""
    if source is not None:
        return language(source), ()
    if place.name != STDIN:
        found = language_for(Path(place.name))
        if found is None:
            raise UsageError(f"The suffix of {place} tells no known language.", "Give --from.")
        return found, ()
    guesses = detect(text)
    if not guesses or guesses[0][1] < SURE:
        likely = " or ".join(name for name, _ in guesses[:2]) or "nothing known"
        raise UsageError(
            f"The language of standard input is not clear; it looks like {likely}.", "Give --from."
        )
    taken = language(guesses[0][0])
    return taken, (f"taken as {taken.name} (give --from if it is not)",)


def _offsets(source: Source, place: Place, lines: tuple[int, int]) -> tuple[int, int]:
    count = source.row(len(source.text)) + (not source.text.endswith("\n"))
    if lines[1] > count:
        raise UsageError(f"{place} has {count} lines; {lines[0]}-{lines[1]} is outside of it.")
    return source.lines(lines[0] - 1, lines[1] - 1)


def _named(unit: Unit) -> str:
    return f"{unit.kind} {', '.join(unit.names)}".strip() if len(unit.names) < 4 else unit.kind
