"""Inputs for a function: combinations of boundary values first, then random ones without end.

Which ones depends on the domain and the seed alone, so evidence can be derived again.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from transloop_verify.draw import LONGEST, Constants, boundaries, draw, mentioned
from transloop_verify.type import Type
from transloop_verify.value import Value

MENTIONED = 0.15
"""The share of random inputs that are made of the program's own texts alone."""

TENTATIVE = frozenset({"fraction", "mixed"})
"""Origins of inputs that are tried in case a source that declares nothing means them."""

Role = Literal[
    "length",  # as many as the container has items
    "within",  # an index of it
    "last",  # its last index
    "count",  # at least one, at most its length
    "width",  # the length of its first row
    "same",  # a container of the same length
]


@dataclass(frozen=True)
class Relation:
    """What one parameter has to do with an earlier or later one."""

    parameter: int
    role: Role
    of: int
    """The position of the container."""


@dataclass(frozen=True)
class Domain:
    """What a function accepts, as far as it was declared or found out."""

    types: tuple[Type, ...]
    relations: tuple[Relation, ...] = ()
    constants: Constants = field(default_factory=Constants)
    examples: tuple[tuple[Value, ...], ...] = ()
    """Arguments of calls that were found around the function."""
    smallest: int | None = None
    largest: int | None = None
    """Numbers beyond these make the function too slow, or keep it from ending."""


@dataclass(frozen=True)
class Input:
    """Arguments, and where they come from."""

    arguments: tuple[Value, ...]
    origin: str
    """`call`, `boundary`, `generated`, or one of `TENTATIVE`."""


def inputs(domain: Domain, seed: int = 0, size: int = LONGEST) -> Iterator[Input]:
    """Different inputs without end, but for a domain that has only a few values.

    Raises KeyError for a type of which no value can be made; `drawable` tells beforehand.
    """
    seen = set[str]()
    for each in itertools.chain(_first(domain, seed), _random(domain, seed, size)):
        key = repr(each.arguments)
        if key not in seen and _bounded(each.arguments, domain):
            seen.add(key)
            yield each


def numbers(arguments: Iterable[Value]) -> list[int | float]:
    """The numbers among the arguments themselves."""
    return [
        each for each in arguments if isinstance(each, int | float) and not isinstance(each, bool)
    ]


def _bounded(arguments: tuple[Value, ...], domain: Domain) -> bool:
    """Are the numbers within what the function can cope with?"""
    low, high = domain.smallest, domain.largest
    return all(
        (low is None or each >= low) and (high is None or each <= high)
        for each in numbers(arguments)
    )


def samples(domain: Domain, count: int, seed: int = 0) -> list[Input]:
    """A few ordinary inputs, none of them on the edge: to see whether a domain fits."""
    return list(itertools.islice(_random(domain, seed, LONGEST), count))


def drawable(kind: Type) -> bool:
    """Can values of this type be made?"""
    if kind.kind in ("any", "unsupported"):
        return False
    inner = (*kind.items, *(each for _, each in kind.fields))
    return all(drawable(each) for each in inner)


def _first(domain: Domain, seed: int) -> Iterator[Input]:
    """Calls that exist, then each boundary of each parameter once, beside plain values."""
    yield from (Input(each, "call") for each in domain.examples)
    dice = random.Random(seed)  # noqa: S311 (repeatable, not secret)
    edges = [boundaries(each, domain.constants) for each in domain.types]
    for turn in range(max(map(len, edges), default=1)):
        for position, values in enumerate(edges):
            if turn < len(values):
                row = [
                    _plain(each, dice, domain.constants)
                    for each in zip(domain.types, edges, strict=True)
                ]
                row[position] = values[turn]
                fixed = frozenset({position})
                yield Input(_related(row, domain, dice, fixed), "boundary")


def _plain(each: tuple[Type, list[Value]], dice: random.Random, constants: Constants) -> Value:
    kind, values = each
    if values and dice.random() < 0.3:
        return dice.choice(values)
    return draw(kind, dice, constants)


def _random(domain: Domain, seed: int, size: int) -> Iterator[Input]:
    """Random tuples; gives up when a domain has no further values."""
    dice = random.Random(seed + 1)  # noqa: S311
    for turn in range(4000):
        bound = 3 + turn % (size - 2) if size > 3 else size
        if not domain.relations and domain.constants.strings and dice.random() < MENTIONED:
            row = [mentioned(each, dice, domain.constants) for each in domain.types]
            yield Input(tuple(row), "generated")  # such as two planets that a program knows
            continue
        row = [draw(each, dice, domain.constants, bound) for each in domain.types]
        yield Input(_related(row, domain, dice, frozenset()), "generated")


def fractions(domain: Domain, guessed: frozenset[int], count: int, seed: int) -> list[Input]:
    """Inputs with numbers that are not whole, for parameters whose type was `guessed`, by place.

    A source that declares nothing may mean them, and often says so only by what it does to them.
    """
    free = guessed - {each.parameter for each in domain.relations}
    types = tuple(_split(each) if at in free else each for at, each in enumerate(domain.types))
    if types == domain.types:
        return []
    few = samples(replace(domain, types=types, examples=()), 4 * count, seed)
    halves = [Input(tuple(map(_unwhole, each.arguments)), "fraction") for each in few]
    return list({repr(each.arguments): each for each in halves}.values())[:count]


def mixed(domain: Domain, asked: frozenset[int], count: int, seed: int) -> list[Input]:
    """Inputs with items of all kinds in the lists at the places `asked`, true ones and false ones.

    Whether an empty text or list is true is decided anew in each language.
    """
    free = asked - {at for each in domain.relations for at in (each.parameter, each.of)}
    if not free:
        return []
    dice = random.Random(seed + 2)  # noqa: S311
    rows = [list(each.arguments) for each in samples(replace(domain, examples=()), count, seed)]
    for row in rows:
        for at in free:
            some = dice.sample(_FALSE, 2) + dice.sample(_TRUE, 2)
            row[at] = dice.sample(some, len(some))
    return [Input(tuple(row), "mixed") for row in rows]


_TRUE: list[Value] = [1, "a", [1], 12, "abc", [0], [""]]
_FALSE: list[Value] = [0, "", [], None]


def _split(kind: Type) -> Type:
    if kind.kind == "int":
        return replace(kind, kind="float")
    if kind.kind == "list":
        return replace(kind, items=tuple(map(_split, kind.items)))
    return kind


def _unwhole(value: Value) -> Value:
    """Whole floats are written in other ways in other languages, which says nothing."""
    if isinstance(value, list):
        return [_unwhole(each) for each in value]
    return value + 0.5 if isinstance(value, float) and value.is_integer() else value


def _related(
    row: list[Value], domain: Domain, dice: random.Random, fixed: frozenset[int]
) -> tuple[Value, ...]:
    for each in domain.relations:
        if each.role == "same":
            _resize(row, domain, each, dice)
    tied = {at for each in domain.relations for at in (each.parameter, each.of)}
    for each in domain.relations:
        if each.role != "same":
            row[each.parameter] = _in_role(each, row, dice)
    for position in range(len(row)):
        if position not in tied | fixed and dice.random() < 0.4:
            row[position] = _member(position, row, domain, dice)
    free = [at for at, kind in enumerate(domain.types) if kind.kind == "int" and at not in tied]
    if len(free) > 1 and not fixed and dice.random() < 0.25:
        _match(row, free, dice)
    return tuple(row)


def _match(row: list[Value], free: list[int], dice: random.Random) -> None:
    """Integers that have to do with each other: equal, in sequence, or one made of the others."""
    first = dice.randint(1, 12)
    second = dice.randint(1, 12)
    squares = dice.choice(((3, 4, 5), (5, 12, 13), (6, 8, 10)))
    made: tuple[int, ...] = dice.choice(
        (
            (first, first, first),
            (first, first, second),
            (first, first + second, first + 2 * second),
            (first, second, first + second),
            (first, second, first * second),
            squares,
        )
    )
    if len(free) > 3:
        times = dice.randint(2, 4)
        made = (first, second, times * first, times * second)
    order = free[:4] if len(free) > 3 else dice.sample(free, k=len(free))
    for at, value in zip(order, made, strict=False):
        row[at] = value


def _in_role(relation: Relation, row: list[Value], dice: random.Random) -> Value:
    container = row[relation.of]
    size = len(container) if isinstance(container, list | str | tuple) else 0
    match relation.role:
        case "length":
            return size
        case "within":
            return dice.randrange(size) if size else 0
        case "last":
            return size - 1
        case "count":
            return dice.randint(1, size) if size else 0
        case _:
            first = container[0] if isinstance(container, list) and container else []
            return len(first) if isinstance(first, list | str | tuple) else 0


def kept(arguments: tuple[Value, ...], domain: Domain) -> tuple[Value, ...]:
    """The arguments with their relations restored after one of them has changed."""
    row = list(arguments)
    for each in domain.relations:
        container = row[each.of]
        size = len(container) if isinstance(container, list | str | tuple) else 0
        value = row[each.parameter]
        if each.role in ("length", "last", "width"):
            row[each.parameter] = _in_role(each, row, random.Random(0))  # noqa: S311 (not used)
        elif isinstance(value, int):
            row[each.parameter] = max(0, min(value, size - (each.role == "within")))
        elif isinstance(value, list | str):
            row[each.parameter] = value[:size]
    return tuple(row)


def _resize(row: list[Value], domain: Domain, relation: Relation, dice: random.Random) -> None:
    """The container gets the length of the other one."""
    mine, other = row[relation.parameter], row[relation.of]
    if not isinstance(mine, list | str) or not isinstance(other, list | str):
        return
    missing = len(other) - len(mine)
    kind = domain.types[relation.parameter]
    if isinstance(mine, str):
        row[relation.parameter] = (mine + "abcdefgh" * missing)[: len(other)]
    else:
        more = [draw(kind.items[0], dice, domain.constants) for _ in range(max(0, missing))]
        row[relation.parameter] = (mine + more)[: len(other)]


def _member(position: int, row: list[Value], domain: Domain, dice: random.Random) -> Value:
    """An item of another argument, or a variation of one of the same type, so that they meet."""
    kind = domain.types[position]
    others = [each for at, each in enumerate(row) if at != position]
    items = [each for other in others if isinstance(other, list) for each in other]
    alike = [each for each in items if _is(each, kind)]
    if alike:
        return dice.choice(alike)
    same = [row[at] for at in range(len(row)) if at != position and domain.types[at] == kind]
    if same and kind.kind in ("string", "list"):
        return _varied(dice.choice(same), dice)
    texts = [each for each in others if isinstance(each, str) and each]
    if kind.kind == "string" and texts:
        return _varied(dice.choice(texts), dice)
    if kind.kind == "char" and texts:
        return dice.choice(dice.choice(texts))
    return row[position]


def _is(value: Value, kind: Type) -> bool:
    if isinstance(value, bool):
        return kind.kind == "bool"
    if isinstance(value, list):
        return kind.kind == "list" and all(_is(each, kind.items[0]) for each in value)
    shapes: dict[str, type] = {"int": int, "float": float, "string": str}
    return kind.kind in shapes and isinstance(value, shapes[kind.kind])


def _varied(value: Value, dice: random.Random) -> Value:
    """The value again, a part of it, its reverse, or its items in another order."""
    if not isinstance(value, str | list):
        return value
    begin = dice.randint(0, len(value))
    items = list(value)
    dice.shuffle(items)
    choices: list[Value] = [value, value[begin:], value[:begin], value[::-1]]
    choices.append("".join(map(str, items)) if isinstance(value, str) else items)
    return dice.choice(choices)
