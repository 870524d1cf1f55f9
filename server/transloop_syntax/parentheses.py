"""Parentheses that change nothing, taken out: what is left is parsed to the same tree.

A tree alone is not enough, as grammars accept what compilers refuse (`-a ** b` in JavaScript) or
read otherwise (`(a?.b).c`). So only those go that stand where any expression may, or between
operators of which every language thinks alike. Where it is in doubt, a pair stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from transloop_syntax.language import Language
from transloop_syntax.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node

_PAIR = "parenthesized_expression"
LONGEST = 10_000
"""Bytes above which code is left as it is."""
_MOST = 50
"""Pairs that are looked at: each costs a parse."""
_SLOTS = frozenset(
    re.findall(
        r"\w+",
        "return_statement return_expression assignment augmented_assignment assignment_expression"
        " assignment_statement variable_declarator let_declaration init_declarator argument_list"
        " arguments list array array_expression array_initializer pair keyword_argument"
        " if_statement elif_clause if_expression while_statement while_expression expression_list"
        " parenthesized_expression",
    )
)
"""What an expression of any kind may be a part of."""
_TERNARIES = frozenset({"ternary_expression", "conditional_expression"})
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!=", "===", "!=="})
_ORDINARY = _COMPARISONS | frozenset(
    {"+", "-", "*", "/", "//", "%", "&", "|", "^", "<<", ">>", "&&", "||", "and", "or", "not", "!"}
)
_SPECIAL = frozenset({"named_expression", "yield", "yield_expression", "type_cast_expression"})
"""What some place or other needs parentheses around, whatever the tree says."""
_ATOMS = frozenset(
    re.findall(
        r"\w+",
        "identifier integer float string number true false none null call call_expression attribute"
        " member_expression method_invocation field_access field_expression selector_expression"
        " subscript subscript_expression array_access index_expression",
    )
)


def without_spare(code: str, language: Language) -> str:
    """The code with blanks in the place of parentheses that change nothing."""
    source = Source(code, language)
    if len(source.data) > LONGEST or source.root.has_error or _rewrites(source.data, language):
        return code
    at, tried = -1, 0
    while (node := _next(source.root, at)) is not None and tried < _MOST:
        tried += 1
        fresh = _blanked(node, source, language)
        if fresh is None:
            at = node.start_byte
        else:
            source = fresh
    return source.text


def _rewrites(data: bytes, language: Language) -> bool:
    """Do macros or types look at parentheses themselves?"""
    return language.id in ("c", "cpp") and (b"#define" in data or b"decltype" in data)


def _next(root: Node, after: int) -> Node | None:
    return next(
        (each for each in _nodes(root) if each.type == _PAIR and each.start_byte > after), None
    )


def _nodes(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(node.children)


def _blanked(node: Node, source: Source, language: Language) -> Source | None:
    """The source without this pair, on one line; None where that would change something."""
    inner = node.named_children[0] if node.named_child_count == 1 else None
    if inner is None or not _may_go(node, inner) or _spans_lines(inner, language):
        return None
    inside = source.data[node.start_byte + 1 : node.end_byte - 1]
    joined = b" " + inside.replace(b"\r", b" ").replace(b"\n", b" ") + b" "
    data = source.data[: node.start_byte] + joined + source.data[node.end_byte :]
    fresh = Source(data.decode("utf-8"), language)
    if fresh.root.has_error or _shape(fresh.root) != _shape(source.root, node, inner):
        return None
    return fresh


def _may_go(node: Node, inner: Node) -> bool:
    parent = node.parent
    if parent is None or inner.type in _SPECIAL or b"?." in (inner.text or b""):
        return False
    if any(parent.child_by_field_name(each) == node for each in ("left", "function", "name")):
        return parent.type not in _SLOTS and _between_operators(parent, inner)
    if any(each.type == "interpolation" for each in _around(node)):
        return False  # Python can show the text of an expression
    return parent.type in _SLOTS or _between_operators(parent, inner)


def _between_operators(parent: Node, inner: Node) -> bool:
    outside, inside = _operators(parent), _operators(inner)
    if inner.type not in _ATOMS and not (inside and inside <= _ORDINARY):
        return False
    if parent.type in _TERNARIES:
        return True
    twice = outside & _COMPARISONS and inside & _COMPARISONS
    return bool(outside) and outside <= _ORDINARY and not twice


def _operators(node: Node) -> set[str]:
    return {each.type for each in node.children if not each.is_named}


def _around(node: Node) -> Iterator[Node]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def _spans_lines(inner: Node, language: Language) -> bool:
    """Is there a comment in it, or a text of several lines? Then it cannot go onto one line."""
    comments = language.nodes.comments
    return any(
        each.type in comments
        or (not each.child_count and each.start_point.row < each.end_point.row)
        for each in _nodes(inner)
    )


def _shape(
    root: Node, without: Node | None = None, inner: Node | None = None
) -> list[tuple[str, int, bytes]]:
    """All nodes with how many children each has, and the text of those that have none."""
    found = []
    stack = [root]
    while stack:
        node = stack.pop()
        if inner is not None and node == without:
            stack.append(inner)
            continue
        children = node.children
        found.append((node.type, len(children), b"" if children else node.text or b""))
        stack += reversed(children)
    return found
