"""Code as it is compared: by its syntax tree's tokens, without the names that it gives itself.

Renaming a variable makes no other solution, so own names are replaced. Names of the language and
its library stay, and so do literals: another method or another constant is another program. What
comments, layout, quotes and optional punctuation do is left out by `code_tokens`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transloop_syntax.declarations import declared
from transloop_syntax.language import Language, language
from transloop_syntax.source import Source
from transloop_syntax.tokens import code_tokens

if TYPE_CHECKING:
    from tree_sitter import Node

WIDTH = 5
"""Tokens of a shingle: more make small changes weigh more."""


def canonical(code: str, language_id: str) -> str:
    """Equal for programs that differ in own names and layout only: names become their number."""
    spoken = language(language_id)
    own, numbers = _own_names(code, spoken), dict[str, int]()
    return " ".join(
        f"_{numbers.setdefault(token, len(numbers))}" if token in own else token
        for token in code_tokens(code, spoken)
    )


def shingles(code: str, language_id: str) -> frozenset[str]:
    """All runs of a few tokens; how many two codes share says how alike they are.

    Own names have no number here: one more variable at the top would change all of them.
    """
    spoken = language(language_id)
    own = _own_names(code, spoken)
    tokens = ["_" if token in own else token for token in code_tokens(code, spoken)]
    last = max(1, len(tokens) - WIDTH + 1)
    return frozenset(" ".join(tokens[at : at + WIDTH]) for at in range(last))


def _own_names(code: str, spoken: Language) -> frozenset[str]:
    """What the code declares: functions, parameters, variables; not what it imports."""
    found: set[str] = set()
    stack: list[Node] = [Source(code, spoken).root]
    while stack:
        node = stack.pop()
        if node.type in spoken.nodes.imports:
            continue
        if node.type in spoken.binds:
            found.update(declared(node, spoken))
        stack.extend(node.named_children)
    return frozenset(found)
