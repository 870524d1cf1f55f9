"""Where a translation stands: its own file, another name, a replaced document, the next server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from tests.outcomes.conftest import DRAFT, PACE, SLOW, TARGET, Desk, Desks, ends, pending

from transloop_seeds import consent
from transloop_seeds.store import Store
from transloop_server.jobs import Placed

EDITED = DRAFT.replace("2 * x", "x * 2")


# A file of its own -------------------------------------------------------------------------------


async def test_a_file_that_nobody_looks_at_says_nothing(desk: Desk) -> None:
    desk.place_beside(desk.job())
    await desk.events("shown", "ignored")
    assert Store().seeds() == []


async def test_a_file_that_is_opened_edited_and_saved_is_a_correction(desk: Desk) -> None:
    path = desk.place_beside(desk.job())
    document = desk.open(path.name, path.read_text())
    desk.edit(document, "2 * x", "x * 2")
    desk.save(document)
    _, edited = await desk.events("shown", "edited")
    assert edited.texts["final"] == EDITED


async def test_a_file_that_is_deleted_is_refused(desk: Desk) -> None:
    path = desk.place_beside(desk.job())
    await asyncio.sleep(0.2)
    path.unlink()
    await desk.events("shown", "rejected")
    assert Store().seeds() == []


async def test_a_file_that_is_deleted_while_it_is_open_is_refused(desk: Desk) -> None:
    path = desk.place_beside(desk.job())
    document = desk.open(path.name, path.read_text())
    await asyncio.sleep(0.2)
    path.unlink()
    desk.close(document)
    await desk.events("shown", "rejected")
    assert Store().seeds() == []


async def test_a_file_that_is_deleted_later_is_reverted(desk: Desk) -> None:
    path = desk.place_beside(desk.job())
    document = desk.open(path.name, path.read_text())
    desk.save(document)
    await desk.events("shown", "accepted")
    await asyncio.sleep(1.0)
    path.unlink()
    desk.close(document)
    *_, reverted = await desk.events("shown", "accepted", "reverted")
    assert reverted.texts["draft"] == DRAFT


async def test_a_file_that_the_editor_fills_later_is_the_same(desk: Desk) -> None:
    """VS Code opens a new file empty, and types into it."""
    job = desk.job()
    path = desk.workspace / "double.js"
    path.touch()
    document = desk.open(path.name, "")
    text = job.found[0].code + "\n"
    job.placed = Placed(document.uri, text)
    desk.outcomes.shown(job)
    desk.change(document, 0, 0, text)
    assert not job.edited
    desk.save(document)
    _, accepted = await desk.events("shown", "accepted")
    assert accepted.texts["final"] == DRAFT


@pytest.mark.parametrize("edited", [False, True])
async def test_a_file_that_we_wrote_is_only_kept_if_the_person_wrote_it_too(
    desks: Desks, workspace: Path, edited: bool
) -> None:
    consent.answer("all")
    desk = desks(pace=SLOW)
    path = desk.place_beside(desk.job())
    document = desk.open(path.name, path.read_text())
    if edited:
        desk.edit(document, "2 * x", "x * 2")
        desk.save(document)
    await ends(desk, workspace)
    other = desks(pace=PACE)
    await other.outcomes.restore()
    other.open(path.name, path.read_text())
    await other.events("shown", "edited" if edited else "ignored")


# Another name ------------------------------------------------------------------------------------


async def test_a_rename_by_close_and_open_is_followed(desk: Desk) -> None:
    document, _job = desk.placed()
    desk.save(document)
    text = document.text.text
    desk.close(document)
    (desk.workspace / "a.js").rename(desk.workspace / "b.js")
    renamed = desk.open("b.js", text)
    desk.edit(renamed, "2 * x", "x * 2")
    desk.save(renamed)
    _, edited = await desk.events("shown", "edited")
    assert edited.texts["final"] == EDITED


async def test_a_copy_of_a_file_is_not_the_file(desk: Desk) -> None:
    document, _job = desk.placed()
    text = document.text.text
    desk.close(document)
    copy = desk.open("b.js", text)
    desk.edit(copy, "2 * x", "x * 2")
    desk.save(copy)
    await desk.events("shown", "ignored")


async def test_a_rename_that_the_editor_tells_is_followed(desk: Desk) -> None:
    document, _job = desk.placed()
    text, old = document.text.text, document.uri
    new = (desk.workspace / "b.js").as_uri()
    desk.save(document)
    (desk.workspace / "a.js").rename(desk.workspace / "b.js")
    desk.outcomes.renamed(old, new)
    desk.close(document)
    renamed = desk.open("b.js", text)
    desk.save(renamed)
    _, accepted = await desk.events("shown", "accepted")
    assert accepted.texts["final"] == DRAFT


async def test_a_document_that_is_opened_anew_is_the_same(desk: Desk) -> None:
    """VS Code closes and opens a document when its language is changed."""
    document, _job = desk.placed()
    text = document.text.text
    desk.close(document)
    again = desk.open("a.js", text)
    desk.edit(again, "const one = 1;", "const two = 2;")
    desk.save(again)
    await desk.events("shown", "accepted")


# A document that was replaced --------------------------------------------------------------------


async def test_a_formatter_that_replaces_everything_is_no_edit(desk: Desk) -> None:
    document, job = desk.placed()
    laid_out = DRAFT.replace("(x) {\n", "(x)\n{\n").replace("  return", "    return")
    text = f"/* formatted */\n{TARGET}\n{laid_out}\n/* end */\n"
    whole = document.text.text
    desk.change(document, 0, len(whole), text)
    desk.save(document)  # before it can have been found
    await desk.until(lambda: document.anchors[-1].end - document.anchors[-1].start < len(whole))
    assert job.placed
    assert job.placed.anchor  # what is shown above it moves with it
    assert document.text.text[job.placed.anchor.start :].startswith(laid_out)
    _, accepted = await desk.events("shown", "accepted")
    assert accepted.texts["final"] == laid_out


async def test_a_deletion_and_an_insertion_of_everything_is_no_undo(desk: Desk) -> None:
    document, _job = desk.placed()
    text = f"{TARGET}\n\n{DRAFT}\n\n" + "const more = 1;\n" * 20
    desk.change(document, 0, len(document.text.text), "")
    desk.change(document, 0, 0, text)
    desk.save(document)
    await desk.events("shown", "accepted")


async def test_a_branch_without_it_says_nothing(desk: Desk) -> None:
    document, _job = desk.placed()
    other = "".join(f"const other{n} = {n};\n" for n in range(50))
    desk.change(document, 0, len(document.text.text), other)
    await desk.events("shown", "ignored")


async def test_edits_above_and_below_move_it(desk: Desk) -> None:
    document, job = desk.placed()
    desk.edit(document, "const one = 1;", "import x from 'x';\nconst one = 1;")
    end = len(document.text.text)
    desk.change(document, end, end, "\n\n\nconst later = 1;\n")
    desk.edit(document, "// \U0001f389\n", "")
    assert not job.edited
    desk.save(document)
    _, accepted = await desk.events("shown", "accepted")
    assert accepted.texts["final"] == DRAFT


# The next server ---------------------------------------------------------------------------------


async def test_the_next_server_goes_on(desks: Desks, workspace: Path) -> None:
    consent.answer("all")
    desk = desks(pace=SLOW)
    document, _job = desk.placed()
    desk.edit(document, "2 * x", "x * 2")
    desk.save(document)
    await ends(desk, workspace)
    assert pending() == 1
    other = desks(pace=PACE)
    await other.outcomes.restore()
    again = other.open("a.js", (workspace / "a.js").read_text())
    shown, edited = await other.events("shown", "edited")
    assert edited.row["translation"] == shown.row["translation"]
    assert (edited.texts["draft"], edited.texts["final"]) == (DRAFT, EDITED)
    assert edited.row["verdict"] == "unchecked"
    assert pending() == 0
    other.edit(again, "x * 2", "2 * x")
    other.save(again)
    await other.events("shown", "edited", "accepted")


async def test_the_next_server_finds_it_where_it_was_moved_to(
    desks: Desks, workspace: Path
) -> None:
    consent.answer("all")
    desk = desks(pace=SLOW)
    document, _job = desk.placed()
    desk.save(document)
    await ends(desk, workspace)
    other = desks(pace=PACE)
    moved = (workspace / "a.js").read_text().replace("return 2", "// twice\n  return 2")
    (workspace / "a.js").write_text("// first line\n" * 30 + moved)
    again = other.open("a.js", (workspace / "a.js").read_text())
    await other.outcomes.restore()
    _, accepted = await other.events("shown", "accepted")
    assert accepted.texts["final"] == DRAFT.replace("return 2", "// twice\n  return 2")
    assert again.anchors


async def test_what_was_never_saved_says_nothing(desks: Desks, workspace: Path) -> None:
    consent.answer("all")
    desk = desks(pace=SLOW)
    desk.placed()
    await ends(desk, workspace)
    other = desks(pace=PACE)
    await other.outcomes.restore()
    other.open("a.js", TARGET)
    await other.events("shown", "ignored")


async def test_what_is_restored_and_not_saved_is_not_accepted(
    desks: Desks, workspace: Path
) -> None:
    """An editor may bring back a buffer that was never saved."""
    consent.answer("all")
    desk = desks(pace=SLOW)
    document, _job = desk.placed()
    await ends(desk, workspace)
    other = desks(pace=PACE)
    await other.outcomes.restore()
    other.open("a.js", document.text.text)
    await other.events("shown", "ignored")


async def test_what_nobody_opens_waits_for_a_later_server(desks: Desks, workspace: Path) -> None:
    consent.answer("all")
    desk = desks(pace=SLOW)
    document, _job = desk.placed()
    desk.save(document)
    await ends(desk, workspace)
    other = desks(pace=PACE)
    await other.outcomes.restore()
    await asyncio.sleep(0.5)
    await ends(other, workspace)
    assert pending() == 1
    third = desks(pace=PACE)
    await third.outcomes.restore()
    third.open("a.js", (workspace / "a.js").read_text())
    await third.events("shown", "accepted")


async def test_a_folder_that_is_opened_later_is_looked_into(desks: Desks, workspace: Path) -> None:
    consent.answer("all")
    desk = desks(pace=SLOW)
    document, _job = desk.placed()
    desk.save(document)
    await ends(desk, workspace)
    other = desks(pace=PACE)
    other.session.set_folders([])
    await other.outcomes.restore()
    other.session.set_folders([lsp.WorkspaceFolder(workspace.as_uri(), "workspace")])
    other.open("a.js", (workspace / "a.js").read_text())
    await other.events("shown", "accepted")


async def test_a_server_that_runs_keeps_what_it_follows(desks: Desks) -> None:
    """Two servers in one process here; the store tells them apart by the process alone."""
    consent.answer("all")
    desk = desks(pace=SLOW)
    document, _job = desk.placed()
    await desk.until(lambda: pending() == 1)
    other = desks(pace=PACE)
    await other.outcomes.restore()
    other.open("a.js", document.text.text)
    await asyncio.sleep(0.5)
    await other.events("shown")
