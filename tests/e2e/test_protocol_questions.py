"""What the person is asked, and what is done without asking."""

from __future__ import annotations

from typing import Any

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"x = 1\n\n\n{FUNCTION}\n"
SNIPPET = "const twice = (n) => {\n  let m = n;\n  return m * 2;\n};"


def here(editor: Editor, uri: str, code: str, **more: Any) -> dict[str, Any]:
    return {"uri": uri, "range": editor.select(uri, code), **more}


async def test_translate_to_asks_for_the_language(connect: Connect) -> None:
    editor = await connect("vscode", settings={"placement": "below", "targets": ["go", "rust"]})
    uri = editor.open("shapes.py", TEXT)
    editor.answers = ["Rust", None]
    editor.manners.thinks = lambda: editor.type(uri, "x = 1", "# typed meanwhile\n")
    answer = await editor.choose(uri, editor.select(uri, FUNCTION), "Translate to...")
    assert (await editor.done(answer["job"]))["target"] == "rust"
    assert editor.text(uri) == f"# typed meanwhile\n{TEXT}".replace(
        FUNCTION, f"{FUNCTION}\n\necho:\n{FUNCTION}"
    )
    (question,) = editor.questions
    assert question.message == "Translate to which language?"
    assert [each.title for each in question.actions or ()] == ["Go", "Rust"]

    editor.manners.thinks = None
    answer = await editor.choose(uri, editor.select(uri, "x = 1"), "Translate to...")
    assert answer == {"error": "no language was chosen"}
    answer = await editor.run(
        "transloop.translateTo", here(editor, uri, "x") | {"uri": "file:///x"}
    )
    assert "is not open in the editor" in answer["error"]


async def test_bring_into_does_not_ask_what_is_plain(connect: Connect) -> None:
    editor = await connect("vscode")
    uri = editor.open("shapes.py", f"{TEXT}\n{SNIPPET}\n\ny = 2\n")
    chosen = editor.select(uri, SNIPPET[:30])
    answer = await editor.choose(uri, editor.range(uri, *span(editor, uri)), "Bring into Python")
    told = await editor.done(answer["job"])
    assert (told["target"], told["placed"]) == ("python", uri)
    assert editor.text(uri) == f"{TEXT}\necho:\n{SNIPPET}\n\ny = 2\n"
    assert editor.questions == []
    assert chosen.start.line == 6


def span(editor: Editor, uri: str) -> tuple[int, int]:
    """The snippet as V-mode selects it: up to the start of the line below."""
    start = editor.text(uri).index(SNIPPET)
    return start, start + len(SNIPPET) + 1


async def test_bring_into_asks_where_it_cannot_tell(connect: Connect) -> None:
    editor = await connect("vscode")
    for name, code, chosen in (("a.py", "x + y", "Go"), ("b.py", "    f(x);", "Rust")):
        uri = editor.open(name, f"\ufeff{code}\r\nz = 3\r\n")
        editor.answers = [chosen, None]
        answer = await editor.run("transloop.bring", here(editor, uri, code))
        await editor.done(answer["job"])
        indent = code[: len(code) - len(code.lstrip())]
        expected = f"\ufeff{indent}echo:\r\n{code}\r\nz = 3\r\n"
        assert editor.text(uri) == expected
        question = editor.questions[-1]
        assert question.message == "Which language is the selection?"
        assert "Python" not in [each.title for each in question.actions or ()]
        answer = await editor.run("transloop.bring", here(editor, uri, code))
        assert answer == {"error": "no language was chosen"}
        assert editor.text(uri) == expected
    blank = editor.range(uri, len(editor.text(uri)), len(editor.text(uri)))
    answer = await editor.run("transloop.bring", {"uri": uri, "range": blank})
    assert answer == {"error": "Select the lines that should be translated."}


async def test_bring_into_keeps_the_original_in_comments_of_the_document(
    connect: Connect,
) -> None:
    editor = await connect("vscode", settings={"keep_original": True})
    uri = editor.open("shapes.js", "let x = 1;\nreturn_(r)\n")
    answer = await editor.run("transloop.bring", here(editor, uri, "return_(r)", source="python"))
    await editor.done(answer["job"])
    assert editor.text(uri) == "let x = 1;\n// return_(r)\necho:\nreturn_(r)\n"


async def test_a_snippet_that_changed_meanwhile_is_brought_again(connect: Connect) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", f"{TEXT}\n{SNIPPET}\n")
    editor.answers = ["Translate again"]
    answer = await editor.run("transloop.bring", here(editor, uri, SNIPPET))
    editor.type(uri, "m * 2", "3 + ")
    await editor.go()
    await editor.done(answer["job"])
    await until(lambda: editor.edits, "the edit")
    await editor.done("job-2")
    fresh = SNIPPET.replace("m * 2", "3 + m * 2")
    assert editor.text(uri) == f"{TEXT}\necho:\n{fresh}\n"


async def test_a_client_that_cannot_ask_is_told(connect: Connect) -> None:
    editor = await connect("bare")
    uri = editor.open("shapes.py", "x + y\n")
    answer = await editor.run("transloop.bring", here(editor, uri, "x + y"))
    assert answer == {"error": "no language was chosen"}
    assert editor.messages == ["Which language is the selection?"]
    answer = await editor.run("transloop.bring", here(editor, uri, "x + y", source="go"))
    assert (await editor.done(answer["job"]))["state"] == "done"


async def test_a_request_that_cannot_be_kept_says_why(connect: Connect) -> None:
    editor = await connect("vscode")
    uri = editor.open("shapes.py", TEXT)
    refused = [
        ({"target": "klingon"}, "Unknown language `klingon`. Known languages: c, cpp, go,"),
        ({}, "Unknown language ``."),
        ({"target": "python"}, "This is Python already. Choose another language."),
        ({"target": "go", "uri": "file:///nowhere.py"}, "file:///nowhere.py is not open"),
    ]
    for number, (given, error) in enumerate(refused, 1):
        answer = await editor.run("transloop.translate", here(editor, uri, FUNCTION) | given)
        assert answer["error"].startswith(error)
        await until(lambda number=number: len(editor.messages) == number, "the message")
        assert editor.messages[-1] == answer["error"]
