"""A translation comes before training; and the editor can show what the trainer does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import until

from transloop_model import serving
from transloop_trainer.background.hours import Hours
from transloop_trainer.background.reasons import SERVED, Reasons
from transloop_trainer.background.status import Status
from transloop_trainer.background.supervisor import Supervisor

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"{FUNCTION}\n"


@pytest.fixture
def burning() -> Iterator[psutil.Process]:
    """A child that computes without an end."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        yield psutil.Process(child.pid)
        child.kill()


async def test_what_computes_makes_way_while_a_translation_is_written(
    connect: Connect, burning: psutil.Process
) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", TEXT)
    reasons = Reasons(Hours(), quiet_seconds=0.2)
    with Supervisor(reasons.look, Hours()) as supervisor:
        supervisor.follow(burning.pid)
        job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
        await until(lambda: supervisor.paused, "a pause")
        assert supervisor.paused == SERVED
        await until(lambda: burning.status() == psutil.STATUS_STOPPED, "an effect of it")
        assert serving.busy()
        await editor.go()
        assert (await editor.done(job))["state"] == "done"
        await until(lambda: not supervisor.paused, "its end")
        assert not serving.busy()
        await until(lambda: burning.status() != psutil.STATUS_STOPPED, "more work")


async def test_a_translation_that_is_cancelled_holds_nobody_up(connect: Connect) -> None:
    editor = await connect("vscode", held=True)
    uri = editor.open("shapes.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await until(serving.busy, "the request")
    await editor.run("transloop.cancel", {"job": job})
    assert (await editor.done(job))["state"] == "cancelled"
    assert not serving.busy()


async def test_the_editors_status_says_what_the_trainer_does(connect: Connect) -> None:
    editor = await connect("vscode")
    assert (await editor.run("transloop.status"))["training"] == ""
    status = Status()
    status.update(phase="training", step=3, steps=17)
    assert (await editor.run("transloop.status"))["training"] == "training 3/17"
    status.paused("a translation is being served")
    told = (await editor.run("transloop.status"))["training"]
    assert told == "paused: a translation is being served"
