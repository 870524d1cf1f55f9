"""A correction that the next server finds: it is run as it stands, as soon as that is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.outcomes.conftest import DRAFT, SLOW, Desk, Desks, ends

from transloop_seeds import consent
from transloop_server.outcomes.watch import Pace

STAYS = Pace(regret=1.0, grace=0.1, settle=0.2, reopen=0.2, surveys=(300.0,))
"""Corrections are told at once, and followed for longer than the test looks."""
RIGHT, WRONG = DRAFT.replace("2 * x", "x * 2"), DRAFT.replace("2 * x", "x - 2")


async def _restored(desks: Desks, workspace: Path, final: str, trusted: bool | None) -> Desk:
    """The second of two servers, between which a person has changed a translation on the disk."""
    consent.answer("all")
    first = desks(pace=SLOW)
    document, _ = first.placed()
    first.save(document)
    await ends(first, workspace)
    target = workspace / "a.js"
    target.write_text(target.read_text().replace(DRAFT, final))
    second = desks(pace=STAYS)
    if trusted is not None:
        second.session.trust.remember(workspace, trusted)
    await second.outcomes.restore()
    second.open("a.js", target.read_text())
    return second


@pytest.mark.parametrize(("final", "verdict"), [(RIGHT, "verified"), (WRONG, "failed")])
async def test_it_is_judged_by_what_its_source_does(
    desks: Desks, workspace: Path, final: str, verdict: str
) -> None:
    desk = await _restored(desks, workspace, final, trusted=True)
    _, edited = await desk.events("shown", "edited")
    assert edited.texts["final"] == final
    assert edited.row["verdict"] == verdict
    evidence = edited.texts["details"]["evidence"]
    assert evidence["cases"] > evidence["held_out"] > 0
    assert ("counterexample" in evidence) == (verdict == "failed")


async def test_a_source_that_is_gone_is_run_as_it_was_kept(desks: Desks, workspace: Path) -> None:
    consent.answer("all")
    first = desks(pace=SLOW)
    document, _ = first.placed()
    first.edit(document, DRAFT, RIGHT)
    first.save(document)
    await ends(first, workspace)
    (workspace / "app.py").unlink()
    second = desks(pace=STAYS)
    second.session.trust.remember(workspace, True)
    await second.outcomes.restore()
    second.open("a.js", (workspace / "a.js").read_text())
    _, edited = await second.events("shown", "edited")
    assert edited.row["verdict"] == "verified"


async def test_it_is_judged_once_its_folder_is_trusted(desks: Desks, workspace: Path) -> None:
    desk = await _restored(desks, workspace, RIGHT, trusted=None)
    _, edited = await desk.events("shown", "edited")
    assert edited.row["verdict"] == "unchecked"
    desk.session.trust.remember(workspace, True)
    _, _, judged = await desk.events("shown", "edited", "edited")
    assert judged.row["verdict"] == "verified"
    assert judged.row["translation"] == edited.row["translation"]
    assert judged.texts["final"] == edited.texts["final"]


async def test_nothing_is_run_where_that_is_refused(desks: Desks, workspace: Path) -> None:
    desk = await _restored(desks, workspace, WRONG, trusted=False)
    _, edited = await desk.events("shown", "edited")
    assert edited.row["verdict"] == "unchecked"
    desk.session.trust.remember(workspace, False)
    await desk.events("shown", "edited")


async def test_what_is_changed_before_its_folder_is_trusted_is_judged_as_it_became(
    desks: Desks, workspace: Path
) -> None:
    desk = await _restored(desks, workspace, WRONG, trusted=None)
    await desk.events("shown", "edited")
    document = desk.session.documents[(workspace / "a.js").as_uri()]
    desk.edit(document, "x - 2", "x + x")
    desk.session.trust.remember(workspace, True)
    desk.save(document)
    _, _, edited = await desk.events("shown", "edited", "edited")
    assert (edited.row["verdict"], "x + x" in edited.texts["final"]) == ("verified", True)
