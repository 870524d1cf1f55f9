"""What a function's body shows about its parameters: votes for kinds, by how each one is used.

For languages that do not declare types; the words of each are in `languages/<id>/uses.toml`. A use
speaks for a parameter or for its items, as deep as they nest: in `for row in grid: total += row[0]`
the arithmetic speaks for `grid`, two levels down.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transloop_syntax.language import language
from transloop_verify.mined import text_of
from transloop_verify.mutants import function_node
from transloop_verify.tables import ROOT, table

if TYPE_CHECKING:
    from tree_sitter import Node

Place = tuple[str, int]
"""A parameter, and how many levels down."""
Votes = Mapping[Place, Counter[str]]
"""Of `number`, `likely` (one), `float`, `index`, `string`, `parsed`, `list`, `map`, `container`,
and `sized`, a container that is asked for its length."""

_DEEPEST = 3
_COMPARED = {"==", "!=", "===", "!==", "in", "not in"}


def known(language_id: str) -> bool:
    """Is there a table for this language?"""
    return (ROOT / language_id / "uses.toml").is_file()


@dataclass(frozen=True)
class Uses:
    """What a body shows."""

    votes: Votes = field(default_factory=dict)
    links: frozenset[tuple[Place, Place]] = frozenset()
    """Places whose values are compared with each other, and so will be of one kind."""
    equals: frozenset[tuple[Place, Place]] = frozenset()
    """Those of them that are equal, where others are found one inside of the other."""
    truths: frozenset[Place] = frozenset()
    """Places whose values are asked whether they are true."""


def uses(code: str, language_id: str, name: str, parameters: Sequence[str]) -> Uses:
    """What the body of the function `name` shows about its parameters."""
    spoken = language(language_id)
    root = spoken.parser().parse(code.encode()).root_node
    body = function_node(root, name, spoken) or root
    reader = _Reader(table(language_id, "uses"), table(language_id, "hints"), parameters)
    for _ in range(2):  # a name may stand for an item before the loop that says so
        reader.bind(body)
    reader.read(body)
    return Uses(
        reader.votes,
        frozenset(reader.links),
        frozenset(reader.equals),
        frozenset(reader.truths),
    )


class _Reader:
    def __init__(
        self, uses: Mapping[str, Any], hints: Mapping[str, Any], parameters: Sequence[str]
    ) -> None:
        self.uses = uses
        self.hints = hints
        self.places: defaultdict[str, set[Place]] = defaultdict(set)
        for name in parameters:
            self.places[name].add((name, 0))
        self.texts: set[str] = set()
        """Names of collections of text."""
        self.votes: defaultdict[Place, Counter[str]] = defaultdict(Counter)
        self.links: set[tuple[Place, Place]] = set()
        self.equals: set[tuple[Place, Place]] = set()
        self.truths: set[Place] = set()

    # Which names stand for which items ----------------------------------------------------------

    def bind(self, body: Node) -> None:
        for node in _walk(body):
            if node.type in self.uses["loops"]:
                self._bind_loop(node)
            elif node.type in self.uses["assignments"]:
                left = node.child_by_field_name("left") or node.child_by_field_name("name")
                right = node.child_by_field_name("right") or node.child_by_field_name("value")
                if left is not None and right is not None and left.type in self.uses["names"]:
                    self.places[text_of(left)] |= self.standing_for(right)
                    if self._is_text(right):
                        self.texts.add(text_of(left))

    def _bind_loop(self, loop: Node) -> None:
        left, right = loop.child_by_field_name("left"), loop.child_by_field_name("right")
        if left is None or right is None:
            return
        if self._called(right) in self.uses["paired"]:
            names, places = left.named_children[1:2], self._argument(right)
        else:
            names, places = [left], self.standing_for(right)
        for place in places:
            self.votes[place]["container"] += 1
            for each in names:
                self._bind_pattern(each, (place[0], place[1] + 1))

    def _bind_pattern(self, pattern: Node, place: Place) -> None:
        if pattern.type in self.uses["names"]:
            self.places[text_of(pattern)].add(place)
        elif pattern.named_child_count and place[1] < _DEEPEST:
            self.votes[place]["list"] += 1
            for each in pattern.named_children:
                self._bind_pattern(each, (place[0], place[1] + 1))

    def standing_for(self, node: Node | None) -> set[Place]:
        """The parameters, or the items of some, that an expression stands for."""
        if node is None:
            return set()
        if node.type in self.uses["names"]:
            return set(self.places.get(text_of(node), ()))
        kind, owner, key = self.uses["subscript"]
        if node.type == kind:
            places = self.standing_for(node.child_by_field_name(owner))
            index = node.child_by_field_name(key)
            sliced = index is not None and index.type in self.uses["slices"]
            deeper = {(name, min(depth + 1, _DEEPEST)) for name, depth in places}
            return places if sliced else deeper
        if self._called(node) in self.uses["same"]:
            return self._argument(node)
        if node.type in self.uses["wrapped"] and node.named_child_count == 1:
            return self.standing_for(node.named_children[0])
        return set()

    def _is_text(self, node: Node) -> bool:
        """Is this text, or a literal collection of texts?"""
        if node.type in self.hints["strings"]:
            return True
        kinds = {each.type for each in node.named_children}
        collections = (*self.hints["lists"], *self.hints["tuples"], *self.hints["sets"])
        return node.type in collections and bool(kinds) and kinds <= set(self.hints["strings"])

    def _called(self, node: Node) -> str:
        """The name of the function or method that a call calls; empty for anything else."""
        kind, function, _ = self.uses["call"]
        callee = node.child_by_field_name(function) if node.type == kind else None
        if callee is None:
            return ""
        member = callee.child_by_field_name(self.uses["attribute"][2])
        return text_of(member or callee)

    def _argument(self, call: Node) -> set[Place]:
        listed = call.child_by_field_name(self.uses["call"][2])
        first = listed.named_children[:1] if listed is not None else []
        return self.standing_for(first[0]) if first else set()

    # What is done with them ---------------------------------------------------------------------

    def read(self, body: Node) -> None:
        for node in _walk(body):
            for part in self.uses["truths"].get(node.type, ()):
                self.truths |= self.standing_for(_part(node, part))
            if node.type == self.uses["subscript"][0]:
                self._subscript(node)
            elif node.type == self.uses["call"][0]:
                self._call(node)
            elif node.type == self.uses["attribute"][0]:
                self._attribute(node)
            if node.type in (*self.uses["arithmetic"], *self.uses["comparison"]):
                self._operator(node)
            elif node.type in self.uses["negation"] and text_of(node).startswith("-"):
                self._vote(node.named_children[0], "number")

    def _subscript(self, node: Node) -> None:
        _, owner, key = self.uses["subscript"]
        self._vote(node.child_by_field_name(owner), "container")
        index = node.child_by_field_name(key)
        for each in _walk(index) if index is not None else ():
            self._vote(each, "index")

    def _attribute(self, node: Node) -> None:
        _, owner, member = self.uses["attribute"]
        name = node.child_by_field_name(member)
        if name is not None and text_of(name) in self.uses["sized"]:
            self._measured(node.child_by_field_name(owner))

    def _measured(self, node: Node | None) -> None:
        for what in ("container", "sized"):
            self._vote(node, what)

    def _call(self, node: Node) -> None:
        kind, owner, _ = self.uses["attribute"]
        callee = node.child_by_field_name(self.uses["call"][1])
        name = self._called(node)
        if callee is not None and callee.type == kind:
            for what in ("string", "list", "map"):
                if name in self.uses["methods"][what]:
                    self._vote(callee.child_by_field_name(owner), what)
        listed = node.child_by_field_name(self.uses["call"][2])
        arguments = listed.named_children if listed is not None else []
        if name in self.uses["functions"]["either"]:
            self._vote(
                arguments[0] if arguments else None, ("container", "likely")[len(arguments) > 1]
            )
        for each in arguments:
            if name in self.uses["sized"]:
                self._measured(each)
            for what in ("number", "container", "string", "parsed"):
                if name in self.uses["functions"][what]:
                    self._vote(each, what)
            if name in self.uses["functions"]["numbers"]:
                for place in self.standing_for(each):
                    self.votes[(place[0], place[1] + 1)]["number"] += 1

    def _operator(self, node: Node) -> None:
        operands = [each for each in node.named_children if each.type != "comment"]
        tokens = {text_of(each) for each in node.children if not each.is_named}
        if tokens & {"in", "not in"}:
            self._vote(operands[-1], "container")
            if self._is_text(operands[-1]) or text_of(operands[-1]) in self.texts:
                self._vote(operands[0], "string")
        if tokens & _COMPARED and len(operands) == 2:
            self._link(operands[0], operands[1], bool(tokens & {"in", "not in"}))
        said = self._said(operands)
        if tokens & {"-", "*", "/", "%", "//", "**", "-=", "*=", "/=", "%=", "//=", "&", "|", "^"}:
            said = said or "number"
        if tokens & {"<", ">", "<=", ">=", "+", "+=", "<<", ">>"} and not said:
            said = "likely"
        for each in operands if said else ():
            self._vote(each, said)

    def _link(self, left: Node, right: Node, inside: bool) -> None:
        for one in self.standing_for(left):
            for name, depth in self.standing_for(right):
                if one[0] != name:
                    self.links.add((one, (name, depth + inside)))
                    if not inside:
                        self.equals |= {(one, (name, depth)), ((name, depth), one)}

    def _said(self, operands: Sequence[Node]) -> str:
        """What the literals among some operands make of the others."""
        kinds = {each.type for each in operands}
        if kinds & set(self.hints["strings"]):
            return "string"
        texts = [text_of(each) for each in operands]
        if any(text.replace(".", "", 1).isdecimal() and "." in text for text in texts):
            return "float"
        return "number" if any(text.lstrip("-").isdecimal() for text in texts) else ""

    def _vote(self, node: Node | None, what: str) -> None:
        for place in self.standing_for(node):
            self.votes[place][what] += 1


def _part(node: Node, part: str | int) -> Node | None:
    """A child, by its field or by its number among the named ones."""
    if isinstance(part, str):
        return node.child_by_field_name(part)
    return node.named_children[part] if part < node.named_child_count else None


def _walk(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        each = stack.pop()
        yield each
        stack.extend(reversed(each.named_children))
