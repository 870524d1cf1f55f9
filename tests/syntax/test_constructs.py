"""Constructs: which of them a piece of code uses."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from transloop_syntax.constructs import constructs, languages, names

_TABLE = tomllib.loads(Path(__file__).with_name("constructs.toml").read_text("utf-8"))
_TABLE["typescript"]["line"] |= _TABLE["javascript"]["line"]
"""TypeScript's grammar is a superset of JavaScript's, and so is its table."""
_WITH = {
    ("python", "recursion"): {"comprehensions"},
    ("java", "string_building"): {"classes"},
    ("rust", "slices"): {"ranges"},
}
"""What is used here together with another construct."""


def _texts(language: str) -> dict[str, str]:
    told = _TABLE[language]
    lines = {name: told["around"].replace("@", line) for name, line in told["line"].items()}
    return lines | told.get("whole", {})


@pytest.mark.parametrize("language", languages())
def test_each_construct_is_seen_where_it_is_and_not_where_it_is_not(language: str) -> None:
    texts = _texts(language)
    assert set(texts) == names(language)
    found = {name: constructs(text, language) for name, text in texts.items()}
    assert found == {name: {name} | _WITH.get((language, name), set()) for name in texts}


@pytest.mark.parametrize("language", languages())
def test_plain_code_uses_none(language: str) -> None:
    told = _TABLE[language]
    for line in ("", told["plain"]):
        assert not constructs(told["around"].replace("@", line), language)


def test_every_language_has_a_table() -> None:
    assert languages() == ("c", "cpp", "go", "java", "javascript", "python", "rust", "typescript")
    assert constructs("anything", "fortran") == frozenset()


def test_a_function_that_calls_another_one_is_not_recursive() -> None:
    assert "recursion" not in constructs("def g(): pass\ndef f():\n    g()", "python")
    assert "recursion" not in constructs("def f(): pass\nf()", "python")
    assert "recursion" in constructs("class A { int f() { return this.f(); } }", "java")
    assert "recursion" in constructs("class A { f() { return this.f(); } }", "typescript")


def test_a_remainder_is_no_formatting_and_formatting_no_remainder() -> None:
    assert "modulo" not in constructs("'%d' % x", "python")
    assert "string_formatting" in constructs("'%d' % x", "python")
    assert "string_formatting" not in constructs("x % 2", "python")
