"""Calls with literal arguments that are already there: in doctests, comments, asserts, tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from transloop_syntax.language import language
from transloop_verify.mined import text_of
from transloop_verify.tables import table
from transloop_verify.value import MapValue, SetValue, Value

if TYPE_CHECKING:
    from tree_sitter import Node

_LONGEST = 2000
"""Characters of a call that is looked at."""
_MOST = 40


def examples(text: str, language_id: str, name: str, arity: int) -> tuple[tuple[Value, ...], ...]:
    """The arguments of calls of `name` whose arguments are all literals, each once, in order.

    Any text will do: a call in a comment or docstring counts like one in a test.
    """
    found: dict[str, tuple[Value, ...]] = {}
    for match in re.finditer(rf"(?<![\w$]){re.escape(name)}\s*\(", text):
        call = _balanced(text[match.start() : match.start() + _LONGEST])
        arguments = _arguments(call, language_id) if call else None
        if arguments is not None and len(arguments) == arity:
            found.setdefault(repr(arguments), arguments)
    return tuple(found.values())[:_MOST]


def _balanced(text: str) -> str:
    """The text up to the bracket that closes its first one; empty where none does."""
    depth, quote, at = 0, "", 0
    while at < len(text):
        letter = text[at]
        if quote:
            at += letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
            if depth == 0 and letter == ")":
                return text[: at + 1]
        at += 1
    return ""


def _arguments(call: str, language_id: str) -> tuple[Value, ...] | None:
    """What is passed; None where something is not a literal."""
    rules = table(language_id, "hints")
    before, after = rules["call"]
    root = language(language_id).parser().parse(f"{before}{call}{after}".encode()).root_node
    listed = next(_listed(root), None)
    if listed is None or root.has_error:
        return None
    try:
        return tuple(_literal(each, rules) for each in listed.named_children)
    except ValueError:
        return None


def _listed(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        if (found := node.child_by_field_name("arguments")) is not None:
            yield found
        stack.extend(reversed(node.named_children))


def _literal(node: Node, rules: Mapping[str, Any]) -> Value:
    """The value of a literal. Raises ValueError for anything else."""
    text, inside = text_of(node), node.named_children
    if node.type in rules["integers"] and re.fullmatch(r"\d+", text):
        return int(text)
    if node.type in rules["floats"] and re.fullmatch(r"\d*\.?\d+(e-?\d+)?|\d+\.", text):
        return float(text)
    if node.type in rules["strings"] and text[:1] in "\"'":
        return _string(text)
    if text in rules["booleans"] or text in ("True", "False"):
        return text.lower() == "true"
    if node.type in rules["nulls"]:
        return None
    if text.startswith("-") and len(inside) == 1:
        return _negative(_literal(inside[0], rules))
    return _gathered(node.type, inside, rules)


def _gathered(kind: str, inside: list[Node], rules: Mapping[str, Any]) -> Value:
    if kind in rules["maps"]:
        pairs = [each.named_children for each in inside]
        if any(len(each) != 2 for each in pairs):
            raise ValueError(kind)
        return MapValue(tuple((_literal(a, rules), _literal(b, rules)) for a, b in pairs))
    if kind in rules["lists"]:
        return [_literal(each, rules) for each in inside]
    if kind in rules["tuples"]:
        return tuple(_literal(each, rules) for each in inside)
    if kind in rules["sets"]:
        return SetValue(tuple(_literal(each, rules) for each in inside))
    raise ValueError(kind)


def _string(text: str) -> str:
    """Python's rules for escapes are near enough to the others'."""
    try:
        value = ast.literal_eval(text)
    except SyntaxError as error:
        raise ValueError(text) from error
    if not isinstance(value, str):
        raise ValueError(text)
    return value


def _negative(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"-{value!r}")
    return -value
