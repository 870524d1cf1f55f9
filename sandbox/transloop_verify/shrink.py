"""Smaller versions of an input: how a counterexample gets short enough to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import AnyStr, TypeVar

from transloop_verify.inputs import Domain, kept
from transloop_verify.value import MapValue, RecordValue, SetValue, Value

_T = TypeVar("_T")

MOST = 24
"""Versions that are tried at once: one program for all of them."""


def smaller(arguments: tuple[Value, ...], domain: Domain) -> list[tuple[Value, ...]]:
    """One step simpler each, the simplest first, with the domain's relations kept."""
    related = {each.parameter for each in domain.relations if each.role != "same"}
    found: dict[str, tuple[Value, ...]] = {}
    for position, value in enumerate(arguments):
        for each in simpler(value) if position not in related else ():
            row = kept((*arguments[:position], each, *arguments[position + 1 :]), domain)
            found.setdefault(repr(row), row)
    found.pop(repr(arguments), None)
    rows = sorted(found.values(), key=size)
    return [each for each in rows if size(each) < size(arguments)][:MOST]


def size(value: Value | tuple[Value, ...]) -> float:
    """How much there is to read: items count most, then the length of numbers and texts."""
    match value:
        case bool():
            return 1 + value / 10
        case int():
            return 1 + min(abs(value), 10**9) / 10**9 + len(str(abs(value))) / 10 + (value < 0) / 20
        case float():
            return 1.5 + len(repr(value)) / 10
        case str() | bytes():
            return 1 + len(value) + sum(_strangeness(each) for each in str(value)) / 100
        case list() | tuple():
            return 1 + sum(map(size, value))
        case SetValue(items):
            return 1 + sum(map(size, items))
        case MapValue(pairs):
            return 1 + sum(size(each) for pair in pairs for each in pair)
        case RecordValue(_, fields):
            return 1 + sum(size(each) for _, each in fields)
        case _:
            return 1


def simpler(value: Value) -> Iterator[Value]:
    """Versions of one value that are a step simpler."""
    match value:
        case True:
            yield False
        case bool() | None:
            return
        case int():
            yield from dict.fromkeys((0, 1, -value if value < 0 else 0, value // 2, value - 1))
        case float():
            yield from dict.fromkeys((0.0, 1.0, float(round(value)) if abs(value) < 1e15 else 1.0))
        case str():
            yield from _text(value)
        case bytes():
            yield from _text(value)
        case list():
            yield from map(list, _items(value))
        case tuple():
            for at, each in enumerate(value):
                yield from ((*value[:at], less, *value[at + 1 :]) for less in simpler(each))
        case SetValue(items):
            yield from (SetValue(tuple(each)) for each in _without(items))
        case MapValue(pairs):
            yield from (MapValue(tuple(each)) for each in _without(pairs))
        case RecordValue(name, fields):
            for at, (field, each) in enumerate(fields):
                for less in simpler(each):
                    yield RecordValue(name, (*fields[:at], (field, less), *fields[at + 1 :]))


def _text(value: AnyStr) -> Iterator[AnyStr]:
    if not value:
        return
    half = len(value) // 2
    yield value[:0]
    yield from (value[:half], value[half:])
    for at in range(min(len(value), 8)):
        yield value[:at] + value[at + 1 :]
    if isinstance(value, str):
        yield from (value[:at] + "a" + value[at + 1 :] for at in range(min(len(value), 6)))


def _items(value: list[Value]) -> Iterator[Sequence[Value]]:
    yield from _without(value)
    for at, each in enumerate(value[:6]):
        yield from ([*value[:at], less, *value[at + 1 :]] for less in list(simpler(each))[:4])


def _without(value: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Nothing, either half, and each item left out."""
    if not value:
        return
    half = len(value) // 2
    yield value[:0]
    yield from (value[:half], value[half:])
    for at in range(min(len(value), 8)):
        yield [*value[:at], *value[at + 1 :]]


def _strangeness(letter: str) -> int:
    return 0 if letter == "a" else 1 if letter.isalnum() else 2
