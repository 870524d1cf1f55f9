"""Code as the tokens that count: without comments, documentation, layout and matters of style.

Matters of style are quotes, also those around the keys of an object, spare commas, semicolons at
the end of a line, and parentheses that change nothing. What a formatter changes leaves the tokens
equal. It is no proof that two programs are the same, and equal programs may have different tokens.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from transloop_syntax.language import Language
from transloop_syntax.parentheses import LONGEST, without_spare
from transloop_syntax.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_CLOSING = frozenset(")]}>")
_QUOTED = "string"
"""The node of a string that may stand in either kind of quotes, in grammars that have both."""
_QUOTES = frozenset({"string_start", "string_end"})
_DELIMITER = re.compile(r"\A([A-Za-z]*)(\"\"\"|'''|[\"'])(.*)\2\Z", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_OPEN_TUPLES = {
    "tuple": frozenset({"return_statement", "assignment"}),
    "tuple_pattern": frozenset({"assignment", "for_statement", "for_in_clause"}),
}
"""What needs no brackets, where."""
_LAYOUT = frozenset({"line_continuation", "\n"})
_REFUSED = "\0"
_LONG = 2_000
"""Tokens above which two codes are compared by lines."""


def code_tokens(code: str, language: Language) -> list[str]:
    """The tokens of a program, or of a part of one, in order. Blocks and statements have ends."""
    tokens = list(_walk(Source(without_spare(code, language), language), language))
    return [*tokens, _REFUSED] if _refused(code, language) else tokens


def _refused(code: str, language: Language) -> bool:
    """Would Python refuse it? The grammar takes expressions that go on after the end of a line."""
    if language.id != "python" or len(code) > LONGEST:
        return False
    try:
        ast.parse(code)
    except SyntaxError:
        return True
    except (ValueError, RecursionError, MemoryError):
        return False
    return False


def similarity(one: Sequence[str], other: Sequence[str]) -> float:
    """Share of the tokens that two codes have in common, in order: 0 to 1."""
    if list(one) == list(other):
        return 1.0
    if max(len(one), len(other)) > _LONG:
        one, other = _chunks(one), _chunks(other)
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _walk(source: Source, language: Language) -> Iterator[str]:
    """Depth first without recursion: a long sum nests as deep as it is long."""
    stack: list[Node | str] = [source.root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        elif not node.child_count or _plain_string(node):
            yield from _leaf(node, language)
        else:
            stack += reversed(list(_pieces(node, source, language)))


def _says_nothing(node: Node, language: Language) -> bool:
    return (
        node.type in language.nodes.comments
        or node.type in _LAYOUT
        or _is_documentation(node, language)
    )


def _is_documentation(node: Node, language: Language) -> bool:
    """A string that stands alone as a statement."""
    only = node.named_children[0] if node.named_child_count == 1 else None
    alone = only is not None and only.type in language.nodes.strings
    return node.type in language.nodes.statements and alone


def _plain_string(node: Node) -> bool:
    inside = ("interpolation", "template_substitution")
    return node.type == _QUOTED and not any(each.type in inside for each in node.named_children)


def _leaf(node: Node, language: Language) -> Iterator[str]:
    text = _text(node)
    parent = node.parent
    if node.type == _QUOTED and _is_plain_key(node, text[1:-1]):
        yield text[1:-1]
    elif node.type == _QUOTED:
        yield _in_double_quotes(text)
    elif node.type in _QUOTES:
        yield text.lower().replace("'", '"')
    elif text and not _is_style(text, parent, language):
        yield text


def _is_style(text: str, parent: Node | None, language: Language) -> bool:
    if text == ";":
        return language.lines_end and not _heads_a_loop(parent)
    if text not in "()" or parent is None:
        return False
    return _one_plain_parameter(parent) or _open_tuple(parent)


def _is_plain_key(node: Node, name: str) -> bool:
    """`{"a": 1}` is `{a: 1}`, in JavaScript."""
    pair = node.parent
    if pair is None or pair.type != "pair" or pair.child_by_field_name("key") != node:
        return False
    of_object = pair.parent is not None and pair.parent.type == "object"
    return of_object and _NAME.fullmatch(name) is not None


def _open_tuple(node: Node) -> bool:
    """`return (a, b)` is `return a, b`, in Python."""
    if node.parent is None or not node.named_child_count:
        return False
    where = _OPEN_TUPLES.get(node.type, frozenset())
    return node.parent.type in where


def _in_double_quotes(text: str) -> str:
    found = _DELIMITER.match(text)
    if found is None:
        return text
    prefix, quotes, inside = found.groups()
    if "r" not in prefix.lower():
        inside = re.sub(r"\\(['\"])", r"\1", inside)
    return f"{prefix.lower()}{quotes.replace(chr(39), chr(34))}{inside}"


def _heads_a_loop(node: Node | None) -> bool:
    """A semicolon in the head of a `for` parts three things, of which each may be missing."""
    around = (node, node.parent if node is not None else None)
    return any(each is not None and each.type == "for_statement" for each in around)


def _one_plain_parameter(node: Node) -> bool:
    """`(x) => x` is `x => x`."""
    arrow = node.parent is not None and node.parent.type == "arrow_function"
    if node.type != "formal_parameters" or not arrow or node.named_child_count != 1:
        return False
    only = node.named_children[0]
    return only.type == "identifier" or (only.type, only.child_count) == ("required_parameter", 1)


def _pieces(node: Node, source: Source, language: Language) -> Iterator[Node | str]:
    """What a node consists of: its children, what no child covers, and where a block ends."""
    body = node.type in language.nodes.bodies
    block = body and not _text(node).startswith("{")
    if block:
        yield "{"
    end = node.start_byte
    spare = _spare_commas(node, language)
    for child in node.children:
        yield from _uncovered(node, source.data[end : child.start_byte])
        end = child.end_byte
        if child.id in spare or _says_nothing(child, language):
            continue
        yield child
        if child.is_named and (body or node.parent is None):
            yield "\n"
    yield from _uncovered(node, source.data[end : node.end_byte])
    if block:
        yield "}"


def _uncovered(node: Node, data: bytes) -> Iterator[str]:
    """Text of a string between its escapes, or what no grammar understands."""
    text = data.decode("utf-8", "replace")
    if text.strip():
        yield " ".join(text.split()) if node.is_error else text


def _spare_commas(node: Node, language: Language) -> set[int]:
    """A comma before a closing bracket; not that of a tuple of one, or of a hole in an array."""
    children = [each for each in node.children if not _says_nothing(each, language)]
    of_one = "tuple" in node.type and node.named_child_count == 1
    triples = zip(children, children[1:], children[2:], strict=False)
    return {
        comma.id
        for before, comma, after in triples
        if comma.type == "," and after.type in _CLOSING and before.is_named and not of_one
    }


def _chunks(tokens: Sequence[str]) -> list[str]:
    """Statements, which are far fewer than tokens."""
    chunks: list[list[str]] = [[]]
    for token in tokens:
        chunks[-1].append(token)
        if token in ("\n", ";", "{"):
            chunks.append([])
    return [" ".join(each) for each in chunks]


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
