"""The text of a function or class without its body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transloop_syntax.declarations import (
    DECLARES,
    Item,
    body_of,
    members,
    names_of,
)
from transloop_syntax.language import Language

if TYPE_CHECKING:
    from tree_sitter import Node

SHORT_LINES = 12
SHORT_CHARACTERS = 800
"""What is quoted whole: a constant, or a class that is hardly more than its fields."""


def signature_of(item: Item, language: Language) -> str:
    """The declaration up to its body, on one line, without decorators, comments and `export`."""
    core = item.core or item.node
    end = _end(core, language)
    cuts = sorted(_cuts(item.node, end, language))
    data, at, pieces = _data(item.node), item.node.start_byte, list[bytes]()
    for start, stop in cuts:
        pieces.append(data[max(0, at - item.node.start_byte) : start - item.node.start_byte])
        at = max(at, stop)
    pieces.append(data[at - item.node.start_byte : end - item.node.start_byte])
    return _one_line(b" ".join(pieces).decode("utf-8", "replace"))


def outline_of(item: Item, language: Language) -> str:
    """A function's signature; a class as its header with fields and method signatures."""
    if item.part == "function":
        return signature_of(item, language)
    core = item.core
    inside = [] if core is None else members(core, language)
    lines = [_member(each, language) for each in inside if _worth(each, language)]
    methods = any(each.part == "function" for each in inside)
    if not methods and is_short(item.node):
        return whole(item.node)
    if not methods:
        return signature_of(item, language)
    return "\n".join([signature_of(item, language), *(f"    {line}" for line in lines)])


def whole(node: Node) -> str:
    """A node's text, dedented by the column at which it starts, with plain line endings."""
    text = _data(node).decode("utf-8", "replace").replace("\r\n", "\n").rstrip()
    return (
        re.sub(rf"\n[ \t]{{1,{node.start_point.column or 1}}}", "\n", text)
        if (node.start_point.column)
        else text
    )


def is_short(node: Node) -> bool:
    """May it be quoted whole?"""
    rows = node.end_point.row - node.start_point.row
    return rows < SHORT_LINES and node.end_byte - node.start_byte <= SHORT_CHARACTERS


def _member(item: Item, language: Language) -> str:
    return signature_of(item, language) if item.part in DECLARES else _one_line(whole(item.node))


def _worth(item: Item, language: Language) -> bool:
    if item.part in DECLARES:
        return item.part == "function" or is_short(item.node)
    return item.part == "statement" and bool(names_of(item, language)) and is_short(item.node)


def _end(core: Node, language: Language) -> int:
    body = body_of(core, language)
    ends = [each.start_byte for each in core.children if each.type in language.nodes.bodies]
    return min(ends + ([body.start_byte] if body else []), default=core.end_byte)


def _cuts(node: Node, end: int, language: Language) -> list[tuple[int, int]]:
    """The byte ranges of attributes and comments before `end`."""
    found: list[tuple[int, int]] = []
    stack = [node]
    while stack:
        for child in stack.pop().children:
            if child.start_byte >= end:
                break
            if child.type in language.nodes.attributes or child.type in language.nodes.comments:
                found.append((child.start_byte, child.end_byte))
            else:
                stack.append(child)
    return found


def _one_line(text: str) -> str:
    text = re.sub(r"\s*[\r\n]\s*", " ", text.strip())
    text = re.sub(r"([(\[])\s+", r"\1", text)
    text = re.sub(r",?\s+([)\]])", r"\1", text)
    return text.rstrip(" \t;")


def _data(node: Node) -> bytes:
    return node.text or b""
