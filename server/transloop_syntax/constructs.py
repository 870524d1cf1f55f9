"""What a piece of code uses: constructs as data, a TOML a language in `constructs/`.

A translation fails by construct: what a slice or an integer division becomes is decided anew in
each language. So results are told, and new code is made, by construct.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from transloop_syntax.language import language

if TYPE_CHECKING:
    from tree_sitter import Node, Query

_FOLDER = Path(__file__).parent / "constructs"


@cache
def languages() -> tuple[str, ...]:
    """The ids of the languages whose constructs are known, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def names(language_id: str) -> frozenset[str]:
    """The constructs that are known of a language; none where it has no table."""
    return frozenset(_queries(language_id)) if language_id in languages() else frozenset()


def constructs(code: str, language_id: str) -> frozenset[str]:
    """The constructs that occur in the code; none where the language has no table."""
    if language_id not in languages():
        return frozenset()
    root = language(language_id).parser().parse(code.encode()).root_node
    return frozenset(name for name, query in _queries(language_id).items() if _occurs(root, query))


@cache
def _queries(language_id: str) -> Mapping[str, Query]:
    spoken = language(language_id)
    table = tomllib.loads((_FOLDER / f"{language_id}.toml").read_text("utf-8"))
    return {name: spoken.query(query) for name, query in table.items()}


def _occurs(root: Node, query: Query) -> bool:
    """Does it match? One that captures `@name` and `@called` does where the two meet.

    A query cannot say “somewhere below”: a recursive function is one whose name is called in it.
    """
    import tree_sitter

    matches = tree_sitter.QueryCursor(query).matches(root)
    captures = [found for _, found in matches]
    if not any("called" in each for each in captures):
        return any("name" not in each for each in captures)
    functions = [
        (_text(each["name"][0]), each["function"][0]) for each in captures if "name" in each
    ]
    calls = [node for each in captures for node in each.get("called", ())]
    return any(
        _text(call) == name and _within(call, function)
        for name, function in functions
        for call in calls
    )


def _within(node: Node, around: Node) -> bool:
    return around.start_byte <= node.start_byte and node.end_byte <= around.end_byte


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
