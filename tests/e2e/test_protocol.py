"""The way of a translation in every kind of editor: menu, command, progress, edit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import PATIENCE, Editor, until

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"import math\n\n\n{FUNCTION}\n\n\nx = 1\n"
ECHO = f"echo:\n{FUNCTION}"
"""What the echo engine makes of it."""


def version_of(params: lsp.ApplyWorkspaceEditParams) -> int | None:
    (change,) = params.edit.document_changes or ()
    assert isinstance(change, lsp.TextDocumentEdit)
    return change.text_document.version


async def test_a_choice_in_the_menu_becomes_a_file_beside(editor: Editor) -> None:
    uri = editor.open("shapes.py", TEXT)
    cursor = editor.select(uri, "return r")
    await the_menu_speaks_the_language_of_the_client(editor, uri, cursor)
    answer = await editor.choose(uri, cursor, "Translate to JavaScript")
    told = await editor.done(answer["job"])
    file = editor.workspace / "shapes.js"
    assert "In shapes.js." in told["message"]
    assert (told["state"], told["placed"], told["names"]) == ("done", file.as_uri(), ["area"])
    if editor.name == "bare":
        assert file.read_text() == ECHO + "\n"
        assert editor.client.shown_documents == []
    else:
        assert editor.text(file.as_uri()) == ECHO + "\n"
        (shown,) = editor.client.shown_documents
        assert (shown.uri, shown.take_focus) == (file.as_uri(), False)
    assert editor.text(uri) == TEXT
    await one_undo_takes_an_edit_back(editor)


async def the_menu_speaks_the_language_of_the_client(
    editor: Editor, uri: str, chosen: lsp.Range
) -> None:
    actions = await editor.menu(uri, chosen)
    titles = [each.title for each in actions]
    assert titles[0] == "Translate to JavaScript"
    assert titles[-1] == "Bring into Python"
    assert ("Translate to..." in titles) is (editor.name != "bare")
    expected = lsp.Command if editor.name == "bare" else lsp.CodeAction
    assert {type(each) for each in actions} == {expected}
    tagged = [each for each in actions if getattr(each, "tags", None)]
    assert len(tagged) == (len(actions) if editor.name == "vscode" else 0)
    assert await editor.menu(uri, editor.range(uri, 0, 0)) == ()
    (one,) = await editor.menu(uri, chosen, ["refactor.rewrite.translate.rust"])
    assert one.title == "Translate to Rust"
    assert await editor.menu(uri, chosen, ["source.organizeImports"]) == ()


async def one_undo_takes_an_edit_back(editor: Editor) -> None:
    editor.edits.clear()
    below, replace = editor.open("below.py", TEXT), editor.open("replace.py", TEXT)
    told = await editor.done(await editor.translate(below, FUNCTION, "go", placement="below"))
    assert (told["state"], told["placed"]) == ("done", below)
    await editor.done(await editor.translate(replace, FUNCTION, "go", placement="replace"))
    assert editor.text(below) == TEXT.replace(FUNCTION, f"{FUNCTION}\n\n{ECHO}")
    assert editor.text(replace) == TEXT.replace(FUNCTION, ECHO)
    assert [each.label for each in editor.edits] == ["Translating area to Go"] * 2
    if editor.name != "bare":
        assert [version_of(each) for each in editor.edits] == [1, 1]
    for uri in (below, replace):
        editor.undo(uri)
        assert editor.text(uri) == TEXT


async def test_progress_begins_reports_and_ends(connect: Connect) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await until(lambda: editor.progress and editor.progress[0], "begin")
    await editor.go()
    told = await editor.done(job)
    await until(lambda: isinstance(editor.progress[0][-1], lsp.WorkDoneProgressEnd), "end")
    begin, *reports, end = editor.progress[0]
    assert isinstance(begin, lsp.WorkDoneProgressBegin)
    assert (begin.title, begin.cancellable) == ("Translating area to JavaScript", True)
    assert "tokens" in reports[0].message
    assert all(isinstance(each, lsp.WorkDoneProgressReport) for each in reports)
    assert end.message == told["message"]
    assert end.message.startswith("Translated to JavaScript")
    assert editor.messages == []  # the progress has said it


async def test_the_result_is_told_where_no_progress_can_be_shown(connect: Connect) -> None:
    editor = await connect("bare")
    uri = editor.open("shapes.py", TEXT)
    told = await editor.done(await editor.translate(uri, FUNCTION, "go", placement="below"))
    await until(lambda: editor.messages, "the message")
    assert editor.messages == [told["message"]]
    assert editor.progress == []


async def test_several_documents_in_several_folders_at_once(
    connect: Connect, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder, placement in zip(folders, ("below", "replace"), strict=True):
        folder.mkdir()
        (folder / ".transloop.toml").write_text(f'placement = "{placement}"')
    editor = await connect("vscode", held=True, folders=folders)
    uris = [editor.open(f"../{name}/same.py", TEXT) for name in ("one", "two", "one/deep")]
    jobs = [await editor.translate(uri, FUNCTION, "javascript") for uri in uris]
    jobs.append(await editor.translate(uris[0], "x = 1", "go"))
    status = await editor.run("transloop.status")
    assert [each["state"] for each in status["jobs"]] == ["running"] * 4
    assert status["waiting"] == 3
    await editor.go()
    assert {(await editor.done(job))["state"] for job in jobs} == {"done"}
    below = TEXT.replace(FUNCTION, f"{FUNCTION}\n\n{ECHO}")
    assert editor.text(uris[0]) == below.replace("x = 1", "x = 1\n\necho:\nx = 1")
    assert editor.text(uris[1]) == TEXT.replace(FUNCTION, ECHO)
    assert editor.text(uris[2]) == below


async def test_a_folder_that_is_added_later_brings_its_settings(
    connect: Connect, tmp_path: Path
) -> None:
    editor = await connect("vscode", folders=[])
    uri = editor.open("shapes.py", TEXT)
    (editor.workspace / ".transloop.toml").write_text('targets = ["rust"]')
    folder = lsp.WorkspaceFolder(editor.workspace.as_uri(), "workspace")
    editor.client.workspace_did_change_workspace_folders(
        lsp.DidChangeWorkspaceFoldersParams(lsp.WorkspaceFoldersChangeEvent([folder], []))
    )
    first, second, *_ = await editor.menu(uri, editor.select(uri, FUNCTION))
    assert (first.title, second.title) == ("Translate to Rust", "Translate to...")


async def test_the_status_tells_engine_jobs_and_numbers(connect: Connect) -> None:
    editor = await connect("vscode")
    before = await editor.run("transloop.status")
    assert (before["engine"], before["state"], before["jobs"]) == ("echo", "idle", [])
    uri = editor.open("shapes.py", TEXT)
    await editor.done(await editor.translate(uri, FUNCTION, "javascript", placement="below"))
    status = await editor.run("transloop.status")
    assert (status["state"], status["waiting"], status["problem"]) == ("ready", 0, "")
    (job,) = status["jobs"]
    assert (job["uri"], job["target"], job["candidates"]) == (uri, "javascript", 1)
    assert job["tokens"] > 0


async def test_the_target_that_was_used_last_comes_first_also_in_the_next_session(
    connect: Connect,
) -> None:
    editor = await connect("vscode")
    uri = editor.open("shapes.py", TEXT)
    await editor.done(await editor.translate(uri, FUNCTION, "rust", placement="below"))
    for each in (editor, await connect("neovim")):
        uri = each.open("other.py", TEXT)
        first, *_ = await each.menu(uri, each.select(uri, FUNCTION))
        assert first.title == "Translate to Rust"


async def test_the_server_ends_with_an_editor_that_was_killed(connect: Connect) -> None:
    editor = await connect("vscode", held=True, leaves=False)
    uri = editor.open("shapes.py", TEXT)
    await editor.translate(uri, FUNCTION, "javascript")
    assert editor.process.stdin
    editor.process.stdin.close()
    await asyncio.wait_for(editor.process.wait(), PATIENCE)
    await editor.ended()
