"""Counterexamples get smaller step by step, and stay inside of the domain."""

from __future__ import annotations

import pytest

from transloop_verify.inputs import Domain, Relation
from transloop_verify.shrink import simpler, size, smaller
from transloop_verify.type import Type
from transloop_verify.value import MapValue, RecordValue, SetValue, Value

NUMBERS = Type("list", (Type("int"),))


def smallest(arguments: tuple[Value, ...], domain: Domain, fails: object) -> tuple[Value, ...]:
    """Follow the first version that still fails until there is none."""
    assert callable(fails)
    while less := next((each for each in smaller(arguments, domain) if fails(*each)), None):
        arguments = less
    return arguments


@pytest.mark.parametrize(
    "value",
    [
        77, -5, 2.75, True, "hello world", b"\x01\x02", [5, 6, 7], (8, "ab"), SetValue((1, 2)),
        MapValue((("a", 1), ("b", 2))), RecordValue("P", (("x", 9),)), [[1, 2], [3]],
    ],
)  # fmt: skip
def test_every_value_comes_to_an_end(value: Value) -> None:
    domain = Domain((Type("any"),))
    end = smallest((value,), domain, lambda each: True)
    assert smaller(end, domain) == []
    assert size(end) < size((value,))


def test_only_smaller_versions_are_tried() -> None:
    for row in smaller(([3, 1, 2], "abc"), Domain((NUMBERS, Type("string")))):
        assert size(row) < size(([3, 1, 2], "abc"))


def test_what_matters_is_left() -> None:
    found = smallest(([4, 9, 16, 25, -3], 8), Domain((NUMBERS, Type("int"))), lambda a, n: -3 in a)
    assert found == ([-3], 0)
    text = smallest(("so (it) is",), Domain((Type("string"),)), lambda text: "(" in text)
    assert text == ("(",)


def test_a_length_stays_the_length() -> None:
    domain = Domain((NUMBERS, Type("int")), (Relation(1, "length", 0),))
    rows = smaller(([5, 6, 7], 3), domain)
    assert rows
    assert all(isinstance(each[0], list) and each[1] == len(each[0]) for each in rows)
    assert smallest(([5, 6, 7], 3), domain, lambda a, n: n > 1) == ([0, 0], 2)


def test_an_index_stays_inside() -> None:
    domain = Domain((NUMBERS, Type("int")), (Relation(1, "within", 0),))
    assert ([5], 0) in smaller(([5, 6], 1), domain)


def test_nothing_is_simpler_than_nothing() -> None:
    assert [*simpler(None), *simpler(False), *simpler(""), *simpler([])] == []
