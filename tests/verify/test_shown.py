"""Values in words of no language in particular."""

from __future__ import annotations

import math

import pytest

from transloop_verify.shown import shown
from transloop_verify.value import MapValue, Opaque, RecordValue, SetValue, Value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (10**30, "1" + "0" * 30),
        (1.0, "1.0"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        ('a"é', '"a\\"é"'),
        (b"\x00a", "b'\\x00a'"),
        ([1, [2.5]], "[1, [2.5]]"),
        ((1, "x"), '(1, "x")'),
        ((), "()"),
        (SetValue((1, 2)), "set(1, 2)"),
        (MapValue((("a", [1]), (2, None))), '{"a": [1], 2: null}'),
        (RecordValue("", (("aa", 1),)), '{"aa": 1}'),
        (RecordValue("Point", (("x", 1), ("y", None))), "Point(x=1, y=null)"),
        (Opaque("a cycle"), "<a cycle>"),
    ],
)
def test_every_kind_of_value_can_be_read(value: Value, text: str) -> None:
    assert shown(value) == text


def test_a_long_value_is_cut() -> None:
    text = shown(list(range(100)), 20)
    assert len(text) == 20
    assert text.endswith("…")
