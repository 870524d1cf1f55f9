"""White space: indentation, line endings and commented-out code."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

from transloop_syntax.language import Language
from transloop_syntax.source import Source

if TYPE_CHECKING:
    from tree_sitter import Node


def dedent(code: str, keep: Container[int] = ()) -> tuple[str, str]:
    """Remove the first filled line's indentation from every line that has it: (code, indent).

    A line that does not begin with it stays as it is: it can only be inside a multi-line string,
    or less indented on purpose. So do the lines in `keep` (0-based). Blank lines become empty.
    """
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return "\n".join(
        line if number in keep else _without(line, indent) for number, line in enumerate(lines)
    ), indent


def reindent(code: str, indent: str, eol: str = "\n", language: Language | None = None) -> str:
    """Put `indent` before every line and `eol` between them; blank lines stay empty.

    With the code's `language`, lines inside its multi-line strings stay as they are.
    """
    lines = code.replace("\r\n", "\n").split("\n")
    kept: Container[int] = ()
    if indent and language is not None:
        kept = string_rows([Source(code, language).root], language)
    return eol.join(
        line if number in kept else indent + line if line.strip() else ""
        for number, line in enumerate(lines)
    )


def string_rows(nodes: Iterable[Node], language: Language) -> list[int]:
    """Rows that begin inside a multi-line string, where indentation is part of a value.

    A docstring is a statement of its own: its indentation is layout.
    """
    rows: list[int] = []
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node.start_point.row == node.end_point.row:
            continue
        if node.type in language.nodes.strings:
            docstring = node.parent is not None and node.parent.type in language.nodes.statements
            rows += [] if docstring else range(node.start_point.row + 1, node.end_point.row + 1)
        else:
            stack += node.named_children
    return rows


def comment_out(code: str, language: Language) -> str:
    """Every line as a comment, the marker at the indentation of the least indented line."""
    lines = code.split("\n")
    filled = [line for line in lines if line.strip()]
    depth = min((len(line) - len(line.lstrip()) for line in filled), default=0)
    mark = language.line_comment
    return "\n".join(
        f"{line[:depth]}{mark} {line[depth:]}" if line.strip() else mark for line in lines
    )


def eol_of(text: str) -> str:
    r"""The line ending that most lines of the text have: `"\r\n"` or `"\n"`."""
    crlf = text.count("\r\n")
    return "\r\n" if crlf * 2 > text.count("\n") else "\n"


def _without(line: str, indent: str) -> str:
    return line.removeprefix(indent) if line.strip() else ""
