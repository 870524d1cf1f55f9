"""Every way to cancel, and every time at which somebody does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"{FUNCTION}\n\n\nx = 1\n"
CANCELLED = "Cancelled; nothing was changed."

Cancel = Callable[[Editor, str], Awaitable[None]]


async def by_progress(editor: Editor, job: str) -> None:
    await until(lambda: editor.progress and editor.progress[-1], "begin")
    *_, token = editor.client.progress_reports
    editor.client.window_work_done_progress_cancel(lsp.WorkDoneProgressCancelParams(token))


async def by_command(editor: Editor, job: str) -> None:
    assert await editor.run("transloop.cancel", {"job": job}) == {"cancelled": [job]}


async def by_lens(editor: Editor, job: str) -> None:
    (uri,) = editor.buffers
    (lens,) = await editor.lenses(uri)
    assert lens.command
    assert lens.command.title.startswith("Cancel: translating ")
    answer = await editor.run(lens.command.command, *(lens.command.arguments or ()))
    assert answer == {"cancelled": [job]}


async def by_menu(editor: Editor, job: str) -> None:
    (uri,) = editor.buffers
    chosen = editor.select(uri, FUNCTION)
    answer = await editor.choose(uri, chosen, "Cancel translation to JavaScript")
    assert answer == {"cancelled": [job]}


async def test_every_way_to_cancel_stops_the_job_and_changes_nothing(connect: Connect) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", TEXT)
    ways: list[Cancel] = [by_progress, by_command, by_lens, by_menu]
    for number, cancel in enumerate(ways):
        job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
        await until(lambda number=number: len(editor.progress) > number, "progress")
        await cancel(editor, job)
        told = await editor.done(job)
        assert (told["state"], told["message"]) == ("cancelled", CANCELLED), cancel
        await until(lambda: isinstance(editor.progress[-1][-1], lsp.WorkDoneProgressEnd), "end")
        assert editor.progress[-1][-1].message == CANCELLED
        assert await editor.lenses(uri) == ()
    assert (editor.text(uri), editor.edits, editor.messages) == (TEXT, [], [])

    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await editor.go()
    assert (await editor.done(job))["state"] == "done"  # the engine is free again


async def test_a_client_without_progress_cancels_by_command(connect: Connect) -> None:
    editor = await connect("bare", held=True)
    uri = editor.open("shapes.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript")
    await by_command(editor, job)
    assert (await editor.done(job))["state"] == "cancelled"
    assert not (editor.workspace / "shapes.js").exists()


async def test_cancel_without_a_job_stops_them_all(connect: Connect) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", TEXT)
    jobs = [await editor.translate(uri, FUNCTION, each) for each in ("javascript", "go", "rust")]
    assert await editor.run("transloop.cancel") == {"cancelled": jobs}
    assert {(await editor.done(job))["state"] for job in jobs} == {"cancelled"}


async def test_one_that_waits_can_be_cancelled_and_the_others_go_on(connect: Connect) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", TEXT)
    first, second, third = [
        await editor.translate(uri, FUNCTION, each, placement="below")
        for each in ("javascript", "go", "rust")
    ]
    await by_command(editor, second)
    await editor.go()
    states = [(await editor.done(job))["state"] for job in (first, second, third)]
    assert states == ["done", "cancelled", "done"]
    assert editor.text(uri).count("echo:") == 2


async def test_a_second_cancel_and_one_after_the_end_do_nothing(connect: Connect) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await by_progress(editor, job)
    await by_progress(editor, job)
    assert await editor.run("transloop.cancel", {"job": job}) == {"cancelled": []}
    assert (await editor.done(job))["state"] == "cancelled"
    assert await editor.run("transloop.cancel", {"job": job}) == {"cancelled": []}
    assert await editor.run("transloop.cancel", {"job": "job-99"}) == {"cancelled": []}
    await editor.go()
    done = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await editor.done(done)
    await by_progress(editor, done)
    assert (await editor.job(done))["state"] == "done"
    assert editor.text(uri).count("echo:") == 1


async def test_what_is_on_its_way_to_the_editor_is_not_cancelled(connect: Connect) -> None:
    editor = await connect("vscode")
    uri = editor.open("shapes.py", TEXT)
    editor.manners.silent = True
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await until(lambda: editor.edits, "the edit")
    assert await editor.run("transloop.cancel", {"job": job}) == {"cancelled": []}
    editor.speak()
    assert (await editor.done(job))["state"] == "done"


async def test_an_exchange_can_be_cancelled_and_the_text_stays(connect: Connect) -> None:
    editor = await connect("vscode", "--seconds-per-token", "0.01")
    uri = editor.open("shapes.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await editor.done(job)
    text = editor.text(uri)
    await editor.run("transloop.next", {"job": job})
    await by_command(editor, job)
    assert (await editor.done(job))["state"] == "cancelled"
    assert editor.text(uri) == text
    await editor.run("transloop.next", {"job": job})
    assert (await editor.done(job))["state"] == "done"
    assert "echo (alternative 1):" in editor.text(uri)
