"""What a document declares: its functions, classes and statements as items, in order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from transloop_syntax.language import Language
from transloop_syntax.source import last_row

if TYPE_CHECKING:
    from tree_sitter import Node

Part = Literal[
    "function", "class", "declaration", "statement", "import", "header", "comment", "broken"
]
DECLARES: frozenset[Part] = frozenset({"function", "class", "declaration"})

_NAME = re.compile(r"#?[^\W\d][\w$]*|[$_][\w$]*|~\s*\w+|operator\b.*", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """One thing in a file or a class, with the comments and attributes that belong to it."""

    part: Part
    node: Node
    core: Node | None
    """The function or class itself, inside its decorators, exports and bindings."""
    first: int
    """First and last line, 0-based."""
    last: int


def top_level(root: Node, language: Language) -> list[Item]:
    """The items of a file; namespaces and `#if` blocks are looked through."""
    return items(list(_flat([root] if root.is_error else root.children, language)), language)


def members(core: Node, language: Language) -> list[Item]:
    """The items of a class. Empty when it has no body."""
    body = body_of(core, language)
    if body is None:
        return []
    # In Python a comment above the first member hangs on the class, not on its block.
    above = [each for each in core.children if each.type in language.nodes.comments]
    inside = body.children if body.is_named else body.parent.children if body.parent else []
    return items(list(_flat([*above, *inside], language)), language)


def nested(node: Node, language: Language) -> list[Item]:
    """The items in the branches of a statement, such as the body of `if`."""
    found: list[Node] = []
    for child in follow(node, language.branches.get(node.type)):
        if child.type in language.branches:
            found += [each.node for each in nested(child, language)]
        elif child.type in language.nodes.bodies:
            found += child.children
    return items(found, language)


def items(nodes: Iterable[Node], language: Language) -> list[Item]:
    """Siblings as items: a comment or attribute right above a declaration becomes part of it."""
    found: list[Item] = []
    for node in nodes:
        if not node.is_named and not _junk(node):
            continue
        item = _item(node, language)
        while found and _leads(found[-1], item, language):
            item = replace(item, first=min(item.first, found.pop().first))
        if found and _trails(item, found[-1]):
            found[-1] = replace(found[-1], last=max(found[-1].last, item.last))
            continue
        found.append(item)
    return found


def names_of(item: Item, language: Language) -> tuple[str, ...]:
    """The names an item declares, in order."""
    return tuple(dict.fromkeys(declared(item.node, language)))


def declared(node: Node, language: Language) -> list[str]:
    """The names a node declares or imports, found by the language's `binds` and `names`."""
    found: list[str] = []
    for each in name_nodes(node, language):
        name = _text(each).strip("\"'`").rsplit("/", 1)[-1]
        if _NAME.fullmatch(name):
            found.append(name)
    return found


def name_nodes(node: Node, language: Language) -> Iterator[Node]:
    """The name tokens that a node declares."""
    stack = list(reversed(follow(node, language.binds.get(node.type))))
    while stack:
        each = stack.pop()
        path = language.names.get(each.type, language.binds.get(each.type))
        if path == "" or (path is None and not each.named_child_count):
            yield each
        else:
            stack.extend(reversed(follow(each, path)))


def core_of(node: Node, language: Language) -> Node | None:
    """The function or class that a declaration is about; None for anything else."""
    if node.type in language.nodes.functions or node.type in language.nodes.classes:
        return node
    for child in follow(node, language.wrappers.get(node.type)):
        core = core_of(child, language)
        if core is None:
            continue
        if core.type in language.nodes.functions or body_of(core, language) is not None:
            return core
    return None


def body_of(core: Node, language: Language) -> Node | None:
    """The block of a function or class; None for a mere signature."""
    body = core.child_by_field_name("body")
    if body is not None:
        return body
    return next((each for each in core.children if each.type in language.nodes.bodies), None)


def follow(node: Node, path: str | None) -> list[Node]:
    """The nodes that a path of the language's tables leads to; `python.toml` explains paths."""
    if not path:
        return []
    if path == "*":
        return node.named_children
    if path == "*first":
        return node.named_children[:1]
    for choice in path.split("|"):
        found = [each for name in choice.split("+") for each in node.children_by_field_name(name)]
        if found:
            return found
    return []


def _flat(nodes: Iterable[Node], language: Language) -> Iterator[Node]:
    for node in nodes:
        inside = _contents(node, language)
        if inside is None:
            yield node
        else:
            yield from _flat(inside, language)


def _contents(node: Node, language: Language) -> list[Node] | None:
    """What a container, or a stretch that does not parse, holds; None for anything else."""
    if node.is_error:
        return node.children
    if node.type in language.wrappers and (inner := follow(node, language.wrappers[node.type])):
        if inner[0].type not in language.containers:
            return None
        node = inner[0]
    if node.type not in language.containers:
        return None
    labels = {node.child_by_field_name("name"), node.child_by_field_name("condition")}
    found: list[Node] = []
    for child in follow(node, language.containers[node.type]):
        if child not in labels:
            found += child.children if child.type in language.nodes.bodies else [child]
    return found


def _item(node: Node, language: Language) -> Item:
    nodes = language.nodes
    core = core_of(node, language)
    part: Part = "statement"
    if node.type in nodes.comments:
        part = "comment"
    elif core is not None:
        part = "function" if core.type in nodes.functions else "class"
    elif node.type in nodes.other:
        part = "declaration"
    elif node.type in nodes.imports:
        part = "import"
    elif node.type in nodes.headers:
        part = "header"
    elif node.parent is not None and node.parent.is_error:
        part = "broken"
    return Item(part, node, core, node.start_point.row, last_row(node))


def _junk(node: Node) -> bool:
    return node.parent is not None and node.parent.is_error


def _leads(above: Item, item: Item, language: Language) -> bool:
    """Does the comment or attribute above belong to the item?"""
    if above.node.type in language.nodes.attributes:
        return True
    if above.part != "comment" or above.last + 1 < item.first:
        return False
    if above.node.start_point.column > item.node.start_point.column:
        return False
    attribute = item.node.type in language.nodes.attributes
    return attribute or item.part in DECLARES or bool(_binds_below(item, language))


def _binds_below(item: Item, language: Language) -> list[str]:
    return declared(item.node, language) if item.part == "statement" else []


def _trails(item: Item, above: Item) -> bool:
    """Is this a comment at the end of the line above, or indented as its last line?"""
    if item.part != "comment" or above.part == "comment" or item.first > above.last + 1:
        return False
    column = item.node.start_point.column
    deeper = column > above.node.start_point.column
    return item.first == above.last or (deeper and above.last > above.first)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
