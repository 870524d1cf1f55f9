"""What an editor holds in memory, how it treats edits, and how it counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lsprotocol import types as lsp

LINE_END = re.compile(r"\r\n|\n|\r")
WIDTHS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode()),
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "utf-32": len,
}


@dataclass
class Buffer:
    """One open document."""

    text: str
    version: int = 1
    undo: list[str] = field(default_factory=list)
    """What an undo goes back to; one entry for each edit of the server."""
    typed: tuple[int, str, str] = (0, "", "")
    """What was typed last: where, what, and in place of what."""


@dataclass
class Manners:
    """How an editor treats the server's edits; a test may change it at any time."""

    refuses: bool = False
    silent: bool = False
    """Applies an edit and never says so."""
    pretends: bool = False
    """Says that it applied an edit and did not."""
    skips_stale: bool = False
    """Neovim: a stale edit is skipped, and called applied."""
    answers_first: bool = False
    """The change is told after the answer, not before it."""
    seconds: float = 0.0
    """How long it takes before it looks at an edit."""
    unable: bool = False
    """Knows no edits, and answers with an error."""
    before: Callable[[], None] | None = None
    """What happens just before an edit is looked at."""
    thinks: Callable[[], None] | None = None
    """What happens while the person thinks about a question."""


def one_change(edit: lsp.WorkspaceEdit) -> tuple[str, int | None, Sequence[lsp.TextEdit]]:
    """The one document that an edit changes: its URI, its version if it is told, the changes."""
    if edit.changes:
        assert not edit.document_changes
        ((uri, changes),) = edit.changes.items()
        return uri, None, changes
    (document,) = edit.document_changes or ()
    assert isinstance(document, lsp.TextDocumentEdit)
    return document.text_document.uri, document.text_document.version, document.edits


def nothing() -> None:
    """Nothing has changed."""


def plain(value: Any) -> Any:
    """Positions, ranges and decoded objects as the JSON that they came from."""
    if isinstance(value, lsp.Range):
        return {"start": plain(value.start), "end": plain(value.end)}
    if isinstance(value, lsp.Position):
        return {"line": value.line, "character": value.character}
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
