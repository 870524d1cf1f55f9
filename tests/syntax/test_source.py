"""A document stays parsed through any sequence of edits."""

from __future__ import annotations

import random
import time

import pytest

from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import unit_at

PIECES = (
    "x",
    "\n",
    "    ",
    "def f():\n",
    "é",
    "🙂",
    "(",
    ")",
    "{",
    "}",
    '"""',
    "\r\n",
    "\t",
    "return 1",
    ";",
    "# c\n",
)


@pytest.mark.parametrize("name", ["python", "javascript", "cpp", "rust"])
def test_random_edits_give_the_tree_of_a_fresh_parse(name: str) -> None:
    chance = random.Random(7)
    source = Source("".join(chance.choices(PIECES, k=60)), language(name))
    for _ in range(150):
        start = chance.randrange(len(source.text) + 1)
        end = min(len(source.text), start + chance.choice((0, 0, 1, 3, 20)))
        added = "".join(chance.choices(PIECES, k=chance.choice((0, 1, 1, 5))))
        source = source.update(source.text[:start] + added + source.text[end:])
        if chance.random() < 0.6:  # otherwise edits pile up before the next parse
            fresh = Source(source.text, source.language)
            assert str(source.root) == str(fresh.root)
            assert source.root.end_point == fresh.root.end_point


def test_an_update_leaves_the_old_value_alone() -> None:
    old = Source("def f():\n    return 1\n", language("python"))
    before = str(old.root)
    new = old.update("def f(a, b):\n    return 1\n")
    assert "identifier) (identifier" in str(new.root)
    assert str(old.root) == before
    assert old.update(old.text) is old


def test_a_character_typed_into_ten_thousand_lines_costs_little() -> None:
    text = "".join(f"def f{i}(a, b):\n    x = a + b\n    return x * {i}\n\n" for i in range(2500))
    source = Source(text, language("python"))
    assert not source.root.has_error
    middle = text.index("x = a", len(text) // 2)
    times = []
    for count in range(1, 21):
        begin = time.perf_counter()
        source = source.update(text[:middle] + "z" * count + text[middle:])
        times.append(1000 * (time.perf_counter() - begin))
    begin = time.perf_counter()
    assert not source.root.has_error
    parse = 1000 * (time.perf_counter() - begin)
    print(f"update {sorted(times)[10]:.2f} ms, then the reparse {parse:.1f} ms")  # noqa: T201
    assert sorted(times)[10] < 5


def test_offsets_are_code_points() -> None:
    text = "s = '🙂🙂🙂'\r\n\r\ndef f():\r\n\treturn 'é'\r\n"
    source = Source(text, language("python"))
    offset = text.index("return")
    unit = unit_at(source, offset, offset)
    assert (unit.code, unit.start) == ("def f():\n\treturn 'é'", text.index("def"))
    assert text[unit.start : unit.end] == "def f():\r\n\treturn 'é'"
    assert source.offset(source.byte(offset)) == offset


@pytest.mark.parametrize("text", ["\ufeffdef f():\n    pass\n", "\ufeffdef f():\r\n    pass"])
def test_the_byte_order_mark_is_not_part_of_a_unit(text: str) -> None:
    unit = unit_at(Source(text, language("python")), 0, 3)
    assert (unit.code, unit.start, unit.kind) == ("def f():\n    pass", 1, "function")


def test_a_megabyte_on_one_line_is_read_in_good_time() -> None:
    text = (
        "x = [" + ", ".join(["🙂1" if i % 1000 == 0 else "12345678" for i in range(100_000)]) + "]"
    )
    begin = time.perf_counter()
    unit = unit_at(Source("y = 1\n" + text, language("python")), 100, 100)
    assert unit.kind == "statements"
    assert time.perf_counter() - begin < 20


def test_deep_nesting_is_no_problem() -> None:
    text = "def f():\n    return " + " + ".join(["a"] * 20_000)
    assert unit_at(Source(text, language("python")), 3, 3).names == ("f",)


def test_a_lone_surrogate_does_not_stop_the_work() -> None:
    text = "s = '\ud800'\ndef f():\n    pass\n"
    assert unit_at(Source(text, language("python")), text.index("pass"), len(text)).names == ("f",)
