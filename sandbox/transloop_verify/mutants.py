"""Mutants: the same program with one mistake in it, to see whether a suite of cases notices.

What a mistake is stands in `languages/<id>/mutants.toml`. A mutant may happen to behave like the
program itself, so a perfect suite does not reach a score of 1.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from transloop_syntax.declarations import name_nodes
from transloop_syntax.language import Language, language
from transloop_verify.case import Side
from transloop_verify.program import LOOSE
from transloop_verify.tables import table

if TYPE_CHECKING:
    from tree_sitter import Node

Mistake = Literal["operator", "constant"]


@dataclass(frozen=True)
class Mutant:
    """A program with one mistake."""

    code: str
    line: int
    """Of the code, from 1."""
    change: str
    """Such as `< -> <=`."""
    mistake: Mistake


@dataclass(frozen=True)
class Score:
    """How many mutants the cases told from the program."""

    killed: int
    run: int
    """Those that compiled and were run to a result; mutants that do not compile prove nothing."""
    made: int
    """All that there are; fewer are run when the time is short."""

    @property
    def share(self) -> float | None:
        """Killed of those run; None where none was run."""
        return self.killed / self.run if self.run else None


@dataclass(frozen=True)
class _Table:
    operators: Mapping[str, Mapping[str, list[str]]]
    flips: Mapping[str, str]
    numbers: frozenset[str]
    bounds: Mapping[str, list[str]]


def mutants(
    code: str, language_id: str, *, within: str | None = None, seed: int = 0
) -> tuple[Mutant, ...]:
    """All single mistakes in the code, in an order that spreads over it whatever is cut off.

    `within` keeps to the function of this name, where there is one.
    """
    spoken = language(language_id)
    data = code.encode()
    root = spoken.parser().parse(data).root_node
    area = function_node(root, within, spoken) if within else None
    found = {each.code: each for each in _mutate(data, area or root, spoken)}
    found.pop(code, None)
    shuffled = list(found.values())
    random.Random(seed).shuffle(shuffled)  # noqa: S311 (an order, not a secret)
    return tuple(sorted(shuffled, key=lambda each: each.mistake == "constant"))


def mutants_of(side: Side, seed: int = 0) -> tuple[Mutant, ...]:
    """The mutants of a side: in all that its entry needs, as far as `program` could tell."""
    within = None if side.language in LOOSE else side.entry.name
    return mutants(side.code, side.language, within=within, seed=seed)


def _mutate(data: bytes, root: Node, spoken: Language) -> Iterator[Mutant]:
    mistakes = _table(spoken.id)
    silent = spoken.nodes.comments | spoken.nodes.imports | spoken.nodes.headers
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in silent:
            continue
        for token, text, mistake in _changes(node, mistakes):
            yield _mutant(data, token, text, mistake)
        stack.extend(reversed(node.children))


def _changes(node: Node, mistakes: _Table) -> Iterator[tuple[Node, str, Mistake]]:
    swaps = mistakes.operators.get(node.type, {})
    for token in node.children if swaps else ():
        if not token.is_named:
            for text in swaps.get(_text(token), ()):
                yield token, text, "operator"
    if node.type in mistakes.flips and not node.child_count:
        yield node, mistakes.flips[node.type], "operator"
    if node.type in mistakes.numbers and _text(node).isdecimal():
        yield node, str(int(_text(node)) + 1), "constant"
    for bound in _bounds(node, mistakes):
        yield bound, f"({_text(bound)}) + 1", "operator"


def _bounds(node: Node, mistakes: _Table) -> list[Node]:
    """Where a loop begins and ends, if a call says so: one step too far is a common mistake."""
    if not mistakes.bounds or node.type != mistakes.bounds["call"][0]:
        return []
    _, function, arguments = mistakes.bounds["call"]
    called, given = node.child_by_field_name(function), node.child_by_field_name(arguments)
    if called is None or given is None or _text(called) not in mistakes.bounds["functions"]:
        return []
    return [each for each in given.named_children[:2] if each.type not in mistakes.numbers]


def _mutant(data: bytes, token: Node, text: str, mistake: Mistake) -> Mutant:
    before = " ".join(_text(token).split())
    new = data[: token.start_byte] + text.encode() + data[token.end_byte :]
    return Mutant(new.decode(), token.start_point.row + 1, f"{before} -> {text}".strip(), mistake)


def function_node(root: Node, name: str, spoken: Language) -> Node | None:
    """The declaration of a function, wherever it stands."""
    stack = [root]
    while stack:
        node = stack.pop()
        declares = node.type in spoken.binds and _holds_function(node, spoken)
        if declares and name in [_text(each) for each in name_nodes(node, spoken)]:
            return node
        stack.extend(reversed(node.named_children))
    return None


def _holds_function(node: Node, spoken: Language) -> bool:
    if node.type in spoken.nodes.functions:
        return True
    values = [each.child_by_field_name("value") for each in node.named_children]
    return any(each is not None and each.type in spoken.nodes.functions for each in values)


@cache
def _table(language_id: str) -> _Table:
    data = table(language_id, "mutants")
    numbers = frozenset(data["numbers"])
    return _Table(data["operators"], data["flips"], numbers, data.get("bounds", {}))


def _text(node: Node) -> str:
    return (node.text or b"").decode()
