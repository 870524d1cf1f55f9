"""A long unit in parts: in order, whole, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from transloop_settings.errors import UnitError
from transloop_syntax.language import language, languages
from transloop_syntax.source import Source
from transloop_syntax.split import split
from transloop_syntax.unit import Unit, unit_at, unit_of_file

SAMPLES = Path(__file__).parent / "samples"


def filled(code: str) -> list[str]:
    return [line.strip() for line in code.split("\n") if line.strip()]


@pytest.mark.parametrize("name", sorted(languages()))
@pytest.mark.parametrize("limit", [600, 450])
def test_the_parts_cover_every_line_exactly_once(name: str, limit: int) -> None:
    text = (SAMPLES / f"{name}.sample").read_text("utf-8")
    unit = unit_of_file(Source(text, language(name)))
    parts = split(unit, lambda part: len(part.code) <= limit)
    assert [line for part in parts for line in filled(part.code)] == filled(text)
    assert len(parts) > 1 or len(unit.code) <= limit
    assert all(unit.code[part.start : part.end].startswith(part.code[:1]) for part in parts)


def test_each_part_is_as_large_as_fits_and_knows_its_needs() -> None:
    text = "import math\nK = 1\n\n" + "\n".join(
        f"# doc {i}\ndef f{i}():\n    return f{i - 1}() + math.pi + K\n" for i in range(6)
    )
    unit = unit_of_file(Source(text, language("python")))
    parts = split(unit, lambda part: len(part.names) <= 3)
    assert [part.names for part in parts] == [("K", "f0", "f1"), ("f2", "f3", "f4"), ("f5",)]
    assert parts[1].needs == ("import math", "K = 1", "def f1():")
    assert (parts[2].kind, parts[2].signature) == ("function", "def f5():")


def test_a_unit_that_fits_is_left_alone() -> None:
    unit = unit_of_file(Source("x = 1\ny = 2\n", language("python")))
    assert split(unit, lambda part: True) == [unit]


def test_statements_are_split_between_statements() -> None:
    unit = unit_of_file(Source("x = 1\n# y\ny = 2\nz = 3\n# end\n", language("python")))
    parts = split(unit, lambda part: len(filled(part.code)) <= 2)
    assert [part.code for part in parts] == ["x = 1", "# y\ny = 2", "z = 3\n# end"]


@pytest.mark.parametrize("name", ["python", "javascript", "java", "rust"])
def test_methods_of_one_class_are_split_and_keep_their_class(name: str) -> None:
    text = (SAMPLES / f"{name}.sample").read_text("utf-8")
    unit = unit_at(Source(text, language(name)), text.index("bumps"), text.index("reset") + 3)
    parts = split(unit, lambda part: len(part.names) < 2)
    assert [(part.names, part.kind, part.enclosing) for part in parts] == [
        (("bump",), "method", "Counter"),
        (("reset",), "method", "Counter"),
    ]
    assert [line for part in parts for line in filled(part.code)] == filled(unit.code)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def long():\n    pass\n", "`long` is too long.*engine.context"),
        ("x = 1\n\nclass Long:\n    def m(self): pass\n", "`Long`.*methods one at a time"),
    ],
)
def test_what_cannot_be_split_says_its_name_and_what_to_do(text: str, message: str) -> None:
    def fits(part: Unit) -> bool:
        return "ong" not in part.code

    source = Source(text, language("python"))
    unit = unit_of_file(source) if "class" in text else unit_at(source, 0, 0)
    with pytest.raises(UnitError, match=message):
        split(unit, fits)
