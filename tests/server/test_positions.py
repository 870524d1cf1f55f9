"""Positions in the client's units, on the lines that LSP knows: ended by LF, CRLF or CR alone."""

from __future__ import annotations

import random
import re

import pytest
from lsprotocol import types as lsp

from transloop_server.documents import Edit, Text

UNITS = {
    "utf-8": lambda c: len(c.encode("utf-8", "surrogatepass")),
    "utf-16": lambda c: 2 if ord(c) > 0xFFFF else 1,
    "utf-32": lambda _: 1,
}
ENCODINGS = sorted(UNITS)
PIECES = ("a", "tab\t", " ", "é", "한", "🎉", "\n", "\r\n", "\r", "\f", "\u2028", "\x85", "\ud83c")


def positions(text: str, encoding: str) -> list[lsp.Position]:
    """The position of each offset, counted one character at a time; those inside CRLF included."""
    found, line, character = [], 0, 0
    for i, each in enumerate(text):
        found.append(lsp.Position(line, character))
        if each == "\n" or (each == "\r" and text[i + 1 : i + 2] != "\n"):
            line, character = line + 1, 0
        else:
            character += UNITS[encoding](each)
    return [*found, lsp.Position(line, character)]


def inside_line_end(text: str, offset: int) -> bool:
    return text[offset - 1 : offset + 1] == "\r\n" if offset else False


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_offsets_and_positions_agree_with_counting_by_hand(encoding: str) -> None:
    chance = random.Random(encoding)
    for _ in range(300):
        written = "".join(chance.choices(PIECES, k=chance.randrange(12)))
        text = Text(written, encoding)
        for offset, position in enumerate(positions(written, encoding)):
            if not inside_line_end(written, offset):
                assert text.position(offset) == position, repr(written)
                assert text.offset(position) == offset, repr(written)


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_an_emoji_counts_as_the_client_counts_it(encoding: str, units: int) -> None:
    text = Text("🎉x", encoding)
    assert text.position(1) == lsp.Position(0, units)
    assert text.offset(lsp.Position(0, units)) == 1


@pytest.mark.parametrize(("encoding", "inside"), [("utf-8", (1, 2, 3)), ("utf-16", (1,))])
def test_a_position_inside_a_character_is_its_start(encoding: str, inside: tuple[int, ...]) -> None:
    text = Text("🎉x", encoding)
    assert [text.offset(lsp.Position(0, character)) for character in inside] == [0] * len(inside)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_form_feed_or_a_line_separator_ends_no_line(encoding: str) -> None:
    text = Text("a\f\x0b\x1c\x85\u2028\u2029b\nc", encoding)
    assert text.starts == [0, 9]


def test_each_line_ending_counts_once() -> None:
    assert Text("a\r\nb\rc\nd\r\r\n").starts == [0, 3, 5, 7, 9, 11]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_position_beyond_a_line_is_its_end(encoding: str) -> None:
    text = Text("ab\r\n🎉\rlast", encoding)
    ends = [text.offset(lsp.Position(line, 999)) for line in (0, 1, 2)]
    assert ends == [2, 5, 10]


def test_a_position_beyond_the_last_line_is_the_end_of_the_text() -> None:
    assert Text("ab\ncd").offset(lsp.Position(7, 0)) == 5
    assert Text("").offset(lsp.Position(3, 3)) == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_byte_order_mark_is_a_character_of_the_first_line(encoding: str) -> None:
    text = Text("\ufeffx", encoding)
    width = UNITS[encoding]("\ufeff")
    assert text.position(1) == lsp.Position(0, width)
    assert text.offset(lsp.Position(0, width)) == 1


def selection(*numbers: int) -> lsp.Range:
    return lsp.Range(lsp.Position(*numbers[:2]), lsp.Position(*numbers[2:]))


@pytest.mark.parametrize(
    ("chosen", "lines"),
    [
        ((0, 1, 0, 1), "one"),
        ((0, 1, 1, 1), "one\r\ntwo"),
        ((0, 0, 1, 0), "one"),
        ((1, 0, 1, 0), "two"),
        ((1, 0, 9, 9), "two\r\nthree"),
    ],
)
def test_a_selection_stands_for_the_lines_it_touches(chosen: tuple[int, ...], lines: str) -> None:
    text = Text("\ufeffone\r\ntwo\r\nthree")
    start, end = text.lines(selection(*chosen))
    assert text.text[start:end] == lines


def test_typing_before_or_behind_lines_changes_them() -> None:
    whole = re.compile("b{3}")
    for text, held in (
        ("a\nbbb\nc", True),
        ("a\rbbb\rc", True),
        ("bbb", True),
        ("\ufeffbbb\r\n", True),
        ("a\nbbb  \nc", True),
        ("a\nasync bbb\nc", False),
        ("a\n bbb\nc", False),
        ("a\nbbb + 1\nc", False),
        ("abbb", False),
    ):
        span = whole.search(text)
        assert span
        assert Text(text).holds(*span.span(), "bbb") is held, repr(text)
    assert not Text("bxb").holds(0, 3, "bbb")


def test_a_position_in_a_line_of_a_megabyte_is_found_at_once() -> None:
    text = Text("🎉" + "x" * 1_000_000)
    position = text.position(len(text.text))
    assert position == lsp.Position(0, 1_000_002)
    assert text.offset(position) == len(text.text)


def test_the_line_index_after_any_edit_is_that_of_a_fresh_text() -> None:
    draw = random.Random(11)
    text = Text("a\r\nb\n\rc\r")
    for _ in range(3000):
        at = draw.randrange(len(text.text) + 1)
        removed = draw.randrange(min(4, len(text.text) - at) + 1)
        added = "".join(draw.choices("ab\r\n", k=draw.randrange(5)))
        assert text.starts
        text = text.edited(Edit(at, removed, added))
        assert text.starts == Text(text.text).starts
        if len(text.text) > 60:
            text = Text(text.text[:20])
