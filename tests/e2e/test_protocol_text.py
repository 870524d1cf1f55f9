"""Texts that editors really have: other units, line endings, marks, tabs, and very long lines."""

from __future__ import annotations

import time

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
ENCODINGS = ["utf-8", "utf-16", "utf-32"]


async def translated(editor: Editor, name: str, text: str, code: str, placement: str) -> str:
    """The text of a document in which `code` was selected and translated."""
    uri = editor.open(name, text)
    job = await editor.translate(uri, code, "javascript", placement=placement)
    told = await editor.done(job)
    assert told["state"] == "done", told
    return editor.text(uri)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_an_emoji_before_the_selection_in_any_encoding(
    connect: Connect, encoding: str
) -> None:
    kind = lsp.PositionEncodingKind(encoding)
    general = lsp.GeneralClientCapabilities(position_encodings=[kind])
    editor = await connect("bare", capabilities=lsp.ClientCapabilities(general=general))
    assert editor.encoding == encoding
    text = "s = '🎉é한'; x = '🎉🎉'\nlast = '🎉'"
    line, last = text.split("\n")
    found = await translated(editor, "a.py", text, "x = '🎉🎉'", "below")
    assert found == f"{line}\n\necho:\n{line}\n{last}"
    found = await translated(editor, "b.py", text, "ast = '🎉", "replace")
    assert found == f"{line}\necho:\n{last}"


async def test_line_endings_tabs_and_marks_stay_as_they_are(connect: Connect) -> None:
    editor = await connect("neovim")
    method = "class A:\n\tdef area(self):\n\t\treturn '🎉'\n\n\tx = 1\n"
    expected = "class A:\n\techo:\n\tdef area(self):\n\t\treturn '🎉'\n\n\tx = 1\n"
    for number, (mark, eol) in enumerate((m, e) for m in ("", "\ufeff") for e in ("\n", "\r\n")):
        text, wanted = (mark + each.replace("\n", eol) for each in (method, expected))
        found = await translated(editor, f"{number}.py", text, "return", "replace")
        assert found == wanted
    first = "\ufeffdef f():\r\n    return 1\r\n"
    found = await translated(editor, "mark.py", first, "def", "replace")
    assert found == "\ufeffecho:\r\ndef f():\r\n    return 1\r\n"
    lone = "x = 1\rdef f():\r    return 1\r\ry = 2"
    found = await translated(editor, "mac.py", lone, "return", "below")
    assert found.startswith(lone)


async def test_a_form_feed_and_a_line_separator_end_no_line(connect: Connect) -> None:
    editor = await connect("vscode")
    text = f"s = 'a\u2028b\x85c'\n\f\n{FUNCTION}\n\nx = 1\n"
    found = await translated(editor, "a.py", text, FUNCTION, "replace")
    assert found == text.replace(FUNCTION, f"echo:\n{FUNCTION}")


async def test_a_line_of_a_megabyte_delays_nobody(connect: Connect) -> None:
    editor = await connect("vscode")
    long = f"data = '{'🎉 x ' * 250_000}'"
    text = f"{long}\n\n{FUNCTION}\n"
    uri = editor.open("a.py", text)
    began = time.monotonic()
    assert await editor.menu(uri, editor.select(uri, FUNCTION))
    found = await translated(editor, "b.py", text, FUNCTION, "below")
    assert found == text.replace(FUNCTION, f"{FUNCTION}\n\necho:\n{FUNCTION}")
    assert time.monotonic() - began < 5
    answer = await editor.run(
        "transloop.translate",
        {"uri": uri, "range": editor.range(uri, 600_000, 600_001), "target": "go"},
    )
    told = await editor.done(answer["job"])
    assert (told["state"], "too long" in told["message"]) == ("failed", True)


@pytest.mark.parametrize(("mark", "suffix"), [("#", ".py"), ("//", ".js")])
async def test_what_holds_no_code_is_refused_with_the_reason(
    connect: Connect, mark: str, suffix: str
) -> None:
    editor = await connect("vscode")
    text = f"{mark} only a comment\n\n\nx = 1\n"
    uri = editor.open(f"a{suffix}", text)
    for line, error in (
        (0, "There is only a comment at line 1."),
        (1, "There is no code at line 2."),
    ):
        at = lsp.Position(line, 0)
        here = {"uri": uri, "range": lsp.Range(at, at), "target": "go"}
        answer = await editor.run("transloop.translate", here)
        assert answer["error"].startswith(error)
    empty = editor.open(f"empty{suffix}", "")
    answer = await editor.run(
        "transloop.translate", {"uri": empty, "range": editor.range(empty, 0, 0), "target": "go"}
    )
    assert answer["error"].startswith("The document is empty.")


async def test_an_empty_selection_stands_for_the_unit_around_it(connect: Connect) -> None:
    editor = await connect("vscode")
    text = f"{FUNCTION}\n\n\nx = 1\n"
    uri = editor.open("a.py", text)
    cursor = text.index("return") + 3
    here = {"uri": uri, "range": editor.range(uri, cursor, cursor), "target": "go"}
    answer = await editor.run("transloop.translate", {**here, "placement": "replace"})
    await editor.done(answer["job"])
    assert editor.text(uri) == text.replace(FUNCTION, f"echo:\n{FUNCTION}")


async def test_syntax_errors_elsewhere_do_not_matter_and_one_inside_is_mentioned(
    connect: Connect,
) -> None:
    editor = await connect("vscode")
    broken = "def broken(:\n    return (\n"
    uri = editor.open("a.py", f"{FUNCTION}\n\n\n{broken}")
    told = await editor.done(await editor.translate(uri, FUNCTION, "go", placement="below"))
    assert told["state"] == "done"
    assert "syntax error at" not in told["message"]
    uri = editor.open("b.py", "def area(r):\n    return r *\n    x = (1\n\n\ny = 2\n")
    told = await editor.done(await editor.translate(uri, "return", "go", placement="below"))
    assert "Note: syntax error at line " in told["message"]
