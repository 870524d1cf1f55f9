"""What an entry point accepts, where nobody declared it: hypotheses, best first, for a run to test.

A hypothesis is a type for each parameter and how integers relate to containers (`n` is the length
of `arr`). They come from how the body uses a parameter and from what its name suggests
(`guesses.toml`); calls that exist say more than both. The run that decides is the caller's.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from transloop_verify.case import Side
from transloop_verify.inputs import Relation, Role
from transloop_verify.type import ANY, Type
from transloop_verify.uses import Place, Uses, Votes, known, uses
from transloop_verify.value import MapValue, SetValue, Value

MOST_TYPES = 12
"""Combinations of types that are tried."""
_SIZED = frozenset({"list", "string", "tuple", "bytes"})
_PLAIN_NUMBERS = frozenset({"number", "Number"})
"""Types that say nothing of fractions: most such numbers are whole ones."""
_UNKNOWN: Counter[str] = Counter()


@dataclass(frozen=True)
class Hypothesis:
    """Types for all parameters, and the relations between them."""

    types: tuple[Type, ...]
    relations: tuple[Relation, ...] = ()


def hypotheses(
    side: Side, examples: Sequence[tuple[Value, ...]] = (), types: Sequence[Type] = ()
) -> tuple[Hypothesis, ...]:
    """What the entry may accept, the likeliest first; one alone needs no test.

    `types` go before those that it declares itself.
    """
    names = [each.name for each in side.entry.parameters]
    declared = types or [each.type for each in side.entry.parameters]
    found = Uses()
    if known(side.language):
        found = uses(side.code, side.language, side.entry.name, names)
    choices = [
        _choices(kind, (name, 0), found.votes, [row[at] for row in examples])
        for at, (name, kind) in enumerate(zip(names, declared, strict=True))
    ]
    linked = sorted(_combined(choices), key=lambda row: _at_odds(row, names, found))
    return tuple(
        Hypothesis(_lettered(row, names, declared, found), relations)
        for row in linked[:MOST_TYPES]
        for relations in _relations(names, row, found.votes)
    )


def float_for_int(one: Type, other: Type) -> bool:
    """Does one say float, or a list of such, where the other says int?"""
    if one.kind == other.kind and len(one.items) == len(other.items) == 1:
        return float_for_int(one.items[0], other.items[0])
    return (one.kind, other.kind) == ("float", "int")


def _combined(choices: Sequence[Sequence[Type]]) -> Iterator[tuple[Type, ...]]:
    """All combinations, those with the likelier types first.

    What is told from the use of a container weighs more than what is told of a single value, and
    floats for integers are tried last: nearly all that takes the ones takes the others.
    """
    weights = [1 + 2 * (each[0].kind in ("list", "string", "map")) for each in choices]
    ranked = [
        [
            (weight * rank + 2 * float_for_int(kind, each[0]), kind)
            for rank, kind in enumerate(each[:4])
        ]
        for weight, each in zip(weights, choices, strict=True)
    ]
    rows = itertools.islice(itertools.product(*ranked), 5000)
    for row in sorted(rows, key=lambda row: sum(rank for rank, _ in row)):
        yield tuple(kind for _, kind in row)


def _at_odds(types: Sequence[Type], names: Sequence[str], found: Uses) -> int:
    """How many comparisons would be between values of different kinds."""
    by_name = dict(zip(names, types, strict=True))
    kinds = [[_inside(by_name[name], depth) for name, depth in link] for link in found.links]
    return sum(one is not None and other is not None and one != other for one, other in kinds)


def _lettered(
    types: tuple[Type, ...], names: Sequence[str], declared: Sequence[Type], found: Uses
) -> tuple[Type, ...]:
    """The types with a single character for a text that is compared with those of another text."""
    by_name = dict(zip(names, types, strict=True))
    letters = {
        name
        for (name, depth), (other, below) in found.equals
        if depth == 0 < below and _inside(by_name[other], below - 1) == "string"
    }
    return tuple(
        _CHAR if kind == _STRING and name in letters and said == ANY else kind
        for name, kind, said in zip(names, types, declared, strict=True)
    )


def _inside(kind: Type, depth: int) -> str | None:
    """The kind that a type holds so many levels down; None where it says nothing of it."""
    for _ in range(depth):
        if kind.kind == "string":
            return "string"
        if not kind.items:
            return None
        kind = kind.items[0]
    return "string" if kind.kind == "char" else kind.kind


# Types -------------------------------------------------------------------------------------------


def _choices(declared: Type, place: Place, seen: Votes, values: Sequence[Value]) -> list[Type]:
    if declared.spelled in _PLAIN_NUMBERS:
        used = seen.get(place, _UNKNOWN)
        return [_FLOAT, _INT] if used["float"] else [_INT, _FLOAT]
    if declared.kind not in ("any", "list", "set", "map", "tuple", "optional", "union"):
        return [declared]
    if declared.kind != "any":
        return _filled(declared, place, seen)
    observed = [kind for kind in dict.fromkeys(map(type_of, values)) if kind.kind != "null"]
    return list(dict.fromkeys([*observed[:1], *_guessed(place, seen)]))


def _filled(declared: Type, place: Place, seen: Votes) -> list[Type]:
    """A declared container whose items nobody declared."""
    if not declared.items and declared.kind in ("list", "set", "tuple"):
        kind = "list" if declared.kind == "tuple" else declared.kind
        items = _guessed((place[0], place[1] + 1), seen)
        return [replace(declared, kind=kind, items=(each,)) for each in items[:3]]
    if not declared.items and declared.kind == "map":
        return [replace(declared, items=each.items) for each in _MAPS]
    below = (place[0], place[1] + (declared.kind not in ("optional", "union")))
    filled = [_choices(each, below, seen, ())[:3] for each in declared.items]
    return [replace(declared, items=tuple(row)) for row in itertools.islice(_combined(filled), 4)]


def _guessed(place: Place, seen: Votes) -> list[Type]:
    """Types for a parameter or its items by how they are used, and then by the name."""
    used, items = seen.get(place, _UNKNOWN), seen.get((place[0], place[1] + 1), _UNKNOWN)
    if used["map"]:
        return [*_MAPS, _list(_INT)]
    if used["string"]:
        return [_list(_STRING), _STRING] if used["list"] else [_STRING, _list(_STRING)]
    if used["list"] or used["container"] or items:
        return _containers(place, used, items, seen)
    if used["float"]:
        return [_FLOAT, _INT]
    if used["number"] or used["index"]:
        return [_INT, _FLOAT]
    if used["parsed"] and place[1]:
        return [_STRING, _INT]
    scalars = [_INT, _STRING, _FLOAT]
    named = _named(place)
    if used["likely"] and len(place[0]) < 3:
        named = [each for each in named if each in scalars]
    return list(dict.fromkeys([*named, *scalars]))


def _containers(place: Place, used: Counter[str], items: Counter[str], seen: Votes) -> list[Type]:
    if items["string"] or (items["parsed"] and not items["number"]):
        text = [_STRING, _list(_STRING)]
        listed = used["list"] or [each.kind for each in _named(place)[:1]] == ["list"]
        return text[::-1] if listed else text
    if items["list"] or items["container"]:
        inner = _guessed((place[0], place[1] + 1), seen)
        return [*(_list(each) for each in inner[:3]), _list(_STRING)]
    if items["number"] or items["float"]:
        return [_list(each) for each in ([_FLOAT, _INT] if items["float"] else [_INT, _FLOAT])]
    if place[1] and used["sized"] == used["container"] and not used["list"]:
        return [_STRING, _list(_INT), _list(_STRING)]  # all that is asked of it is how long it is
    open_ = [each for each in _named(place) if each.kind in ("list", "string", "map")]
    open_.sort(key=lambda each: place[1] > 0 and each.kind != "list")  # text in text is rare
    every = [_list(_INT), _STRING, _list(_STRING), _list(_list(_INT))]
    return list(dict.fromkeys([*open_, *every])) if not used["list"] else [*every[:1], *every[2:]]


def type_of(value: Value) -> Type:
    """The type of a value, its items taken from the first one."""
    match value:
        case None:
            return Type("null")
        case bool():
            return Type("bool")
        case list() | SetValue():
            items = list(value) if isinstance(value, list) else list(value.items)
            whole = next((each for each in items if each not in ([], (), None)), 0)
            return Type("list" if isinstance(value, list) else "set", (type_of(whole),))
        case tuple():
            return Type("tuple", tuple(type_of(each) for each in value))
        case MapValue(pairs):
            if not pairs:
                return _MAPS[0]
            return Type("map", (type_of(pairs[0][0]), type_of(pairs[0][1])))
        case int() | float() | str() | bytes():
            return Type(cast("Any", _PLAIN[type(value)]))
        case _:
            return Type("unsupported")


_PLAIN = {int: "int", float: "float", str: "string", bytes: "bytes"}
_INT, _FLOAT, _STRING, _CHAR = Type("int"), Type("float"), Type("string"), Type("char")


def _list(item: Type) -> Type:
    return Type("list", (item,))


_MAPS = [Type("map", each) for each in ((_STRING, _INT), (_INT, _INT), (_STRING, _STRING))]


def _named(place: Place) -> list[Type]:
    """What the parameter's name says, as many levels down."""
    name, depth = place
    kinds = next(kinds for pattern, kinds in _guesses()[0] if _fits(pattern, name))
    for _ in range(depth):
        kinds = tuple(each.items[0] for each in kinds if each.kind == "list")
    return list(kinds)


def _fits(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern, name, re.IGNORECASE) is not None


# Relations ---------------------------------------------------------------------------------------


def _relations(
    names: Sequence[str], types: Sequence[Type], seen: Votes
) -> Iterator[tuple[Relation, ...]]:
    """Sets of relations to try: by the names, each integer as length or index, and none."""
    containers = [at for at, kind in enumerate(types) if kind.kind in _SIZED]
    integers = [at for at, kind in enumerate(types) if kind.kind == "int"]
    equal = tuple(_alike(containers, types))
    found = [()] if not equal else [(), equal]
    if containers and integers:
        indexes = {at for at in integers if seen.get((names[at], 0), _UNKNOWN)["index"]}
        rows = any(inner.kind in _SIZED for at in containers for inner in types[at].items)
        named = tuple(_named_roles(names, integers, containers, indexes, rows=rows))
        one = [
            (Relation(at, role, containers[0]),)
            for at in integers
            for role in cast("tuple[Role, ...]", ("length", "width", "within", "count"))
            if role != "width" or rows
        ]
        some = [each for each in (named, (*equal, *named) if equal else ()) if each]
        found = [*some, *found, *(one if len(one) <= 12 else one[:: 4 if rows else 3])]
    yield from dict.fromkeys(found)


def _named_roles(
    names: Sequence[str],
    integers: Sequence[int],
    containers: Sequence[int],
    indexes: Container[int],
    *,
    rows: bool,
) -> Iterator[Relation]:
    """What the names of integers suggest; the containers take their lengths in turn.

    `indexes` are those that the body uses as such; another one is hardly an index by its name.
    `rows`: a container holds others, which have a width.
    """
    lengths = 0
    for at in integers:
        for role, pattern in _guesses()[1].items():
            if role == "width" and not rows:
                continue
            if role == "length" and lengths and len(containers) == 1:
                continue
            if role in ("within", "last") and len(names[at]) == 1 and at not in indexes:
                continue
            if re.fullmatch(pattern, names[at]):
                of = containers[min(lengths, len(containers) - 1)]
                lengths += role == "length"
                yield Relation(at, cast("Role", role), of)
                break


def _alike(containers: Sequence[int], types: Sequence[Type]) -> Iterator[Relation]:
    for at in containers[1:]:
        if types[at] == types[containers[0]] and types[at].kind in ("list", "string"):
            yield Relation(at, "same", containers[0])


@cache
def _guesses() -> tuple[tuple[tuple[str, tuple[Type, ...]], ...], Mapping[str, str]]:
    data = tomllib.loads((Path(__file__).parent / "guesses.toml").read_text("utf-8"))
    types = tuple((each["names"], tuple(map(read, each["types"]))) for each in data["types"])
    return types, data["roles"]


def read(text: str) -> Type:
    """A type as `guesses.toml` writes it: `map<string,list<int>>`."""
    head, _, inside = text.partition("<")
    depth, parts = 0, [""]
    for letter in inside[:-1]:
        depth += (letter == "<") - (letter == ">")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return Type(cast("Any", head.strip()), tuple(read(each) for each in parts if each))
