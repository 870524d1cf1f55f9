"""A unit that is too long for the model, as several that are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from transloop_settings.errors import UnitError
from transloop_syntax.declarations import DECLARES, Item, members, top_level
from transloop_syntax.growth import Choice, kind_of
from transloop_syntax.language import Language, language
from transloop_syntax.resolution import uses_of
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit, build

Fits = Callable[[Unit], bool]


@dataclass(frozen=True)
class _Block:
    """Items that stay together and the lines they cover, with what lies above them."""

    items: tuple[Item, ...]
    first: int
    last: int


def split(unit: Unit, fits: Fits) -> list[Unit]:
    """Consecutive groups of whole declarations, each as large as `fits` allows; nothing is dropped.

    The parts' `start` and `end` are offsets into `unit.code`. `fits` must not come true again for a
    longer group. Raises UnitError for a single declaration or statement that does not fit.
    """
    if fits(unit):
        return [unit]
    if unit.kind not in ("file", "declarations", "statements"):
        raise _too_long(unit)
    code = _Code(unit)
    return code.parts(code.blocks(), fits)


class _Code:
    """The code of the unit, parsed again, because the unit is a value that carries no tree."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.language = language(unit.language)
        around = self.language.scope.around if unit.enclosing else ()
        self.source = Source("\n".join([*around[:1], unit.code, *around[1:]]), self.language)
        self.items = top_level(self.source.root, self.language)
        if around and self.items and self.items[0].core is not None:
            self.items = members(self.items[0].core, self.language)
        self.above = 1 if around else 0

    def blocks(self) -> list[_Block]:
        """One for each declaration with what lies above it, one for each statement after them."""
        groups: list[list[Item]] = [[]]
        for item in self.items:
            groups[-1].append(item)
            if item.part in DECLARES:
                groups.append([])
        rest = groups.pop()
        return self._covering([*groups, *_atoms(rest)])

    def parts(self, blocks: Sequence[_Block], fits: Fits) -> list[Unit]:
        """Greedily the longest run of blocks that fits, then the next."""
        found: list[Unit] = []
        at = 0
        while at < len(blocks):
            count = self._longest(blocks[at:], fits)
            if count == 0 and len(smaller := self._smaller(blocks[at])) > 1:
                found += self.parts(smaller, fits)
            elif count == 0:
                raise _too_long(self._unit(blocks[at : at + 1]))
            else:
                found.append(self._unit(blocks[at : at + count]))
            at += max(1, count)
        return found

    def _longest(self, blocks: Sequence[_Block], fits: Fits) -> int:
        low, high = 0, len(blocks)
        while low < high:
            middle = (low + high + 1) // 2
            if fits(self._unit(blocks[:middle])):
                low = middle
            else:
                high = middle - 1
        return low

    def _smaller(self, block: _Block) -> list[_Block]:
        """The statements and the declaration of a block, each on its own."""
        return self._covering(_atoms(block.items), block.first, block.last)

    def _covering(
        self, groups: Sequence[Sequence[Item]], first: int | None = None, end: int | None = None
    ) -> list[_Block]:
        """Blocks that cover every line from `first` to `end`; a shared line joins two groups."""
        at = self.above if first is None else first
        end = self.above + self.unit.code.count("\n") if end is None else end
        blocks: list[_Block] = []
        for group in filter(None, groups):
            last = max(item.last for item in group)
            if blocks and min(item.first for item in group) <= blocks[-1].last:
                joined = blocks.pop()
                blocks.append(_Block((*joined.items, *group), joined.first, max(last, joined.last)))
            else:
                blocks.append(_Block(tuple(group), at, last))
            at = blocks[-1].last + 1
        if blocks:
            blocks[-1] = replace(blocks[-1], last=max(end, blocks[-1].last))
        return blocks

    def _unit(self, blocks: Sequence[_Block]) -> Unit:
        items = tuple(item for block in blocks for item in block.items)
        choice = Choice(items, tuple(self.items), self.unit.enclosing)
        kind = kind_of(choice, self.items)
        kind = "declarations" if kind == "file" else kind
        rows = (blocks[0].first, blocks[-1].last)
        part = build(self.source, choice, () if self.unit.enclosing else self.items, kind, rows)
        shift = len(self.language.scope.around[0]) + 1 if self.above else 0
        return replace(
            part,
            start=part.start - shift,
            end=part.end - shift,
            needs=(*_still_needed(self.unit.needs, choice, self.language), *part.needs),
        )


def _atoms(items: Sequence[Item]) -> list[list[Item]]:
    """One group for each statement or declaration; comments go with the one that follows."""
    groups: list[list[Item]] = [[]]
    for item in items:
        groups[-1].append(item)
        if item.part != "comment":
            groups.append([])
    rest = groups.pop()
    if rest and groups:
        groups[-1] += rest
    elif rest:
        groups.append(rest)
    return groups


def _still_needed(needs: Sequence[str], choice: Choice, language: Language) -> list[str]:
    """Those of the whole unit's needs that mention a name the part uses."""
    used = uses_of([item.node for item in choice.items], language)
    names = used.names | used.members
    return [
        need
        for need in needs
        if names.intersection(re.findall(r"\w+", need)) or _opened(need, names, language)
    ]


def _opened(need: str, names: frozenset[str], language: Language) -> bool:
    found = (bound for key, bound in language.opens.items() if key in need)
    return any(names.intersection(bound) for bound in found)


def _too_long(unit: Unit) -> UnitError:
    what = f"`{unit.names[0]}`" if unit.names else "The code"
    if unit.kind == "class":
        advice = "Select its methods one at a time, or raise `engine.context`."
    else:
        advice = "Select a smaller part of it, or raise `engine.context`."
    return UnitError(f"{what} is too long for the model.", advice)
