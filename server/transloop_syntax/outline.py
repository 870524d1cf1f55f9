"""Views of a piece of code that has no file: what it declares, whether it parses, what it is."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from transloop_syntax.declarations import top_level
from transloop_syntax.language import Language, languages
from transloop_syntax.signature import outline_of
from transloop_syntax.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node


def signatures(code: str, language: Language) -> tuple[str, ...]:
    """The functions and classes that code declares: signatures, with those of their methods."""
    found = top_level(Source(code, language).root, language)
    return tuple(outline_of(each, language) for each in found if each.part in ("function", "class"))


def syntax_problem(code: str, language: Language) -> str | None:
    """The first syntax error, such as "line 3: unexpected `foo`" or "line 3: missing `)`"."""
    error = next(Source(code, language).errors(), None)
    if error is None:
        return None
    line = error.start_point.row + 1
    if error.is_missing:
        return f"line {line}: missing `{error.type}`"
    text = " ".join(_text(error).split())
    text = text if len(text) <= 30 else f"{text[:29]}…"
    return f"line {line}: unexpected `{text}`" if text else f"line {line}: unexpected end"


def detect(text: str, exclude: Collection[str] = ()) -> list[tuple[str, float]]:
    """Guesses of a snippet's language, best first: language id and a share; the shares sum to 1.

    A language gets points for its marks in the text, fewer the more of it does not parse.
    Languages (by id) in `exclude` are left out; text without any mark gives no guess.
    """
    weights = {each.id: _weight(text, each) for each in languages().values()}
    weights = {name: weight for name, weight in weights.items() if name not in exclude and weight}
    total = sum(weights.values())
    ranked = sorted(weights.items(), key=lambda each: -each[1])
    return [(name, weight / total) for name, weight in ranked]


def _weight(text: str, language: Language) -> float:
    marks, requires = _patterns(language.id)
    if requires and not any(each.search(text) for each in requires):
        return 0.0
    points = sum(1 for each in marks if each.search(text))
    fits = 1.0 - _broken_share(text, language)
    return float((points + 0.5 * bool(requires)) ** 2 * fits**4)


def _broken_share(text: str, language: Language) -> float:
    """The share of the text, in bytes, that does not parse: 0..1."""
    source = Source(text, language)
    lost = sum(max(1, error.end_byte - error.start_byte) for error in source.errors())
    lost = len(source.data) if source.root.is_error else lost
    return min(1.0, lost / max(1, len(source.data)))


@cache
def _patterns(identifier: str) -> tuple[tuple[re.Pattern[str], ...], tuple[re.Pattern[str], ...]]:
    found = languages()[identifier].detect
    marks = tuple(re.compile(each, re.MULTILINE) for each in found.marks)
    return marks, tuple(re.compile(each, re.MULTILINE) for each in found.requires)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
