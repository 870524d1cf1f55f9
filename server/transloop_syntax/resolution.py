"""What a piece of code uses from around it, by name resolution within the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from transloop_syntax.declarations import Item, body_of, declared, follow, name_nodes, names_of
from transloop_syntax.growth import Choice
from transloop_syntax.language import Language
from transloop_syntax.signature import is_short, outline_of, signature_of, whole

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True)
class Uses:
    """The names that code uses and does not bind, and the members it reaches through `self`."""

    names: frozenset[str]
    members: frozenset[str]


@dataclass
class _Space:
    """The names used and bound in one function or class."""

    around: _Space | None
    used: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)


def needs_of(
    choice: Choice, around: Sequence[Item], siblings: Sequence[Item], language: Language
) -> tuple[str, ...]:
    """What a choice uses of the file's other items and, in a class, of its siblings; in order."""
    chosen = choice.items
    uses = uses_of([item.node for item in chosen], language)
    uses = replace(uses, names=uses.names | _same_class(choice, uses, language))
    rest = [item for item in around if item not in chosen]
    wanted = _closure(uses, rest, language)
    rest = [item for item in rest if item.part == "import" or _mentioned(item, wanted)]
    own = {name for item in chosen for name in names_of(item, language)}
    known = {name for item in rest if item.part != "import" for name in names_of(item, language)}
    open_ends = wanted - known - own - language.scope.receivers
    texts = [_quote(item, wanted, open_ends, language) for item in rest]
    reached = uses.members | (uses.names if language.scope.members else frozenset())
    inside = [item for item in siblings if item not in chosen]
    texts += [_sibling(item, reached, language) for item in inside]
    unique = {text.rstrip(";"): text for text in reversed(texts) if text}
    return tuple(reversed(unique.values()))


def _mentioned(item: Item, names: frozenset[str]) -> bool:
    """Whether its text holds one of the names: a file of megabytes declares 100,000 others."""
    text = _text(item.node)
    return any(name in text for name in names)


def _same_class(choice: Choice, uses: Uses, language: Language) -> set[str]:
    """The class that is spread over several items, such as Rust's struct and its impl blocks."""
    found = {choice.enclosing} if choice.enclosing and uses.members else set()
    for item in choice.items:
        found |= set(names_of(item, language)[:1]) if item.part == "class" else set()
    return found


def uses_of(nodes: Iterable[Node], language: Language) -> Uses:
    """The free names of some code. Walks without recursion: generated code nests deeply."""
    spaces = [_Space(None)]
    reached: set[str] = set()
    naming: set[int] = set()  # tokens that declare a name do not use it
    silent = language.nodes.comments | language.nodes.imports | language.nodes.headers
    stack = [(node, spaces[0], spaces[0]) for node in nodes]
    while stack:
        node, space, around = stack.pop()
        kind = node.type
        if kind in language.binds and not _mentions(node, language):
            space.bound.update(declared(node, language))
            naming.update(each.id for each in name_nodes(node, language))
        if kind in silent or node.id in naming:
            continue
        if kind in language.nodes.identifiers and not node.named_child_count:
            space.used.add(_text(node))
            continue
        space, around = _enter(node, space, around, spaces, language)
        member = _member(node, language, reached)
        stack += [(each, space, around) for each in node.named_children if each != member]
    for space in reversed(spaces[1:]):
        assert space.around is not None  # noqa: S101 (only the first has none)
        space.around.used |= space.used - space.bound
    return Uses(frozenset(spaces[0].used - spaces[0].bound), frozenset(reached))


def _mentions(node: Node, language: Language) -> bool:
    """Is this C's `struct point` as a type, which declares nothing?"""
    return node.type in language.nodes.classes and body_of(node, language) is None


def _enter(
    node: Node, space: _Space, around: _Space, spaces: list[_Space], language: Language
) -> tuple[_Space, _Space]:
    """The space of the node's children, and the one that functions among them see as outer."""
    is_class = node.type in language.nodes.classes
    if not is_class and node.type not in language.nodes.functions:
        return space, around
    new = _Space(around)
    spaces.append(new)
    return new, around if is_class and not language.scope.members else new


def _member(node: Node, language: Language, reached: set[str]) -> Node | None:
    """The child that names a member of something else, not a name of this file."""
    if node.type not in language.members:
        return None
    owner_field, member_field = language.members[node.type]
    owner = node.child_by_field_name(owner_field)
    member = node.child_by_field_name(member_field)
    if owner is None or member is None:
        return None
    if _text(owner) in language.scope.receivers:
        reached.add(_text(member))
    return member


def _closure(uses: Uses, rest: Sequence[Item], language: Language) -> frozenset[str]:
    """The names used, and those that the quoted constants use in turn."""
    wanted = set(uses.names)
    constants = [item for item in rest if item.part in ("declaration", "statement")]
    while True:
        found = [item for item in constants if wanted.intersection(names_of(item, language))]
        if not found:
            return frozenset(wanted)
        constants = [item for item in constants if item not in found]
        short = [item.node for item in found if is_short(item.node)]
        wanted |= uses_of(short, language).names


def _quote(
    item: Item, wanted: frozenset[str], open_ends: frozenset[str], language: Language
) -> str:
    if item.part == "import":
        return _import(item, wanted, open_ends, language)
    if not wanted.intersection(names_of(item, language)):
        return ""
    if item.part in ("function", "class"):
        return outline_of(item, language)
    return whole(item.node) if is_short(item.node) else ""


def _sibling(item: Item, reached: frozenset[str], language: Language) -> str:
    if not reached.intersection(names_of(item, language)):
        return ""
    if item.part in ("function", "class"):
        return signature_of(item, language)
    return whole(item.node) if is_short(item.node) else ""


def _import(
    item: Item, wanted: frozenset[str], open_ends: frozenset[str], language: Language
) -> str:
    text = whole(item.node)
    known = next((names for key, names in language.opens.items() if key in text), None)
    bound = declared(item.node, language)
    if known is not None:
        return text if open_ends.intersection(known) else ""
    if not bound or _has(item.node, language.nodes.wildcards):
        return text if open_ends else ""
    if not wanted.intersection(bound):
        return ""
    group = _group(item.node, language)
    used = [each for each in group if wanted.intersection(_bound(each, language))]
    if len(group) < 2 or not used:
        return text
    return "\n".join(language.imports[each.type].format(whole(each)) for each in used)


def _has(node: Node, kinds: frozenset[str]) -> bool:
    stack = [node]
    while stack:
        for child in stack.pop().named_children:
            if child.type in kinds:
                return True
            stack.append(child)
    return False


def _group(node: Node, language: Language) -> list[Node]:
    """The single imports of a grouped one, such as Go's."""
    found: list[Node] = []
    stack = [node]
    while stack and language.imports:
        for child in stack.pop().named_children:
            (found if child.type in language.imports else stack).append(child)
    return found


def _bound(node: Node, language: Language) -> list[str]:
    texts = (_text(each).strip('"') for each in follow(node, language.names.get(node.type)))
    return [text.rsplit("/", 1)[-1] for text in texts]


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
