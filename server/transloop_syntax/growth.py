"""Which items a selection stands for: it grows to whole declarations and statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from transloop_syntax.declarations import (
    DECLARES,
    Item,
    body_of,
    members,
    names_of,
    nested,
)
from transloop_syntax.language import Language
from transloop_syntax.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node

Kind = Literal["function", "method", "class", "declarations", "statements", "file", "snippet"]

SPACE = " \t\r\n\f\v\u00a0\ufeff"


@dataclass(frozen=True)
class Rows:
    """The lines a selection touches, 0-based, both included."""

    first: int
    last: int
    blank: bool
    cursor: bool

    def touches(self, item: Item) -> bool:
        return item.first <= self.last and item.last >= self.first


@dataclass(frozen=True)
class Choice:
    """The items that make a unit, and the level they were found at."""

    items: tuple[Item, ...]
    level: tuple[Item, ...]
    enclosing: str | None = None


def rows_of(source: Source, start: int, end: int) -> Rows:
    """The lines of a selection without the white space around it, or of a cursor."""
    text = source.text
    selected = text[start:end]
    filled = selected.strip(SPACE)
    if filled:
        first = source.row(start + len(selected) - len(selected.lstrip(SPACE)))
        return Rows(first, first + filled.count("\n"), blank=False, cursor=False)
    row = source.row(start)
    begin, stop = source.lines(row, row)
    return Rows(row, row, blank=not text[begin:stop].strip(SPACE), cursor=True)


def choose(items: Sequence[Item], rows: Rows, language: Language) -> Choice | None:
    """The items at this level that the lines touch, or what one of them holds deeper."""
    touched = _whole_lines(items, [item for item in items if rows.touches(item)])
    solid = [item for item in touched if item.part not in ("comment", "broken")]
    if not solid or (rows.cursor and len(solid) < len(touched) and touched[0].part == "broken"):
        return None
    if len(solid) == 1 and len(touched) == 1:
        deeper = _descend(solid[0], rows, language)
        if deeper is not None:
            return deeper
    return Choice(tuple(touched), tuple(items))


def _descend(item: Item, rows: Rows, language: Language) -> Choice | None:
    """Methods of a class or functions in a branch, when the lines touch nothing else of it."""
    if item.part == "class" and item.core is not None:
        inside, enclosing = _members_below(item.core, language), names_of(item, language)[-1:]
    elif item.node.type in language.branches:
        inside, enclosing = nested(item.node, language), ()
    else:
        return None
    touched = [each for each in inside if rows.touches(each)]
    wanted = [each for each in touched if each.part in ("function", "class")]
    if not wanted or _whole_lines(inside, touched) != touched:
        return None
    if rows.first < touched[0].first or rows.last > touched[-1].last:
        return None
    if not enclosing and len(wanted) < len(touched):
        return None
    if len(touched) == 1 and (deeper := _descend(touched[0], rows, language)) is not None:
        return deeper
    return Choice(tuple(touched), tuple(inside), enclosing[0] if enclosing else None)


def _members_below(core: Node, language: Language) -> list[Item]:
    """The members of a class, unless one shares a line with the header or the closing brace."""
    body = body_of(core, language)
    inside = members(core, language)
    if body is None or not inside:
        return []
    header = body.start_point.row if not body.child_count or not body.children[0].is_named else -1
    closing = body.end_point.row if header >= 0 else body.end_point.row + 1
    if header < 0:  # Python: the header ends at the colon
        before = [each for each in core.children if each.end_byte <= body.start_byte]
        solid = [each for each in before if each.type not in language.nodes.comments]
        header = max((each.end_point.row for each in solid), default=-1)
    return [each for each in inside if each.first > header and each.last < closing]


def _whole_lines(items: Sequence[Item], touched: list[Item]) -> list[Item]:
    """From the first to the last item touched, and those that share a line with them."""
    if not touched:
        return []
    low, high = items.index(touched[0]), items.index(touched[-1])
    while low > 0 and items[low - 1].last >= items[low].first:
        low -= 1
    while high + 1 < len(items) and items[high + 1].first <= items[high].last:
        high += 1
    return list(items[low : high + 1])


def kind_of(choice: Choice, top: Sequence[Item]) -> Kind:
    """What a choice is, given all items of the file."""
    solid = [item for item in choice.items if item.part != "comment"]
    if len(solid) == 1 and solid[0].part in ("function", "class"):
        if solid[0].part == "class":
            return "class"
        return "method" if choice.enclosing else "function"
    if len(solid) > 1 and solid == [item for item in top if item.part != "comment"]:
        return "file"
    return "declarations" if any(item.part in DECLARES for item in solid) else "statements"


def outside(top: Sequence[Item], choice: Choice) -> list[Item]:
    """The file's items without the one that the unit is in."""
    first, last = choice.items[0].node.start_byte, choice.items[-1].node.end_byte
    return [
        item
        for item in top
        if item in choice.items
        or not (item.node.start_byte <= first and last <= item.node.end_byte)
    ]
