"""Indentation, line endings, comments."""

from __future__ import annotations

import pytest

from transloop_syntax.language import language
from transloop_syntax.layout import comment_out, dedent, eol_of, reindent


@pytest.mark.parametrize("indent", ["", "    ", "\t", "\t  "])
def test_dedent_and_reindent_are_inverse(indent: str) -> None:
    code = "def f():\n    if x:\n\n        return 1"
    indented = reindent(code, indent)
    assert dedent(indented) == (code, indent)
    assert "\n\n" in indented


def test_a_string_less_indented_than_the_code_survives() -> None:
    code = '    x = """\nleft\n  two\n"""\n    y = 1'
    assert dedent(code) == ('x = """\nleft\n  two\n"""\ny = 1', "    ")


def test_tabs_and_spaces_are_not_mixed_up() -> None:
    assert dedent("\tif x:\n\t\ty\n    z") == ("if x:\n\ty\n    z", "\t")


def test_reindent_writes_the_documents_line_ending() -> None:
    assert reindent("a\n\nb", "  ", "\r\n") == "  a\r\n\r\n  b"
    assert reindent("a\r\nb", "  ") == "  a\n  b"


def test_the_line_ending_is_that_of_most_lines() -> None:
    assert eol_of("a\r\nb\r\nc\n") == "\r\n"
    assert eol_of("a\r\nb\nc\n") == "\n"
    assert eol_of("") == "\n"


def test_commenting_out_keeps_the_indentation() -> None:
    assert comment_out("  a\n\n    b", language("go")) == "  // a\n//\n  //   b"
    assert comment_out("a", language("python")) == "# a"
