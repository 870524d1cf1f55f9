"""The person goes on typing while the model writes: nothing of theirs is overwritten or lost."""

from __future__ import annotations

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"import math  # 🎉\n\n\n{FUNCTION}\n\n\nx = 1\n"
ECHO = f"echo:\n{FUNCTION}"
STALE = "The code changed while it was translated; nothing was inserted."
OFFERS = ["Translate again", "Insert it below", "Put it in a new file"]


async def held(connect: Connect, client: str = "vscode") -> tuple[Editor, str]:
    editor = await connect(client, held=True)
    return editor, editor.open("shapes.py", TEXT)


def asked(editor: Editor) -> tuple[str, list[str]]:
    """The last question and its answers."""
    question = editor.questions[-1]
    return question.message, [each.title for each in question.actions or ()]


async def test_edits_elsewhere_move_the_insertion(connect: Connect) -> None:
    editor, below = await held(connect)
    replace = editor.open("other.py", TEXT)
    jobs = [
        await editor.translate(below, FUNCTION, "javascript", placement="below"),
        await editor.translate(replace, FUNCTION, "javascript", placement="replace"),
    ]
    for uri in (below, replace):
        editor.type(uri, "import math", "import cmath  # 🎉\n🎉 = ")
        editor.type(uri, "x = 1", "y = 2\n")
        editor.type(uri, FUNCTION, "", instead="\n")
        editor.type(uri, "\n\ny", "\n# typed below\n")
    before = editor.text(below)
    await editor.go()
    assert [(await editor.done(job))["state"] for job in jobs] == ["done", "done"]
    assert editor.text(below) == before.replace(FUNCTION, f"{FUNCTION}\n\n{ECHO}")
    assert editor.text(replace) == before.replace(FUNCTION, ECHO)
    assert editor.questions == []


async def test_code_that_changed_is_left_alone_and_the_person_is_asked(
    connect: Connect,
) -> None:
    editor, inside = await held(connect)
    in_front, behind = editor.open("in_front.py", TEXT), editor.open("behind.py", TEXT)
    typed = {
        inside: ("return r", "return 2 * "),
        in_front: ("def area", "async "),
        behind: ("\n\n\nx = 1", " + 1"),
    }
    jobs = [await editor.translate(uri, FUNCTION, "go", placement="replace") for uri in typed]
    for uri, (before, text) in typed.items():
        editor.type(uri, before, text)
    texts = [editor.text(uri) for uri in typed]
    await editor.go()
    for number, job in enumerate(jobs, 1):
        told = await editor.done(job)
        assert (told["message"], told["placed"]) == (STALE, None)
        await until(lambda number=number: len(editor.questions) >= number, "the question")
        assert asked(editor) == (STALE, OFFERS)
    assert ([editor.text(uri) for uri in typed], editor.edits) == (texts, [])


async def test_a_change_that_was_taken_back_is_no_change(connect: Connect) -> None:
    editor, uri = await held(connect)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="replace")
    editor.type(uri, "return r", "x")
    editor.type(uri, "return r", "", instead="x")
    await editor.go()
    await editor.done(job)
    assert editor.text(uri) == TEXT.replace(FUNCTION, ECHO)


async def test_again_translates_what_the_code_says_now(connect: Connect) -> None:
    editor, uri = await held(connect)
    editor.answers = ["Translate again"]
    job = await editor.translate(uri, FUNCTION, "javascript", placement="replace")
    editor.type(uri, "r * r", "3.14 * ")
    await editor.go()
    await editor.done(job)
    await until(lambda: editor.edits, "the edit")
    changed = FUNCTION.replace("r * r", "3.14 * r * r")
    await editor.done("job-2")
    assert editor.text(uri) == TEXT.replace(FUNCTION, f"echo:\n{changed}")


async def test_below_inserts_what_was_translated_and_leaves_the_code(connect: Connect) -> None:
    editor, uri = await held(connect)
    editor.answers = ["Insert it below"]
    job = await editor.translate(uri, FUNCTION, "javascript", placement="replace")
    editor.type(uri, "\n\n\nx = 1", "  # typed")
    editor.type(uri, "r * r", "3.14 * ")
    await editor.go()
    await editor.done(job)
    await until(lambda: editor.edits, "the edit")
    await editor.done(job)
    changed = FUNCTION.replace("r * r", "3.14 * r * r  # typed")
    assert editor.text(uri) == TEXT.replace(FUNCTION, f"{changed}\n\n{ECHO}")


async def test_a_new_file_takes_what_was_translated(connect: Connect) -> None:
    editor, uri = await held(connect)
    editor.answers = ["Put it in a new file"]
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    editor.type(uri, "r * r", "3.14 * ")
    text = editor.text(uri)
    await editor.go()
    await editor.done(job)
    file = (editor.workspace / "shapes.js").as_uri()
    await until(lambda: file in editor.buffers, "the new file")
    assert (editor.text(file), editor.text(uri)) == (f"{ECHO}\n", text)


async def test_a_file_of_its_own_is_written_and_the_change_is_mentioned(connect: Connect) -> None:
    editor, uri = await held(connect)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="beside")
    editor.type(uri, "r * r", "3.14 * ")
    await editor.go()
    told = await editor.done(job)
    assert told["message"].endswith("In shapes.js. The source changed meanwhile.")
    assert editor.text((editor.workspace / "shapes.js").as_uri()) == f"{ECHO}\n"


@pytest.mark.parametrize("client", ["vscode", "neovim"])
async def test_typing_at_the_moment_of_the_edit_only_delays_it(
    connect: Connect, client: str
) -> None:
    editor = await connect(client)
    uri = editor.open("shapes.py", TEXT)
    typed = iter(["# typed\n"])

    def type_something() -> None:
        if (text := next(typed, None)) is not None:
            editor.type(uri, "import math", text)

    editor.manners.before = type_something
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    assert (await editor.done(job))["state"] == "done"
    assert editor.text(uri) == f"# typed\n{TEXT}".replace(FUNCTION, f"{FUNCTION}\n\n{ECHO}")
    assert (len(editor.edits), editor.questions) == (2, [])
    assert (await editor.lenses(uri))[0].range.start.line == 7


async def test_a_document_that_was_closed_gets_its_translation_as_a_file(
    connect: Connect,
) -> None:
    editor, uri = await held(connect)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="replace")
    editor.close(uri)
    await editor.go()
    told = await editor.done(job)
    assert (told["state"], told["message"].endswith("In shapes.js.")) == ("done", True)
    assert editor.text((editor.workspace / "shapes.js").as_uri()) == f"{ECHO}\n"
    assert (editor.workspace / "shapes.py").read_text() == TEXT


async def test_a_closed_document_that_is_no_file_leaves_nothing_behind(connect: Connect) -> None:
    editor = await connect("bare", held=True)
    uri = editor.show("untitled:Untitled-1", TEXT, "python")
    job = await editor.translate(uri, FUNCTION, "javascript", placement="replace")
    editor.close(uri)
    await editor.go()
    told = await editor.done(job)
    assert (told["state"], told["placed"]) == ("failed", None)
    assert "no file" in told["message"]
    assert list(editor.workspace.iterdir()) == []


async def test_an_offer_that_comes_too_late_says_so(connect: Connect) -> None:
    editor, uri = await held(connect)
    editor.answers = ["Translate again"]
    editor.manners.thinks = lambda: editor.close(uri)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="replace")
    editor.type(uri, "r * r", "3.14 * ")
    await editor.go()
    await editor.done(job)
    await until(lambda: editor.messages, "the message")
    assert editor.messages == ["The source is not open any more. Open it and try again."]
