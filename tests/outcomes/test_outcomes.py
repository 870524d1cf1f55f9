"""From what the editor tells of its documents to the events and the seeds in the store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.outcomes.conftest import (
    DRAFT,
    OTHER,
    PYTHON,
    TARGET,
    Desk,
    Desks,
    pending,
)

from transloop_seeds import consent
from transloop_seeds.store import Store

EDITED = DRAFT.replace("2 * x", "x * 2")


async def test_what_is_saved_as_it_is_was_accepted(desk: Desk) -> None:
    document, _job = desk.placed()
    desk.save(document)
    shown, accepted = await desk.events("shown", "accepted")
    assert shown.texts["draft"] == DRAFT
    assert shown.texts["source"] == PYTHON
    assert accepted.texts["final"] == DRAFT
    assert shown.row["translation"] == accepted.row["translation"]
    assert accepted.row["explicit"] == 0
    assert accepted.row["prompt"] == "1"
    assert json.loads(accepted.row["latency"]) == {"first_token": 0.5, "code": 2.0}
    assert accepted.texts["details"]["path"] == "app.py"
    (seed,) = Store().seeds()
    assert (seed.code, seed.translation, seed.origin) == (PYTHON, DRAFT, "accepted")
    assert pending() == 0


async def test_what_is_changed_and_saved_is_a_correction(desk: Desk) -> None:
    document, job = desk.placed()
    desk.edit(document, "2 * x", "x * 2")
    assert job.edited
    desk.save(document)
    _, edited = await desk.events("shown", "edited")
    assert (edited.texts["draft"], edited.texts["final"]) == (DRAFT, EDITED)
    assert edited.row["verdict"] == "unchecked"
    assert edited.texts["details"]["evidence"]["reason"] == "it was edited, and not run again"
    (seed,) = Store().seeds()
    assert (seed.translation, seed.draft, seed.origin) == (EDITED, DRAFT, "corrected")


async def test_a_formatter_is_no_edit(desk: Desk) -> None:
    document, job = desk.placed()
    laid_out = "function double(x)\n{\n    return 2 * x // twice\n}"
    desk.edit(document, DRAFT, laid_out)
    desk.save(document)
    _, accepted = await desk.events("shown", "accepted")
    assert accepted.texts["final"] == laid_out
    assert not job.edited


async def test_a_later_correction_is_a_further_event(desk: Desk) -> None:
    document, _job = desk.placed()
    desk.save(document)
    await desk.events("shown", "accepted")
    desk.edit(document, "2 * x", "x * 2")
    desk.save(document)
    *_, edited = await desk.events("shown", "accepted", "edited")
    assert edited.texts["final"] == EDITED
    assert [each.translation for each in Store().seeds()] == [EDITED]


async def test_how_much_survives_is_written_at_the_end(desk: Desk) -> None:
    document, _job = desk.placed()
    desk.save(document)
    *_, survived = await desk.events("shown", "accepted", "survived")
    measures = survived.texts["details"]["evidence"]["survival"]
    assert measures == {"at_save": 1.0, "at_0.3": 1.0, "at_0.5": 1.0, "at_1": 1.0, "at_2": 1.0}


async def test_an_undo_is_a_refusal(desk: Desk) -> None:
    document, job = desk.placed()
    desk.take_out(job, document)
    assert document.text.text == TARGET
    _, rejected = await desk.events("shown", "rejected")
    assert (rejected.texts["draft"], rejected.row["explicit"]) == (DRAFT, 0)
    assert Store().seeds() == []
    assert pending() == 0


async def test_what_is_taken_out_needs_no_further_word(desk: Desk) -> None:
    document, job = desk.placed()
    assert not job.decided
    desk.take_out(job, document)
    await desk.until(lambda: job.decided)
    assert desk.changed[-1] == job.id


async def test_an_undo_that_is_told_as_a_whole_document_is_one_too(desk: Desk) -> None:
    document, _job = desk.placed()
    desk.replace(document, TARGET)
    await desk.events("shown", "rejected")
    assert Store().seeds() == []


async def test_a_redo_is_as_if_nothing_had_happened(desk: Desk) -> None:
    document, job = desk.placed()
    with_it = document.text.text
    desk.take_out(job, document)
    await asyncio.sleep(0)
    end = len(TARGET)
    desk.change(document, end, end, with_it[end:])
    assert document.text.text == with_it
    desk.save(document)
    await desk.events("shown", "accepted")


async def test_what_stood_for_a_while_and_is_taken_out_is_reverted(desk: Desk) -> None:
    document, job = desk.placed()
    desk.save(document)
    await desk.events("shown", "accepted")
    assert len(Store().seeds()) == 1
    await asyncio.sleep(1.0)
    desk.take_out(job, document)
    await desk.events("shown", "accepted", "reverted")
    assert Store().seeds() == []


async def test_an_undo_of_a_replacement_brings_the_original_back(desk: Desk) -> None:
    document, job = desk.open("a.js", f"{TARGET}{PYTHON}\n"), desk.job()
    start = document.text.text.index(PYTHON)
    desk.change(document, start, start + len(PYTHON), DRAFT)
    desk.place(job, document)  # anywhere, to have a `placed`
    assert job.placed
    assert job.placed.anchor
    job.placed.anchor.start, job.placed.anchor.end = start, start + len(DRAFT)
    job.placed.lead, job.placed.replaced = "", PYTHON
    desk.outcomes.shown(job)
    await desk.events("shown", "superseded", "shown")
    desk.edit(document, DRAFT, PYTHON)
    await desk.events("shown", "superseded", "shown", "rejected")


async def test_nothing_at_all_says_nothing(desk: Desk) -> None:
    desk.placed()
    _, ignored = await desk.events("shown", "ignored")
    assert ignored.texts["draft"] == DRAFT
    assert Store().seeds() == []


async def test_closed_without_a_save_says_nothing(desk: Desk) -> None:
    document, _job = desk.placed()
    desk.close(document)
    await desk.events("shown", "ignored")
    assert Store().seeds() == []


async def test_another_candidate_supersedes(desk: Desk) -> None:
    document, job = desk.placed()
    assert job.placed
    assert job.placed.anchor
    start = job.placed.anchor.start
    job.placing = True
    desk.edit(document, DRAFT, OTHER)
    job.placing, job.shown = False, 1
    job.placed.text = OTHER
    job.placed.anchor.start, job.placed.anchor.end = start, start + len(OTHER)
    desk.outcomes.shown(job)
    assert not job.edited
    desk.save(document)
    one, superseded, other, accepted = await desk.events("shown", "superseded", "shown", "accepted")
    assert superseded.row["translation"] == one.row["translation"]
    assert superseded.row["superseded_by"] == other.row["translation"]
    assert accepted.texts["final"] == OTHER


async def test_an_explicit_yes_ends_it_at_once(desk: Desk) -> None:
    document, job = desk.placed()
    desk.outcomes.accept(job)
    _, accepted = await desk.events("shown", "accepted")
    assert accepted.row["explicit"] == 1
    desk.take_out(job, document)
    desk.save(document)
    await asyncio.sleep(0.4)
    await desk.events("shown", "accepted")


async def test_an_explicit_yes_to_what_was_edited_is_a_correction(desk: Desk) -> None:
    document, job = desk.placed()
    desk.edit(document, "2 * x", "x * 2")
    desk.outcomes.accept(job)
    _, edited = await desk.events("shown", "edited")
    assert (edited.texts["final"], edited.row["explicit"]) == (EDITED, 1)


async def test_an_explicit_no_is_one_event(desk: Desk) -> None:
    document, job = desk.placed()
    desk.outcomes.reject(job)
    desk.take_out(job, document)  # by the server, afterwards
    await asyncio.sleep(0.4)
    _, rejected = await desk.events("shown", "rejected")
    assert rejected.row["explicit"] == 1


async def test_jobs_that_show_nothing_are_told_too(desk: Desk) -> None:
    one, other = desk.job(), desk.job()
    one.state, other.state, other.message = "cancelled", "failed", "it was cut off"
    desk.outcomes.ended(one)
    desk.outcomes.ended(other)
    cancelled, failed = await desk.events("cancelled", "failed")
    assert cancelled.texts["source"] == PYTHON
    assert failed.texts["details"]["reason"] == "it was cut off"


async def test_nothing_is_learned_from_a_run_that_is_not_to_be(desk: Desk) -> None:
    document, job = desk.placed()
    desk.save(document)
    await desk.events("shown", "accepted")
    desk.outcomes.forget_run(job)
    await desk.until(lambda: Store().seeds() == [])
    assert desk.outcomes.allowed(job).level == "off"
    desk.edit(document, "2 * x", "x * 2")
    desk.save(document)
    await asyncio.sleep(0.5)
    kinds = [each.row["kind"] for each in Store().events()]
    assert kinds == ["shown", "accepted", "forgotten"]
    assert all(not each.texts for each in Store().events())


async def test_without_consent_nothing_is_written_and_with_it_the_next_is(desks: Desks) -> None:
    desk = desks()
    document, job = desk.open("a.js", TARGET), desk.job()
    assert desk.outcomes.allowed(document).reason == "you were not asked yet"
    desk.place(job, document)
    await asyncio.sleep(0.1)
    assert Store().events() == []
    consent.answer("all")
    assert desk.outcomes.allowed(document).level == "all"
    desk.edit(document, "2 * x", "x * 2")
    await desk.until(lambda: pending() == 1)
    desk.save(document)
    (edited,) = await desk.events("edited")
    assert edited.texts["final"] == EDITED


async def test_without_code_only_what_happened_is_kept(desks: Desks) -> None:
    consent.answer("no-code")
    desk = desks()
    document, _job = desk.placed()
    desk.save(document)
    shown, accepted = await desk.events("shown", "accepted")
    assert (shown.texts, accepted.texts) == ({}, {})
    assert json.loads(accepted.row["measures"]) == {"survival": {"at_save": 1.0}}
    assert pending() == 0


async def test_an_ignored_file_on_either_side_is_enough(desk: Desk) -> None:
    (desk.workspace / ".transloopignore").write_text("secret*\n")
    document, job = desk.open("secret.js", TARGET), desk.job()
    desk.place(job, document)
    assert "secret.js is ignored" in desk.outcomes.allowed(job).reason
    desk.save(document)
    await asyncio.sleep(0.5)
    assert Store().events() == []
    assert desk.server.messages == []


async def test_an_indented_translation_is_kept_without_its_indentation(desk: Desk) -> None:
    document, job = desk.open("a.js", "class A {\n"), desk.job()
    indented = "\n".join(f"    {line}" for line in EDITED.splitlines())
    desk.place(job, document)
    desk.edit(document, DRAFT, indented)
    desk.save(document)
    _, edited = await desk.events("shown", "edited")
    assert edited.texts["final"] == EDITED


async def test_fifty_are_followed_at_once(desk: Desk) -> None:
    document = desk.open("a.js", TARGET)
    jobs = [desk.job() for _ in range(50)]
    for job in jobs:
        desk.place(job, document)
    desk.save(document)
    await desk.until(lambda: Store().counts()["events"].get("accepted") == 50)
    assert pending() == 0


async def test_a_server_that_has_nothing_to_write_makes_no_store(desk: Desk, home: Path) -> None:
    await desk.outcomes.restore()
    desk.open("a.js", TARGET)
    await desk.outcomes.close()
    assert not (home / "seeds").exists()


async def test_what_is_asked_of_it_after_its_end_is_nothing(desk: Desk) -> None:
    """Jobs are cancelled because the server ends, which nobody has asked for."""
    job = desk.job()
    await desk.outcomes.close()
    job.state = "cancelled"
    desk.outcomes.ended(job)
    await desk.outcomes.close()
    assert Store().events() == []


async def test_what_is_superseded_while_it_is_compared_is_superseded_in_the_end(desk: Desk) -> None:
    _document, job = desk.placed()
    each = desk.outcomes._last[job.id]
    async with each.turn:  # something is being found out about it
        job.shown = 1
        desk.outcomes.shown(job)
    kinds = [each.row["kind"] for each in await desk.events("shown", "shown", "superseded")]
    assert kinds[-1] == "superseded"
