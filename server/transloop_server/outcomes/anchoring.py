"""Where a translation stands in its document, and how it is found again where edits hide that."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from transloop_server.documents import Anchor, Edit
from transloop_syntax.layout import eol_of

AROUND = 200
"""Characters before and behind a translation that are remembered."""
WINDOW = 2000
"""Characters around its old place in which a translation that comes back is looked for."""
LIKE = 0.5
"""Share of its lines that must be there for a text to be the same translation."""
_BLANK_LINE = re.compile(r"\r?\n[ \t]*\r?\n")
_SOLID = re.compile(r"[^\s\"'`,;()]+")
"""What a formatter leaves as it is."""


class Mark(Anchor):
    """The span of a translation: an anchor that also takes in what is typed at its ends.

    A text that is put where it was deleted is not taken in; whether it is a redo is for others to
    say, who know the text. So it is when an edit goes beyond the span.
    """

    def __init__(self, start: int, end: int, lead: int = 0) -> None:
        """`lead` is how much was put before it with it."""
        super().__init__(start, end)
        self.touched = True
        """It was edited, or something around it, since somebody looked."""
        self._reach = AROUND + lead
        self.astray = False
        """What stands there now may be anything."""
        self.behind = 0
        """How much of the span was typed behind its end."""

    def moved(self, edit: Edit) -> None:
        """As an anchor, with what is typed directly at the ends."""
        end = edit.at + edit.removed
        if edit.at > self.end + self._reach:
            return
        if end < self.start - self._reach:
            self.start += len(edit.added) - edit.removed
            self.end += len(edit.added) - edit.removed
            return
        self.touched = True
        empty = self.start == self.end
        if empty and edit.at <= self.start <= end and edit.added:
            self.start, self.end = edit.at, edit.at + len(edit.added)
            self.astray = True
        elif not empty and not edit.removed and edit.at == self.end:
            self.end += len(edit.added)
            self.behind += len(edit.added)
        elif not empty and not edit.removed and edit.at == self.start and _on_line(edit.added):
            self.end += len(edit.added)
        else:
            beyond = edit.at < self.start < end or edit.at < self.end < end
            super().moved(edit)
            self.astray = self.astray or (beyond and bool(edit.added))
            self.behind = min(self.behind, self.end - self.start)

    def trim(self, text: str) -> None:
        """Let go of what was typed behind it, from the first blank line on."""
        if self.behind:
            found = _BLANK_LINE.search(text, self.end - self.behind, self.end)
            if found:
                self.end, self.behind = found.start(), 0

    def put(self, span: tuple[int, int]) -> None:
        """It was found here."""
        self.start, self.end = span
        self.astray, self.behind = False, 0


def _on_line(text: str) -> bool:
    return "\n" not in text and "\r" not in text


def around(document: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and behind a span."""
    return document[max(0, start - AROUND) : start], document[end : end + AROUND]


def undone(document: str, near: int, before: str, replaced: str, after: str) -> bool:
    """Whether around this offset the document is again as it was before the translation came."""
    low = max(0, near - 2 * AROUND - len(replaced))
    high = near + 2 * AROUND + len(replaced)
    wanted = before + replaced + after
    for match in re.finditer(re.escape(wanted), document[low:high]):
        at = low + match.start()
        begins = len(before) == AROUND or at == 0
        ends = len(after) == AROUND or at + len(wanted) == len(document)
        if begins and ends:
            return True
    return False


def exact(document: str, text: str, near: int) -> tuple[int, int] | None:
    """Where a text stands as it is, nearest to an offset; line endings are the document's."""
    plain = text.replace("\r\n", "\n")
    wanted = plain.replace("\n", "\r\n") if eol_of(document) == "\r\n" else plain
    if not wanted:
        return None
    places = (document.find(wanted, near), document.rfind(wanted, 0, near + len(wanted)))
    found = [at for at in places if at >= 0]
    if not found:
        return None
    at = min(found, key=lambda each: abs(each - near))
    return at, at + len(wanted)


def find(
    document: str, text: str, near: int, before: str = "", after: str = ""
) -> tuple[int, int] | None:
    """Where a translation stands in a document that was replaced as a whole; None: nowhere.

    As it is; laid out otherwise; by the lines around it; by the lines that are left of it.
    """
    return (
        exact(document, text, near)
        or _laid_out(document, text, near)
        or _between(document, text, near, before, after)
        or _by_lines(document, text, near)
    )


def like(one: str, other: str) -> float:
    """Share of the solid lines of `one` that are in `other`."""
    lines = Counter(each for each in map(_solid, one.splitlines()) if each)
    there = Counter(map(_solid, other.splitlines()))
    total = sum(lines.values())
    return sum((lines & there).values()) / total if total else 0.0


def _laid_out(document: str, text: str, near: int) -> tuple[int, int] | None:
    """Where it stands with other white space, quotes and commas."""
    pieces = list(_SOLID.finditer(document))
    starts = [0, *accumulate(len(each.group()) for each in pieces)]
    solid, wanted = "".join(each.group() for each in pieces), _solid(text)
    if not wanted:
        return None

    def place(at: int) -> int:
        """A character of the solid text in the document."""
        number = bisect_right(starts, at) - 1
        return pieces[number].start() + at - starts[number]

    found = [(place(at), place(at + len(wanted) - 1) + 1) for at in _all(solid, wanted)]
    best = min(found, key=lambda span: abs(span[0] - near), default=None)
    return _with_layout(document, text, best) if best else None


def _with_layout(document: str, text: str, span: tuple[int, int]) -> tuple[int, int]:
    """With the brackets and quotes at its ends, which are not solid."""
    start, end = span
    tail = text.rstrip()
    while (
        tail and end < len(document) and not _SOLID.match(tail[-1]) and document[end] in ");,\"'`"
    ):
        end += 1
        tail = tail[:-1].rstrip()
    line = document.rfind("\n", 0, start) + 1
    return (line if not _SOLID.search(document, line, start) else start), end


def _between(
    document: str, text: str, near: int, before: str, after: str
) -> tuple[int, int] | None:
    """What stands between the lines that stood around it, if it is like it."""
    above = next((line for line in reversed(before.splitlines()[1:]) if line.strip()), "")
    below = next((line for line in after.splitlines()[1:-1] if line.strip()), "")
    if not above or not below:
        return None
    tops = sorted(_all(document, above), key=lambda at: abs(at + len(above) - near))
    for top in tops[:5]:
        start = top + len(above)
        end = document.find(below, start, start + 3 * len(text) + WINDOW)
        if end >= 0 and like(text, document[start:end]) >= LIKE:
            return _stripped(document, start, end)
    return None


def _by_lines(document: str, text: str, near: int) -> tuple[int, int] | None:
    """The lines that are left of it vote where it begins."""
    wanted = [_solid(line) for line in text.splitlines()]
    rows: dict[str, list[int]] = {}
    for row, line in enumerate(wanted):
        if len(line) > 3:
            rows.setdefault(line, []).append(row)
    lines = document.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]
    hits = [(at, row) for at, line in enumerate(lines) for row in rows.get(_solid(line), ())]
    if not hits:
        return None
    near_row = bisect_right(starts, near) - 1
    votes = Counter(at - row for at, row in hits)
    first = max(votes, key=lambda each: (votes[each], -abs(each - near_row)))
    room = len(wanted) // 2 + 3
    close = [(at, row) for at, row in hits if abs(at - row - first) <= room]
    top = max(0, min(at - row for at, row in close))
    bottom = min(len(lines), max(at + len(wanted) - row for at, row in close))
    found = _stripped(document, starts[top], starts[bottom])
    return found if like(text, document[slice(*found)]) >= LIKE else None


def _stripped(document: str, start: int, end: int) -> tuple[int, int]:
    """Without blank lines at the ends; the first line keeps its indentation."""
    text = document[start:end]
    lead = len(text) - len(text.lstrip())
    begin = text.rfind("\n", 0, lead) + 1
    return start + begin, start + len(text.rstrip())


def _solid(text: str) -> str:
    return "".join(_SOLID.findall(text))


def _all(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)
