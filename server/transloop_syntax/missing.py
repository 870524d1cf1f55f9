"""Imports that code needs and does not have, as far as the tables of its language name them."""

from __future__ import annotations

from collections.abc import Iterator

from transloop_syntax.language import Language
from transloop_syntax.resolution import uses_of
from transloop_syntax.source import Source


def with_imports(code: str, language: Language) -> tuple[str, tuple[str, ...]]:
    """The code with the usual imports that it lacks, and what was added to it.

    A model that is made to begin with a declaration cannot write them, and others forget them.
    """
    source = Source(code, language)
    if not language.opening or source.root.has_error:
        return code, ()
    used = uses_of(source.root.children, language).names
    added = tuple(sorted({each for name in used for each in _lacking(name, code, language)}))
    return _put(added, source), added


def _lacking(name: str, code: str, language: Language) -> Iterator[str]:
    """The import that would bind a name, unless one of its kind is there."""
    homes = [home for home, names in language.opens.items() if name in names]
    if any(home in code for home in homes):
        return
    for home in homes[:1]:
        path = f"{home[:-1]}{name}" if home.endswith("*") else home
        if path not in code:
            yield language.opening.format(path)


def _put(added: tuple[str, ...], source: Source) -> str:
    """In front, but below a package and beside the imports that there are."""
    nodes = source.language.nodes
    rows = source.text.split("\n")
    above = nodes.imports | nodes.headers
    found = [node.end_point.row for node in source.root.children if node.type in above]
    at = 1 + max(found) if found else 0
    if not added:
        return source.text
    gap = [""] if not found and rows[0].strip() else []
    return "\n".join([*rows[:at], *added, *gap, *rows[at:]])
