"""Editors that decline, pretend or keep silent, and files that are in the way."""

from __future__ import annotations

import os
import shutil

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"# 🎉\n\n{FUNCTION}\n\n\nx = 1\n"
ECHO = f"echo:\n{FUNCTION}"
BELOW = TEXT.replace(FUNCTION, f"{FUNCTION}\n\n{ECHO}")
DECLINED = "The editor did not take the edit."
UNANSWERED = "The editor did not answer, so the text may be missing."


async def translated(editor: Editor, placement: str = "below") -> tuple[str, dict[str, object]]:
    uri = editor.open("shapes.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement=placement)
    return uri, await editor.done(job)


async def test_an_edit_that_is_declined_is_offered_again(connect: Connect) -> None:
    editor = await connect("vscode")
    editor.manners.refuses = True

    def change_of_mind() -> None:
        editor.manners.refuses = False

    editor.manners.thinks = change_of_mind
    editor.answers = ["Insert it below"]
    uri, _ = await translated(editor)
    await until(lambda: len(editor.edits) == 2, "the second edit")
    await editor.done("job-1")
    assert editor.text(uri) == BELOW
    assert [each.message for each in editor.questions] == [DECLINED]


async def test_an_editor_that_only_says_that_it_applied_an_edit_is_not_believed(
    connect: Connect,
) -> None:
    editor = await connect("neovim")
    editor.manners.pretends = True
    uri, told = await translated(editor)
    assert (told["message"], told["placed"]) == (f"Not inserted. {DECLINED}", None)
    await until(lambda: editor.questions, "the question")
    assert editor.questions[0].message == DECLINED
    assert (editor.text(uri), await editor.lenses(uri)) == (TEXT, ())


async def test_an_editor_that_never_answers_is_believed_if_the_text_is_there(
    connect: Connect,
) -> None:
    editor = await connect("vscode", "--answer-seconds", "0.3")
    editor.manners.silent = True
    uri, told = await translated(editor)
    assert (told["state"], told["placed"]) == ("done", uri)
    assert (editor.text(uri), editor.questions) == (BELOW, [])
    editor.manners.pretends = True
    uri, told = await translated(editor)
    assert (told["message"], told["placed"]) == (UNANSWERED, None)
    await until(lambda: editor.questions, "the question")
    assert (editor.questions[0].message, editor.text(uri)) == (UNANSWERED, TEXT)


async def test_a_client_that_knows_no_edits_is_told_once_and_gets_files(connect: Connect) -> None:
    editor = await connect("bare")
    editor.manners.unable = True
    _, told = await translated(editor)
    assert told["message"] == UNANSWERED
    await until(lambda: editor.messages, "the message")
    assert editor.messages == [UNANSWERED]
    _, told = await translated(editor, "beside")
    assert str(told["message"]).endswith("In shapes.js.")
    assert (editor.workspace / "shapes.js").read_text() == f"{ECHO}\n"


@pytest.mark.parametrize("client", ["vscode", "bare"])
async def test_an_existing_file_is_never_overwritten(connect: Connect, client: str) -> None:
    editor = await connect(client)
    mine = [editor.workspace / name for name in ("shapes.js", "shapes_area.js")]
    for path in mine:
        path.write_text("mine")
    _, told = await translated(editor, "beside")
    assert str(told["placed"]).endswith("/shapes_area_2.js")
    assert [path.read_text() for path in mine] == ["mine", "mine"]


async def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    connect: Connect,
) -> None:
    editor = await connect("vscode")
    mine = editor.workspace / "shapes.js"
    editor.manners.before = lambda: mine.write_text("mine") and None
    editor.answers = ["Put it in a new file"]
    await translated(editor, "beside")
    file = (editor.workspace / "shapes_area.js").as_uri()
    await until(lambda: file in editor.buffers, "the other file")
    assert (mine.read_text(), editor.text(file)) == ("mine", f"{ECHO}\n")
    assert editor.questions[0].message == "The editor did not create shapes.js."


async def test_a_file_that_is_being_created_is_not_chosen_again(connect: Connect) -> None:
    editor = await connect("vscode")
    editor.manners.seconds = 0.2
    uri = editor.open("shapes.py", TEXT)
    jobs = [await editor.translate(uri, FUNCTION, "javascript") for _ in range(3)]
    placed = [(await editor.done(job))["placed"] for job in jobs]
    names = [each.rpartition("/")[2] for each in placed]
    assert names == ["shapes.js", "shapes_area.js", "shapes_area_2.js"]


async def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    connect: Connect,
) -> None:
    editor = await connect("vscode")
    uri = editor.open("folder/shapes.py", TEXT)
    folder = editor.workspace / "folder"
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):  # root may write everywhere, but not where nothing is
        shutil.rmtree(folder)
    try:
        here = {"uri": uri, "range": editor.select(uri, FUNCTION), "target": "javascript"}
        answer = await editor.run("transloop.translate", here)
        assert "cannot be written to" in answer["error"]
        assert "Set `placement` to below or replace" in answer["error"]
        assert (await editor.run("transloop.status"))["jobs"] == []
        assert editor.edits == []
        answer = await editor.run("transloop.translate", {**here, "placement": "below"})
        await editor.done(answer["job"])
        assert editor.text(uri) == BELOW
    finally:
        if folder.exists():
            folder.chmod(0o700)


async def test_a_document_that_is_no_file_yet_has_nothing_beside_it(connect: Connect) -> None:
    editor = await connect("vscode")
    uri = editor.show("untitled:Untitled-1", TEXT, "python")
    here = {"uri": uri, "range": editor.select(uri, FUNCTION), "target": "javascript"}
    answer = await editor.run("transloop.translate", here)
    assert "is not a file yet" in answer["error"]
    answer = await editor.run("transloop.translate", {**here, "placement": "replace"})
    await editor.done(answer["job"])
    assert editor.text(uri) == TEXT.replace(FUNCTION, ECHO)


async def test_a_path_with_odd_characters_is_one_path(connect: Connect) -> None:
    editor = await connect("neovim")
    path = editor.workspace / "a+b (ü) #1%" / "shapes.py"
    path.parent.mkdir()
    uri = path.as_uri().replace("%2B", "+").replace("%28", "(").replace("%29", ")")
    editor.show(uri, TEXT, "python")
    job = await editor.translate(uri, FUNCTION, "javascript")
    told = await editor.done(job)
    assert path.with_suffix(".js").exists(), told
    ours = uri.replace(".py", ".js")
    editor.respell(path.with_suffix(".js").as_uri(), ours)
    assert len(await editor.lenses(ours)) == 4
    await editor.run("transloop.next", {"job": job})
    assert (await editor.done(job))["state"] == "done"
    assert editor.text(ours) == f"echo (alternative 1):\n{FUNCTION}\n"
