"""The open documents, as the editor has them: text, version, and positions in the client's units.

pygls keeps documents too, but splits lines as Python does, also at form feeds and U+2028, which
LSP does not: behind such a character every edit would land on the wrong line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from lsprotocol import types as lsp
from pygls import uris

from transloop_settings.errors import UsageError
from transloop_syntax.language import Language, language_for
from transloop_syntax.source import Source

_LINE_END = re.compile(r"\r\n|\n|\r")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Edit(NamedTuple):
    """`removed` characters at offset `at` became `added`."""

    at: int
    removed: int
    added: str


class Text:
    """An immutable text with line index; offsets are code points, positions the client's units."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self.encoding = encoding

    @cached_property
    def starts(self) -> list[int]:
        """Offset of each line's first character."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def offset(self, position: lsp.Position) -> int:
        """Code point offset of a position; beyond the end of a line or the text means its end."""
        if position.line >= len(self.starts):
            return len(self.text)
        start = self.starts[position.line]
        line = self.text[start : self.line_end(position.line)]
        if line.isascii():
            return start + min(position.character, len(line))
        codec, width = _CODECS[self.encoding]
        # A lone surrogate does not decode again; this character is as wide in every encoding.
        units = _SURROGATE.sub("\ufffd", line).encode(codec)[: position.character * width]
        return start + len(units.decode(codec, "ignore"))

    def position(self, offset: int) -> lsp.Position:
        """The position of a code point offset."""
        line = bisect_right(self.starts, offset) - 1
        before = self.text[self.starts[line] : offset]
        if before.isascii():
            return lsp.Position(line, len(before))
        codec, width = _CODECS[self.encoding]
        return lsp.Position(line, len(before.encode(codec, "surrogatepass")) // width)

    def range(self, start: int, end: int) -> lsp.Range:
        """The range between two code point offsets."""
        return lsp.Range(self.position(start), self.position(end))

    def edit(self, change: lsp.TextDocumentContentChangeEvent) -> Edit:
        """One change of the editor as an edit of this text."""
        if not isinstance(change, lsp.TextDocumentContentChangePartial):
            return difference(self.text, change.text)
        start, end = self.offset(change.range.start), self.offset(change.range.end)
        smallest = difference(self.text[start:end], change.text)  # some replace whole documents
        return Edit(start + smallest.at, smallest.removed, smallest.added)

    def edited(self, edit: Edit) -> Text:
        """The text after an edit."""
        end = edit.at + edit.removed
        after = Text(self.text[: edit.at] + edit.added + self.text[end:], self.encoding)
        if "starts" in self.__dict__:
            after.starts = self._starts_after(edit, after.text)
        return after

    def _starts_after(self, edit: Edit, text: str) -> list[int]:
        """The index after an edit: only lines that it touches are read again.

        From the line of the character before it (which may be half of a CRLF) to the first line
        that begins behind it.
        """
        first = bisect_right(self.starts, max(0, edit.at - 1)) - 1
        behind = bisect_right(self.starts, edit.at + edit.removed)
        delta = len(edit.added) - edit.removed
        end = self.starts[behind] + delta if behind < len(self.starts) else len(text)
        touched = [match.end() for match in _LINE_END.finditer(text, self.starts[first], end)]
        shifted = [start + delta for start in self.starts[behind + 1 :]]
        return self.starts[: first + 1] + touched + shifted

    def lines(self, chosen: lsp.Range) -> tuple[int, int]:
        """Offsets of the whole lines that a selection touches, without a byte order mark."""
        first, last = chosen.start.line, chosen.end.line
        if chosen.end.character == 0 and last > first:
            last -= 1  # a selection of whole lines ends at the start of the next one
        end = len(self.starts) - 1
        return self._line_start(min(first, end)), self.line_end(min(last, end))

    def holds(self, start: int, end: int, lines: str) -> bool:
        """Whether a span still is these whole lines; text before or behind it on a line counts."""
        if self.text[start:end] != lines:
            return False
        first, last = (bisect_right(self.starts, offset) - 1 for offset in (start, end))
        return start == self._line_start(first) and not self.text[end : self.line_end(last)].strip()

    def _line_start(self, line: int) -> int:
        start = self.starts[line]
        return start + (start == 0 and self.text.startswith("\ufeff"))

    def line_end(self, line: int) -> int:
        """Offset of the end of a line, without its line ending."""
        if line + 1 == len(self.starts):
            return len(self.text)
        end = self.starts[line + 1]
        while end > self.starts[line] and self.text[end - 1] in "\r\n":
            end -= 1
        return end


def path_of(uri: str) -> Path | None:
    """The file that a URI names, if it names one."""
    path = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return Path(path) if path else None


class Anchor:
    """A span of a document that moves with the edits around it."""

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end

    def moved(self, edit: Edit) -> None:
        """An edit happened: before the span it shifts it, inside it grows or shrinks it."""
        delta = len(edit.added) - edit.removed
        if edit.at + edit.removed <= self.start:
            self.start += delta
            self.end += delta
        elif edit.at < self.end:
            self.start = min(self.start, edit.at)
            self.end = max(self.end, edit.at + edit.removed) + delta


class Document:
    """One open document."""

    def __init__(self, uri: str, language_id: str, version: int | None, text: Text) -> None:
        self.uri = uri
        self.language_id = language_id
        self.version = version
        self.text = text
        self.anchors: list[Anchor] = []
        self._source: Source | None = None

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        return path_of(self.uri)

    @property
    def language(self) -> Language | None:
        """The language, if transloop knows it."""
        return language_for(self.path, self.language_id)

    def source(self) -> Source:
        """The parsed text, brought up to date incrementally."""
        language = self.language
        if language is None:
            raise UsageError(f"transloop does not know the language “{self.language_id}”.")
        if self._source is None:
            suffix = self.path.suffix if self.path else ""
            self._source = Source(self.text.text, language, suffix)
        else:
            self._source = self._source.update(self.text.text)
        return self._source

    def is_parsed(self) -> bool:
        """Whether `source` costs nothing now."""
        return self._source is not None and self._source.text == self.text.text

    def change(
        self, version: int | None, changes: Sequence[lsp.TextDocumentContentChangeEvent]
    ) -> None:
        """Apply the editor's changes in order, each to the text that the one before left."""
        for change in changes:
            edit = self.text.edit(change)
            self.text = self.text.edited(edit)
            for anchor in self.anchors:
                anchor.moved(edit)
        self.version = version


class Documents:
    """All open documents by URI."""

    def __init__(self) -> None:
        self.encoding = "utf-16"
        self._open: dict[str, Document] = {}

    def open(self, item: lsp.TextDocumentItem) -> None:
        """The editor opened a document, or opened it anew after a rename."""
        text = Text(item.text, self.encoding)
        self._open[item.uri] = Document(item.uri, item.language_id, item.version, text)

    def close(self, uri: str) -> None:
        """The editor closed a document."""
        self._open.pop(uri, None)

    def get(self, uri: str) -> Document | None:
        """An open document, also when the editor escapes other characters of its path than we."""
        if uri in self._open:
            return self._open[uri]
        path = path_of(uri)
        return next((each for each in self if path and each.path == path), None)

    def __getitem__(self, uri: str) -> Document:
        """An open document, or what to say when it is not open."""
        if uri not in self._open:
            raise UsageError(f"{uri} is not open in the editor.", "Open it and try again.")
        return self._open[uri]

    def __iter__(self) -> Iterator[Document]:
        return iter(self._open.values())


def _common(a: str, b: str) -> int:
    """Length of the common beginning, by bisection over slices."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[:middle] == b[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def difference(before: str, after: str) -> Edit:
    """The smallest single edit that turns `before` into `after`."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    return Edit(head, len(before) - head - tail, after[head : len(after) - tail])
