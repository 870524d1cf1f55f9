"""Values as text of each language, or why there is none; `test_harness.py` compiles such text."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from transloop_verify.entry import entries
from transloop_verify.literals import LONGEST, literal
from transloop_verify.scalars import Unexpressed
from transloop_verify.tables import languages
from transloop_verify.type import Type
from transloop_verify.types import parse_type
from transloop_verify.value import RecordValue, decode

TABLE = tomllib.loads((Path(__file__).parent / "literals.toml").read_text("utf-8"))
ROWS = [(language, *row) for language, rows in TABLE.items() for row in rows]


def test_every_language_has_rows() -> None:
    assert set(TABLE) == set(languages())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]} {row[2]}")
def test_a_value_is_written_or_refused_with_the_reason(row: tuple[str, ...]) -> None:
    language, spelled, value, expected, *reason = row
    wanted = parse_type(spelled, language)
    if not reason:
        assert literal(decode(value), wanted, language) == expected
        return
    with pytest.raises(Unexpressed) as raised:
        literal(decode(value), wanted, language)
    assert str(raised.value) == reason[0]


def test_a_record_is_made_from_its_fields_whatever_their_naming() -> None:
    code = "struct P { first_name: String, age: u8 } fn f(p: P) {}"
    wanted = entries(code, "rust")[0].parameters[0].type
    value = RecordValue("Q", (("age", 3), ("firstName", "a")))
    made = literal(value, wanted, "rust")
    assert made == 'P { first_name: String::from("a"), age: 3u8 }'
    with pytest.raises(Unexpressed, match="record is no P"):
        literal(RecordValue("P", (("age", 3),)), wanted, "rust")


def test_what_is_too_long_for_a_compiler_is_refused() -> None:
    with pytest.raises(Unexpressed, match="longer than"):
        literal("a" * (LONGEST + 1), Type("string"), "java")


def test_python_reads_its_own_literals_back() -> None:
    for text in ('[1, -2.5, "a\\"b", null, true]', '{"m":[["k",{"t":[1,[]]}]]}', '{"b":"00ff10"}'):
        value = decode(text)
        read = eval(literal(value, Type("any"), "python"))  # noqa: S307 - our own text
        assert read == (dict(value.pairs) if hasattr(value, "pairs") else value)
