"""What a source tells before it is run: its constants, the errors it means, what it reaches for.

The tables are in `languages/<id>/hints.toml`. Hints can be wrong in both directions; what a run
shows counts more.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from transloop_syntax.language import language
from transloop_verify.case import Observation
from transloop_verify.draw import Constants
from transloop_verify.tables import table

if TYPE_CHECKING:
    from tree_sitter import Node

_LARGE = 100_000
"""A larger constant counts only where something is compared with it: a modulus is no input."""
_T = TypeVar("_T")
_MOST = 24
"""Constants of a kind that are kept; more come from tables of data."""


@dataclass(frozen=True)
class Effect:
    """A hint that the code reaches outside: what for, and the line that says so."""

    what: str
    line: int


@dataclass(frozen=True)
class _Hints:
    integers: frozenset[str]
    floats: frozenset[str]
    strings: frozenset[str]
    throws: frozenset[str]
    accidents: re.Pattern[str] | None
    panics: re.Pattern[str] | None
    effects: Mapping[str, re.Pattern[str]]
    reads: Mapping[str, re.Pattern[str]]


def constants(code: str, language_id: str) -> Constants:
    """The numbers and texts of the code, in its order."""
    hints = _hints(language_id)
    integers, floats, strings = list[int](), list[float](), list[str]()
    for node in _nodes(code, language_id, language(language_id).nodes.imports):
        text = text_of(node)
        if node.type in hints.integers and re.fullmatch(r"\d{1,18}[uUlLn]*", text):
            number = int(re.sub(r"\D", "", text))
            if number <= _LARGE or _compared(node):
                integers.append(number)
        elif node.type in hints.floats and re.fullmatch(r"\d*\.\d+|\d+\.", text):
            floats.append(float(text))
        elif node.type in hints.strings and (content := _content(node)):
            strings.append(content)
    return Constants(_first(integers), _first(floats), _first(strings))


def effects(code: str, language_id: str) -> tuple[Effect, ...]:
    """What the code seems to reach for outside itself, once each."""
    return _places(code, language_id, _hints(language_id).effects)


def reads(code: str, language_id: str) -> tuple[Effect, ...]:
    """What the code seems to ask of its surroundings: twice the same here, and not elsewhere."""
    return _places(code, language_id, _hints(language_id).reads)


def _places(
    code: str, language_id: str, patterns: Mapping[str, re.Pattern[str]]
) -> tuple[Effect, ...]:
    plain = _unaliased(blanked(code, language_id))
    found = []
    for what, pattern in patterns.items():
        if match := pattern.search(plain):
            found.append(Effect(what, plain.count("\n", 0, match.start()) + 1))
    return tuple(found)


def _unaliased(code: str) -> str:
    """The code with modules by their own names, where they were given others."""
    for own, other in re.findall(r"^\s*import ([\w.]+) as (\w+)", code, re.MULTILINE):
        code = re.sub(rf"(?<![\w.]){other}\.", f"{own}.", code)
    return code


@dataclass(frozen=True)
class Intended:
    """Tells an error that a source raises on purpose from one that just happens to it."""

    names: frozenset[str]
    panics: bool
    fallible: bool
    accidents: re.Pattern[str] | None

    def __call__(self, seen: Observation) -> bool:
        """Was this error meant?"""
        told = f"{seen.error}: {seen.message}"
        if self.accidents is not None and self.accidents.search(told):
            return False
        name = re.split(r"[.:]", seen.error)[-1]
        return self.fallible or self.panics or name in self.names


def intended(code: str, language_id: str, *, fallible: bool = False) -> Intended:
    """The errors that the code raises on purpose."""
    hints = _hints(language_id)
    thrown = [text_of(node) for node in _nodes(code, language_id) if node.type in hints.throws]
    names = {name for text in thrown for name in re.findall(r"\b[A-Z_a-z]\w*", text)}
    panics = hints.panics is not None and bool(hints.panics.search(blanked(code, language_id)))
    return Intended(frozenset(names), panics, fallible, hints.accidents)


def blanked(code: str, language_id: str) -> str:
    """The code with spaces for comments and for what is between quotes."""
    spoken, hints = language(language_id), _hints(language_id)
    data = bytearray(code.encode())
    for node in _nodes(code, language_id):
        if node.type in spoken.nodes.comments or node.type in hints.strings:
            inside = data[node.start_byte : node.end_byte]
            data[node.start_byte : node.end_byte] = re.sub(rb"[^\n]", b" ", inside)
    return data.decode()


def _compared(node: Node) -> bool:
    tokens = {text_of(each) for each in node.parent.children} if node.parent is not None else set()
    return bool(tokens & {"<", ">", "<=", ">=", "==", "!=", "===", "!=="})


def _nodes(code: str, language_id: str, without: frozenset[str] = frozenset()) -> Iterator[Node]:
    stack = [language(language_id).parser().parse(code.encode()).root_node]
    while stack:
        node = stack.pop()
        if node.type not in without:
            yield node
            stack.extend(reversed(node.named_children))


def _content(node: Node) -> str:
    """What a literal stands for; empty where it holds code, or is prose such as a docstring."""
    text = text_of(node)
    if node.parent is not None and node.parent.type == "expression_statement":
        return ""
    if any("interpolation" in each.type or "substitution" in each.type for each in node.children):
        return ""
    body = re.sub(r"^[a-zA-Z]*#*(\"\"\"|'''|[\"'`])|(\"\"\"|'''|[\"'`])#*$", "", text)
    try:
        value = ast.literal_eval('"""' + body.replace('"', r"\"").replace('\\\\"', '\\"') + '"""')
    except (SyntaxError, ValueError):
        return body
    return value if isinstance(value, str) and len(value) < 100 else ""


def _first(values: list[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))[:_MOST]


@cache
def _hints(language_id: str) -> _Hints:
    data = table(language_id, "hints")
    return _Hints(
        frozenset(data["integers"]),
        frozenset(data["floats"]),
        frozenset(data["strings"]),
        frozenset(data["throws"]),
        _any(data["accidents"]),
        _any(data.get("panics", [])),
        *(
            {what: re.compile("|".join(each), re.MULTILINE) for what, each in data[kind].items()}
            for kind in ("effects", "reads")
        ),
    )


def _any(patterns: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(patterns)) if patterns else None


def text_of(node: Node) -> str:
    """The source text of a node."""
    return (node.text or b"").decode()
