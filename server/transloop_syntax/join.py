"""Putting translated parts together: each part is code of its own, the whole is one file."""

from __future__ import annotations

from collections.abc import Sequence

from transloop_syntax.language import Language
from transloop_syntax.source import Source


def join(parts: Sequence[str], language: Language) -> str:
    """The parts in order, separated by blank lines; imports stand once each, in front."""
    imports: dict[str, None] = {}
    bodies: list[str] = []
    for part in parts:
        found, body = _apart(part, language)
        imports.update(dict.fromkeys(found))
        bodies.append(body)
    head = ["\n".join(imports)] if imports else []
    return "\n\n".join([*head, *(body for body in bodies if body)])


def _apart(code: str, language: Language) -> tuple[list[str], str]:
    """The import statements at the top level of `code`, and the rest of it."""
    rows = code.splitlines()
    found: list[str] = []
    for node in Source(code, language).root.children:
        if node.type in language.nodes.imports:
            first, last = node.start_point.row, node.end_point.row
            if node.end_point.column == 0 and last > first:
                last -= 1  # C's #include ends behind its line break
            found.append("\n".join(rows[first : last + 1]))
            rows[first : last + 1] = [""] * (last + 1 - first)
    return found, "\n".join(rows).strip("\n")
