"""Changing one value in an editor's JSON, with everything else as it was: comments, order, layout.

Editors allow comments and trailing commas, which makes their JSON a part of JavaScript: it is read
with that grammar, and changed as text.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

_PLAIN = ("string", "number", "true", "false", "null", "comment", "unary_expression")


class Unreadable(ValueError):
    """It is no JSON, or not of the form that is expected."""


def put(text: str, path: Sequence[str], value: Any) -> str:
    """The text with `value` at `path`; objects on the way are made.

    Raises:
        Unreadable: it cannot be changed safely.
    """
    body = text if text.strip() else "{\n}\n"
    root = _root(body)
    if get(body, path) == value:
        return text
    node, rest = root, list(path)
    while len(rest) > 1 and (pair := _pair(node, rest[0])) is not None:
        node, rest = _object(pair, rest[0]), rest[1:]
    for key in reversed(rest[1:]):
        value = {key: value}
    if (pair := _pair(node, rest[0])) is not None:
        old = _value(pair)
        fresh = _dumped(value, _indent_of(body, pair), _unit(body)).replace("\n", _eol(body))
        changed = _splice(body, old.start_byte, old.end_byte, fresh)
    else:
        changed = _added(body, node, rest[0], value)
    if get(changed, path[: len(path) - len(rest) + 1]) != value:
        raise Unreadable("it could not be changed")
    return changed


def take(text: str, path: Sequence[str]) -> str:
    """The text without what is at `path`; as it was where there is nothing."""
    node = _root(text)
    for key in path[:-1]:
        if (pair := _pair(node, key)) is None:
            return text
        node = _object(pair, key)
    if (pair := _pair(node, path[-1])) is None:
        return text
    pairs = _pairs(node)
    after, before = pair.next_sibling, pair.prev_sibling
    if after is not None and after.type == ",":
        return _splice(text, _line_start(text, pair), after.end_byte, "")
    if len(pairs) > 1 and before is not None:
        comma = next(each for each in _before(pair) if each.type == ",")
        cut = _splice(text, _line_start(text, pair), pair.end_byte, "")
        return _splice(cut, comma.start_byte, comma.end_byte, "")
    return _splice(text, _line_start(text, pair), pair.end_byte, "")


def get(text: str, path: Sequence[str] = ()) -> Any:
    """What is at `path`; None where there is nothing."""
    found: Any = _plain(_root(text))
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


# Reading


@functools.cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_javascript.language()))


def _root(text: str) -> Node:
    """The object that the text is. Its positions are those of the text itself.

    Raises:
        Unreadable: it is not one object, or holds what JSON has not.
    """
    source = f"(\n{text}\n)".encode()
    program = _parser().parse(source).root_node
    found = [each for each in program.named_children if each.type != "comment"]
    inner = found[0].named_children if len(found) == 1 and not program.has_error else []
    objects = [each for inside in inner for each in inside.named_children if each.type == "object"]
    others = [each for inside in inner for each in inside.named_children if each.type != "comment"]
    if len(objects) != 1 or objects != others:
        raise Unreadable("it is not one JSON object")
    _plain(objects[0])
    return objects[0]


_SHIFT = len("(\n")
"""What stands before the text while it is parsed."""


def _plain(node: Node) -> Any:
    """The value of a node. Raises Unreadable for what JSON has not."""
    if node.type == "object":
        return {_key(pair): _plain(_value(pair)) for pair in _pairs(node)}
    if node.type == "array":
        return [_plain(each) for each in _items(node)]
    if node.type in _PLAIN and node.text is not None:
        try:
            return json.loads(node.text)
        except ValueError as error:
            raise Unreadable(f"it holds {node.text.decode()}, which is no JSON") from error
    raise Unreadable(f"it holds {node.type}, which is no JSON")


def _pairs(node: Node) -> list[Node]:
    found = _items(node)
    if any(each.type != "pair" for each in found):
        raise Unreadable("it holds more than keys and values")
    return found


def _items(node: Node) -> list[Node]:
    """What stands between the commas; JavaScript allows nothing there."""
    inside = [each for each in node.children[1:-1] if each.type != "comment"]
    if any(each.type == "," for each in inside[::2]):
        raise Unreadable("it is not one JSON object")
    return inside[::2]


def _key(pair: Node) -> str:
    key = pair.child_by_field_name("key")
    found = _plain(key) if key is not None and key.type == "string" else None
    if not isinstance(found, str):
        raise Unreadable("a key is no string")
    return found


def _value(pair: Node) -> Node:
    value = pair.child_by_field_name("value")
    if value is None:
        raise Unreadable("a value is missing")
    return value


def _pair(node: Node, key: str) -> Node | None:
    """The last one counts, as in editors."""
    return next((each for each in reversed(_pairs(node)) if _key(each) == key), None)


def _object(pair: Node, key: str) -> Node:
    value = _value(pair)
    if value.type != "object":
        raise Unreadable(f"`{key}` is no object")
    return value


def _before(node: Node) -> Iterator[Node]:
    while (before := node.prev_sibling) is not None:
        yield (node := before)


# Writing


def _splice(text: str, start: int, end: int, new: str) -> str:
    raw = text.encode()
    return (raw[: max(0, start - _SHIFT)] + new.encode() + raw[max(0, end - _SHIFT) :]).decode()


def _added(text: str, node: Node, key: str, value: Any) -> str:
    """The text with one more pair at the end of an object."""
    eol, unit = _eol(text), _unit(text)
    pairs = _pairs(node)
    outer = _line_indent(text, node.start_byte)
    indent = _indent_of(text, pairs[-1]) if pairs else outer + unit
    pair = f"{indent}{json.dumps(key, ensure_ascii=False)}: {_dumped(value, indent, unit)}"
    pair = pair.replace("\n", eol)
    inside = [each for each in node.children if each.type not in ("{", "}")]
    trailing = [each.type for each in inside if each.type != "comment"][-1:] == [","]
    last = inside[-1].end_byte if inside else node.start_byte + 1
    comma = "," if trailing else ""
    changed = _splice(text, last, node.end_byte - 1, f"{eol}{pair}{comma}{eol}{outer}")
    if pairs and not trailing:  # in front of a comment that follows it
        changed = _splice(changed, pairs[-1].end_byte, pairs[-1].end_byte, ",")
    return changed


def _dumped(value: Any, indent: str, unit: str) -> str:
    """Objects over several lines, lists in one."""
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    inner = indent + unit
    lines = [
        f"{inner}{json.dumps(key, ensure_ascii=False)}: {_dumped(each, inner, unit)}"
        for key, each in value.items()
    ]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _unit(text: str) -> str:
    """One level of indentation: that of the first line that has some."""
    for line in text.splitlines():
        if (indent := line[: len(line) - len(line.lstrip())]) and line.strip():
            return indent
    return "    "


def _line_indent(text: str, at: int) -> str:
    line = text.encode()[: at - _SHIFT].decode().rpartition("\n")[2]
    return line[: len(line) - len(line.lstrip())]


def _indent_of(text: str, pair: Node) -> str:
    """That of the pair's line, or one level more, where something else begins that line."""
    indent = _line_indent(text, pair.start_byte)
    line = text.encode()[: pair.start_byte - _SHIFT].decode().rpartition("\n")[2]
    return indent if line == indent else indent + _unit(text)


def _line_start(text: str, pair: Node) -> int:
    """From where a pair is cut out: with the line end before it, if nothing else stands there."""
    before = text.encode()[: pair.start_byte - _SHIFT]
    kept = before.rstrip(b" \t")
    kept = kept.removesuffix(b"\n").removesuffix(b"\r") if kept.endswith(b"\n") else before
    return len(kept) + _SHIFT
