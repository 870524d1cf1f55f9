"""One document: its text and its syntax tree, kept up to date edit by edit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from transloop_syntax.language import Language

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

# A lone surrogate may arrive from an editor; it must not stop work on another line.
_ERRORS = "surrogatepass"


class Source:
    """The parsed text of one document; `update` returns the next one and leaves this one alone.

    Offsets are code points into `text`; the tree counts bytes of `data`; `byte`, `offset` convert.
    """

    def __init__(self, text: str, language: Language, suffix: str = "") -> None:
        """`suffix` (or an editor's language id) picks a variant of the grammar, such as `.tsx`."""
        self._begin(text, language, suffix)

    def update(self, text: str) -> Source:
        """The document after an edit (any two texts will do); costs well below a millisecond.

        Parsing waits until `tree` is asked for: for some grammars (Python) tree-sitter can reuse
        little to the right of an edit, and nobody asks between two keystrokes.
        """
        if text == self.text:
            return self
        new = Source.__new__(Source)
        new._begin(text, self.language, self.suffix)
        start, old_end, new_end = _edit(self.data, new.data)
        base = self._tree or self._before
        if base is None:
            return new
        new._before = base.copy()  # the old value keeps its own
        new._before.edit(
            start,
            old_end,
            new_end,
            _point(self.data, start),
            _point(self.data, old_end),
            _point(new.data, new_end),
        )
        return new

    def _begin(self, text: str, language: Language, suffix: str) -> None:
        self.text = text
        self.language = language
        self.suffix = suffix
        self.data = text.encode("utf-8", _ERRORS)
        self._ascii = len(self.data) == len(text)
        self._tree: Tree | None = None
        self._before: Tree | None = None  # an older tree with every edit since then applied

    @property
    def tree(self) -> Tree:
        """The syntax tree, parsed when first asked for and only where the text changed."""
        if self._tree is None:
            parser = self.language.parser(self.suffix)
            old = self._before
            self._tree = parser.parse(self.data) if old is None else parser.parse(self.data, old)
        return self._tree

    @property
    def root(self) -> Node:
        """The root of the syntax tree."""
        return self.tree.root_node

    def byte(self, offset: int) -> int:
        """The byte in `data` of a code point in `text`."""
        return offset if self._ascii else len(self.text[:offset].encode("utf-8", _ERRORS))

    def offset(self, byte: int) -> int:
        """The code point in `text` of a byte in `data` that begins one."""
        return byte if self._ascii else len(self.data[:byte].decode("utf-8", _ERRORS))

    def row(self, offset: int) -> int:
        """The 0-based line of a code point."""
        return self.text.count("\n", 0, offset)

    def lines(self, first: int, last: int) -> tuple[int, int]:
        """Offsets of whole lines (0-based, both included): start of the first, end of the last.

        Neither the byte order mark nor the last line ending is part of them.
        """
        start = self._row_starts[first]
        end = self._row_starts[last + 1] - 1 if last + 1 < len(self._row_starts) else len(self.text)
        start += start == 0 and self.text.startswith("\ufeff")
        return start, end - (end > start and self.text[end - 1] == "\r")

    @cached_property
    def _row_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def errors(self) -> Iterator[Node]:
        """The ERROR and MISSING nodes in the order of the text; costs nothing where all is well."""
        return errors_in(self.root)


def errors_in(node: Node) -> Iterator[Node]:
    """The outermost ERROR and MISSING nodes below a node, in the order of the text."""
    stack = [node]
    while stack:
        each = stack.pop()
        if each.is_missing or (each.is_error and each != node):
            yield each
        elif each.has_error:
            stack.extend(reversed(each.children))


def last_row(node: Node) -> int:
    """The 0-based line of a node's last character; some nodes include their line ending."""
    end = node.end_point
    return end.row - 1 if end.column == 0 and end.row > node.start_point.row else end.row


def _edit(old: bytes, new: bytes) -> tuple[int, int, int]:
    """One edit from old to new: start, end in old, end in new, all on character boundaries."""
    limit = min(len(old), len(new))
    start = _common(old, new, limit)
    while start and _inside_character(old, new, start):
        start -= 1
    tail = _common_tail(old, new, limit - start)
    while tail and _inside_character(old, new, len(old) - tail, len(new) - tail):
        tail -= 1
    return start, len(old) - tail, len(new) - tail


def _common(old: bytes, new: bytes, limit: int) -> int:
    """The length of the common prefix: a binary search whose comparisons are memcmp."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_tail(old: bytes, new: bytes, limit: int) -> int:
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _inside_character(old: bytes, new: bytes, at: int, at_new: int | None = None) -> bool:
    at_new = at if at_new is None else at_new
    return any(byte & 0xC0 == 0x80 for byte in old[at : at + 1] + new[at_new : at_new + 1])


def _point(data: bytes, byte: int) -> tuple[int, int]:
    return data.count(b"\n", 0, byte), byte - (data.rfind(b"\n", 0, byte) + 1)
