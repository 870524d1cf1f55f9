"""A translation is found again after everything that editors do to its document."""

from __future__ import annotations

import random

import pytest

from transloop_server.documents import Edit, Text, difference
from transloop_server.outcomes.anchoring import AROUND, Mark, around, exact, find, like, undone

BODY = """\
function gcd(a, b) {
  while (b) {
    [a, b] = [b, a % b];
  }
  return a;
}"""
BEFORE = "# \U0001f389\ndef gcd(a, b):\n    return a\n\n"
AFTER = "\n\n\nx = 1\n"
DOCUMENT = BEFORE + BODY + AFTER
START, END = len(BEFORE), len(BEFORE) + len(BODY)


def moved(mark: Mark, text: str, *edits: Edit) -> str:
    """Let a mark follow edits; the text afterwards."""
    for edit in edits:
        text = Text(text).edited(edit).text
        mark.moved(edit)
    return text


def span(mark: Mark, text: str) -> str:
    mark.trim(text)
    return text[mark.start : mark.end]


# Following ---------------------------------------------------------------------------------------

EDITS = {
    "above": (Edit(0, 0, "import x\n"), BODY),
    "just above, with a new line": (Edit(START, 0, "// a\n"), BODY),
    "before it on its line": (Edit(START, 0, "export "), f"export {BODY}"),
    "inside": (Edit(START + 9, 3, "hcf"), BODY.replace("gcd", "hcf")),
    "behind it on its line": (Edit(END, 0, "  // done"), f"{BODY}  // done"),
    "behind it, a line more": (Edit(END, 0, "\ngcd(1, 2);"), f"{BODY}\ngcd(1, 2);"),
    "behind it, behind a blank line": (Edit(END, 0, "\n\ny = 2"), BODY),
    "below": (Edit(END + 2, 0, "y = 2\n"), BODY),
    "its end": (Edit(END - 2, 4, ""), BODY[:-2]),
    "its beginning": (Edit(START - 2, 4, ""), BODY[2:]),
    "all of it": (Edit(START, len(BODY), ""), ""),
    "more than all of it": (Edit(START - 1, len(BODY) + 2, ""), ""),
    "all of it by something else": (Edit(START, len(BODY), "let a;"), "let a;"),
}


@pytest.mark.parametrize("name", EDITS)
def test_it_moves_with_an_edit(name: str) -> None:
    edit, expected = EDITS[name]
    mark = Mark(START, END)
    text = moved(mark, DOCUMENT, edit)
    assert span(mark, text) == expected
    assert not mark.astray


def test_typing_key_by_key_is_as_pasting() -> None:
    mark, text = Mark(START, END), DOCUMENT
    for number, key in enumerate("\n  f();\n\nlater"):
        text = moved(mark, text, Edit(END + number, 0, key))
        typed = span(mark, text)
    assert typed.rstrip() == f"{BODY}\n  f();"


def test_an_edit_that_goes_beyond_it_leaves_it_astray() -> None:
    mark = Mark(START, END)
    moved(mark, DOCUMENT, Edit(0, len(DOCUMENT), "something else"))
    assert mark.astray


def test_what_is_put_where_it_was_is_not_taken_for_it() -> None:
    mark = Mark(START, END)
    text = moved(mark, DOCUMENT, Edit(START, len(BODY), ""), Edit(START, 0, "new"))
    assert mark.astray
    assert text[mark.start : mark.end] == "new"


def test_any_edits_leave_a_span_in_the_document() -> None:
    choice = random.Random(7)
    for _ in range(2_000):
        mark, text = Mark(START, END), DOCUMENT
        for _ in range(choice.randint(1, 6)):
            at = choice.randint(0, len(text))
            removed = choice.randint(0, min(40, len(text) - at))
            added = "".join(choice.choices("ab\n ", k=choice.randint(0, 30)))
            text = moved(mark, text, Edit(at, removed, added))
            mark.trim(text)
            assert 0 <= mark.start <= mark.end <= len(text)
            assert 0 <= mark.behind <= mark.end - mark.start


def test_edits_around_it_never_change_its_text() -> None:
    choice = random.Random(11)
    for _ in range(500):
        mark, text, body = Mark(START, END), DOCUMENT, BODY
        for _ in range(12):
            inside = choice.random() < 0.4
            low, high = (mark.start + 1, mark.end - 1) if inside else (0, mark.start - 1)
            if not inside and choice.random() < 0.5:
                low, high = mark.end + 1, len(text)
            if low > high:
                continue
            at = choice.randint(low, high)
            removed = choice.randint(0, min(6, high - at))
            added = "".join(choice.choices("xy\n ", k=choice.randint(0, 9)))
            if inside:
                at_body = at - mark.start
                body = body[:at_body] + added + body[at_body + removed :]
            text = moved(mark, text, Edit(at, removed, added))
            assert text[mark.start : mark.end] == body
            assert not mark.astray


# An undo -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", ["", "\n", "\n\nfunction gcd(x) {}\n", "\n\n\nx = 1\n"])
@pytest.mark.parametrize("unit", ["", "def f(): pass", "function gcd(a, b) {\n  return a;\n}"])
def test_an_undo_is_seen_however_the_editor_words_it(unit: str, rest: str) -> None:
    """The smallest edit between two texts may begin behind or before what was really taken out."""
    lead = "\n\n" if unit else ""
    with_it, without = f"{unit}{lead}{BODY}{rest}", f"{unit}{rest}"
    start = len(unit) + len(lead)
    mark = Mark(start, start + len(BODY))
    before, after = around(with_it, len(unit), mark.end)
    text = moved(mark, with_it, difference(with_it, without))
    assert text == without
    gone = not span(mark, text).strip() or undone(text, mark.start, before, "", after)
    assert gone


def test_no_undo_is_seen_while_it_stands() -> None:
    before, after = around(DOCUMENT, START, END)
    assert not undone(DOCUMENT, START, before, "", after)
    assert not undone(DOCUMENT.replace(BODY, BODY[:20]), START, before, "", after)


def test_an_undo_brings_back_what_was_replaced() -> None:
    before, after = around(DOCUMENT, START, END)
    original = "def hcf(a, b): ..."
    text = DOCUMENT.replace(BODY, original)
    assert undone(text, START, before, original, after)
    assert not undone(text, START, before, "def other(): ...", after)


# A document that was replaced ---------------------------------------------------------------------

LONG = "".join(f"def f{n}(a):\n    return a + {n}\n\n\n" for n in range(2_500))


def in_long(body: str, at: int = 5_000) -> tuple[str, int]:
    lines = LONG.splitlines(keepends=True)
    head, tail = "".join(lines[:at]), "".join(lines[at:])
    return f"{head}{body}\n\n\n{tail}", len(head)


FOUND = {
    "as it is": BODY,
    "indented otherwise": BODY.replace("  ", "\t"),
    "laid out otherwise": BODY.replace("{\n", "\n{\n").replace("(a, b)", "( a, b, )"),
    "one line changed": BODY.replace("a % b", "((a % b) + b) % b"),
    "a line more": BODY.replace("  return", "  // done\n  return"),
    "its first line changed": BODY.replace("function gcd(a, b)", "export function hcf(a, b)"),
    "its last lines changed": BODY.replace("  return a;\n}", "  return Math.abs(a);\n};"),
}


@pytest.mark.parametrize("name", FOUND)
def test_it_is_found_in_a_document_that_was_replaced(name: str) -> None:
    body = FOUND[name]
    document, start = in_long(body)
    before, after = around(document, start, start + len(body))
    found = find(document, BODY, start + 700, before, after)
    assert found
    assert document[slice(*found)].strip() == body


@pytest.mark.parametrize("name", FOUND)
def test_it_is_found_where_nothing_around_it_is_known(name: str) -> None:
    body = FOUND[name]
    document, _ = in_long(body)
    found = find(document, BODY, 0, "", "")
    assert found
    assert document[slice(*found)].strip() == body


@pytest.mark.parametrize("document", ["", "\n", LONG, LONG.replace("\n", "\r\n"), "}\n" * 50])
def test_it_is_not_found_where_it_is_not(document: str) -> None:
    assert find(document, BODY, 10, "before\nthe line\n", "\nbehind\n") is None


def test_of_several_the_nearest_is_taken() -> None:
    document = f"{BODY}\n\n{BODY}\n\n{BODY}\n"
    second = len(BODY) + 2
    assert exact(document, BODY, second + 3) == (second, second + len(BODY))
    assert exact(document, BODY, 0) == (0, len(BODY))


def test_line_endings_are_those_of_the_document() -> None:
    document = DOCUMENT.replace("\n", "\r\n")
    found = exact(document, BODY, 0)
    assert found
    assert document[slice(*found)] == BODY.replace("\n", "\r\n")
    assert exact(DOCUMENT, BODY.replace("\n", "\r\n"), 0) == (START, END)


def test_likeness_is_a_share_of_lines() -> None:
    assert like(BODY, f"x\n{BODY}\ny") == 1.0
    assert like(BODY, BODY.replace("  return a;\n", "")) == pytest.approx(5 / 6)
    assert like(BODY, "nothing") == 0.0
    assert like("", "nothing") == 0.0


def test_what_stands_around_it_is_short() -> None:
    before, after = around(LONG, 5_000, 5_010)
    assert (len(before), len(after)) == (AROUND, AROUND)
