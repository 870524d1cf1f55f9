"""What can be done with a translation that is there: the next one, again, elsewhere."""

from __future__ import annotations

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"# 🎉\n\n{FUNCTION}\n\n\nx = 1\n"
ECHO = f"echo:\n{FUNCTION}"
SECOND = f"echo (alternative 1):\n{FUNCTION}"
THIRD = f"echo (alternative 2):\n{FUNCTION}"
EDITED = "You changed the translation, so it was left as it is."


async def placed(editor: Editor, placement: str) -> tuple[str, str]:
    uri = editor.open("shapes.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement=placement)
    assert (await editor.done(job))["state"] == "done"
    return uri, job


async def then(editor: Editor, command: str, job: str) -> dict[str, object]:
    """Run a command about a job, and wait for it."""
    answer = await editor.run(f"transloop.{command}", {"job": job})
    assert "job" in answer, answer
    return await editor.done(str(answer["job"]))


def titles(lenses: object) -> list[str]:
    assert isinstance(lenses, list | tuple)
    return [f"{lens.range.start.line}: {lens.command.title}" for lens in lenses]


async def test_lenses_follow_the_job_and_the_client_is_told_to_fetch_them(
    connect: Connect,
) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await until(lambda: editor.refreshed == 1, "a refresh at the start")
    assert titles(await editor.lenses(uri)) == ["2: Cancel: translating area to JavaScript"]
    editor.type(uri, "# 🎉", "# typed\n")
    assert titles(await editor.lenses(uri)) == ["3: Cancel: translating area to JavaScript"]
    await editor.go()
    await editor.done(job)
    await until(lambda: editor.refreshed == 2, "a refresh at the end")
    assert titles(await editor.lenses(uri)) == [
        "6: translated, not run (1/1) | Next alternative",
        "6: Accept",
        "6: Reject",
        "6: Translate again",
    ]
    editor.type(uri, "# typed", "# more\n")
    following, *_ = await editor.lenses(uri)
    assert following.range.start.line == 7
    assert following.command
    await editor.run(following.command.command, *(following.command.arguments or ()))
    await editor.done(job)
    assert titles(await editor.lenses(uri))[0].startswith("7: translated, not run (2/3)")


@pytest.mark.parametrize("placement", ["below", "replace"])
async def test_the_next_alternative_takes_the_place_of_the_last(
    connect: Connect, placement: str
) -> None:
    editor = await connect("vscode")
    uri, job = await placed(editor, placement)
    around = editor.text(uri).split(ECHO)
    editor.type(uri, "x = 1", "typed = 0\n")
    editor.type(uri, "# 🎉", "# typed\n")
    around = ["# typed\n" + around[0], around[1].replace("x = 1", "typed = 0\nx = 1")]
    for expected in (SECOND, THIRD):
        assert (await then(editor, "next", job))["state"] == "done"
        assert editor.text(uri) == expected.join(around)
    told = await then(editor, "next", job)
    assert told["message"] == "The model has no other answer; try again for new samples."
    assert editor.text(uri) == THIRD.join(around)
    editor.undo(uri)
    assert editor.text(uri) == SECOND.join(around)
    assert [edit.label for edit in editor.edits] == ["Translating area to JavaScript"] * 3


@pytest.mark.parametrize("client", ["vscode", "bare"], ids=["open", "on the disk"])
async def test_the_next_alternative_of_a_file_is_the_whole_file(
    connect: Connect, client: str
) -> None:
    editor = await connect(client)
    _, job = await placed(editor, "beside")
    path = editor.workspace / "shapes.js"
    for expected in (SECOND, THIRD):
        await then(editor, "next", job)
        uri = path.as_uri()
        found = editor.text(uri) if client == "vscode" else path.read_text()
        assert found == f"{expected}\n"
    assert sorted(each.name for each in editor.workspace.iterdir()) == ["shapes.js", "shapes.py"]


async def test_a_translation_that_the_person_edited_is_left_alone(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, job = await placed(editor, "below")
    for before, typed in ((ECHO, "// mine: "), ("\n\n\nx = 1", " // mine"), ("cho", "E")):
        instead = "e" if before == "cho" else ""
        editor.type(uri, before, typed, instead=instead)
        text = editor.text(uri)
        told = await then(editor, "next", job)
        assert told["message"] == f"Not replaced. {EDITED}"
        assert editor.text(uri) == text
        await until(lambda: editor.questions, "the question")
        asked = editor.questions.pop()
        assert asked.message == EDITED
        offers = [each.title for each in asked.actions or ()]
        assert offers == ["Insert it below", "Put it in a new file"]
        editor.undo_typing(uri)
    editor.type(uri, "cho", "E", instead="e")
    text = editor.text(uri)
    editor.answers = ["Insert it below"]
    await then(editor, "next", job)
    await until(lambda: len(editor.edits) == 2, "the edit")
    await editor.done(job)
    assert editor.text(uri) == text.replace(FUNCTION, f"{FUNCTION}\n\n{SECOND}", 1)


async def test_a_file_that_the_person_edited_on_the_disk_is_left_alone(connect: Connect) -> None:
    editor = await connect("bare")
    _, job = await placed(editor, "beside")
    path = editor.workspace / "shapes.js"
    path.write_bytes(b"mine \xff")
    told = await then(editor, "next", job)
    assert told["message"] == f"Not replaced. {EDITED}"
    assert path.read_bytes() == b"mine \xff"
    path.unlink()
    await then(editor, "next", job)
    assert not path.exists()


async def test_again_means_a_new_sample_or_the_new_source(connect: Connect) -> None:
    editor = await connect("neovim")
    uri, job = await placed(editor, "below")
    await then(editor, "retry", job)
    assert editor.text(uri) == TEXT.replace(FUNCTION, f"{FUNCTION}\n\n{SECOND}")
    editor.type(uri, "r * r\n\necho", "3 * ")
    told = await then(editor, "retry", job)
    assert told["id"] == "job-2"
    fresh = FUNCTION.replace("r * r", "3 * r * r")
    assert editor.text(uri) == TEXT.replace(FUNCTION, f"{fresh}\n\necho:\n{fresh}\n\n{SECOND}")


async def test_a_translation_can_be_placed_elsewhere(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, job = await placed(editor, "beside")
    answer = await editor.run("transloop.place", {"job": job, "placement": "replace"})
    assert (await editor.done(answer["job"]))["placed"] == uri
    assert editor.text(uri) == TEXT.replace(FUNCTION, ECHO)
    answer = await editor.run("transloop.place", {"job": job})
    await editor.done(answer["job"])
    assert editor.text(uri) == TEXT.replace(FUNCTION, f"{ECHO}\n\n{ECHO}")


async def test_a_job_that_is_forgotten_says_so(connect: Connect) -> None:
    editor = await connect("vscode")
    for command in ("next", "retry", "place"):
        answer = await editor.run(f"transloop.{command}", {"job": "job-9"})
        assert answer["error"].startswith("This translation is not remembered any more.")
    await until(lambda: len(editor.messages) == 3, "the messages")
    assert {each.type for each in editor.client.messages} == {lsp.MessageType.Warning}
