"""Documents follow the editor's changes, and anchors follow the documents."""

from __future__ import annotations

import random

import pytest
from lsprotocol import types as lsp

from transloop_server.documents import Anchor, Document, Documents, Edit, Text, difference
from transloop_settings.errors import UsageError

PIECES = ("x", "def f():\n", "🎉", "é", "\r\n", "\r", "\n", "\f", "\u2028", "    ", "")


def opened(text: str, encoding: str = "utf-16", uri: str = "file:///code/a.py") -> Document:
    return Document(uri, "python", 1, Text(text, encoding))


def replaced(document: Document, start: int, end: int, text: str) -> None:
    """Send one incremental change."""
    change = lsp.TextDocumentContentChangePartial(document.text.range(start, end), text)
    document.change((document.version or 0) + 1, [change])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_random_changes_give_the_text_of_the_editor(encoding: str) -> None:
    chance = random.Random(encoding)
    for _ in range(60):
        buffer = "".join(chance.choices(PIECES, k=12))
        document = opened(buffer, encoding)
        for _ in range(12):
            start = between_line_ends(buffer, chance.randrange(len(buffer) + 1))
            end = between_line_ends(buffer, min(len(buffer), start + chance.choice((0, 0, 1, 5))))
            added = "".join(chance.choices(PIECES, k=chance.randrange(3)))
            replaced(document, start, end, added)
            buffer = buffer[:start] + added + buffer[end:]
            assert document.text.text == buffer


def between_line_ends(text: str, offset: int) -> int:
    """LSP has no position between the CR and the LF of one line ending."""
    return offset + 1 if offset and text[offset - 1 : offset + 1] == "\r\n" else offset


def test_the_changes_of_one_notification_build_on_each_other() -> None:
    document = opened("one\ntwo\n")
    first, second = lsp.Range(lsp.Position(0, 0), lsp.Position(1, 0)), lsp.Position(0, 3)
    document.change(
        7,
        [
            lsp.TextDocumentContentChangePartial(first, ""),
            lsp.TextDocumentContentChangePartial(lsp.Range(second, second), "!"),
        ],
    )
    assert (document.text.text, document.version) == ("two!\n", 7)


def test_a_whole_text_is_one_small_edit_so_that_anchors_survive() -> None:
    document = opened("import os\n\ndef f():\n    return 1\n")
    anchor = Anchor(11, 32)
    document.anchors.append(anchor)
    whole = "import os\nimport re\n\ndef f():\n    return 1\n"
    document.change(2, [lsp.TextDocumentContentChangeWholeDocument(whole)])
    assert document.text.text == whole
    assert whole[anchor.start : anchor.end] == "def f():\n    return 1"


def test_so_is_a_range_that_holds_more_than_what_changes() -> None:
    """Some formatters replace the range of the whole document."""
    document = opened("one\n<anchored>\nthree\n")
    anchor = Anchor(4, 14)
    document.anchors.append(anchor)
    replaced(document, 0, 21, "zero\none\n<anchored>\nthree\n")
    assert document.text.text == "zero\none\n<anchored>\nthree\n"
    assert document.text.text[anchor.start : anchor.end] == "<anchored>"


def test_a_difference_is_as_small_as_it_can_be() -> None:
    assert difference("abcd", "abXcd") == Edit(2, 0, "X")
    assert difference("aaa", "aa") == Edit(2, 1, "")
    assert difference("same", "same") == Edit(4, 0, "")
    chance = random.Random(3)
    for _ in range(300):
        before, after = ("".join(chance.choices("ab\n🎉", k=chance.randrange(9))) for _ in "12")
        assert Text(before).edited(difference(before, after)).text == after


@pytest.mark.parametrize(
    ("edit", "span"),
    [
        (Edit(0, 0, "++"), (12, 22)),
        (Edit(0, 4, ""), (6, 16)),
        (Edit(10, 0, "++"), (12, 22)),
        (Edit(8, 2, "+"), (9, 19)),
        (Edit(15, 0, "++"), (10, 22)),
        (Edit(12, 3, ""), (10, 17)),
        (Edit(20, 0, "++"), (10, 20)),
        (Edit(20, 5, ""), (10, 20)),
        (Edit(8, 4, ""), (8, 16)),
        (Edit(18, 4, "+"), (10, 19)),
        (Edit(5, 20, "+++"), (5, 8)),
        (Edit(10, 10, "+++"), (10, 13)),
    ],
    ids=[
        "inserted above",
        "removed above",
        "inserted at the start",
        "replaced up to the start",
        "inserted inside",
        "removed inside",
        "inserted at the end",
        "removed below",
        "removed across the start",
        "replaced across the end",
        "replaced around it",
        "replaced as a whole",
    ],
)
def test_an_anchor_moves_with_an_edit(edit: Edit, span: tuple[int, int]) -> None:
    anchor = Anchor(10, 20)
    anchor.moved(edit)
    assert (anchor.start, anchor.end) == span


def test_an_anchor_keeps_its_text_through_edits_around_it() -> None:
    chance = random.Random(11)
    for _ in range(100):
        document = opened("".join(chance.choices(PIECES, k=9)) + "\n<anchored>\n")
        start = document.text.text.index("<anchored>")
        anchor = Anchor(start, start + 10)
        document.anchors.append(anchor)
        for _ in range(10):
            text = document.text.text
            outside = [*range(anchor.start + 1), *range(anchor.end, len(text) + 1)]
            at = between_line_ends(text, chance.choice(outside))
            limit = anchor.start if at <= anchor.start else len(text)
            end = between_line_ends(text, min(limit, at + chance.choice((0, 0, 1, 4))))
            replaced(document, at, min(end, limit), chance.choice(PIECES))
            assert document.text.text[anchor.start : anchor.end] == "<anchored>"


def test_the_tree_follows_the_text() -> None:
    document = opened("def f():\n    return 1\n")
    assert "def f" in (document.source().root.text or b"").decode()
    assert document.is_parsed()
    replaced(document, 4, 5, "other")
    assert not document.is_parsed()
    assert document.source().text.startswith("def other")
    assert (document.source().root.text or b"").startswith(b"def other")


def test_the_editor_decides_the_language_and_the_suffix_helps() -> None:
    assert opened("", uri="untitled:Untitled-1").language is not None
    unknown = Document("file:///code/a.rs", "weird", 1, Text(""))
    assert unknown.language is not None
    assert unknown.language.id == "rust"
    stranger = Document("file:///code/a.kt", "kotlin", 1, Text(""))
    assert stranger.language is None
    with pytest.raises(UsageError, match="does not know the language “kotlin”"):
        stranger.source()


def test_a_document_is_found_however_its_path_is_escaped() -> None:
    documents = Documents()
    item = lsp.TextDocumentItem("file:///code/a+b%20(1)/x.py", "python", 1, "")
    documents.open(item)
    assert documents.get("file:///code/a%2Bb%20%281%29/x.py") is documents[item.uri]
    assert documents.get("file:///code/x.py") is None
    documents.close(item.uri)
    with pytest.raises(UsageError, match="is not open in the editor"):
        documents[item.uri]
