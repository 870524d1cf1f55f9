"""Jobs from the click to the end, in a server without an editor behind it.

Everything that an editor answers is tested in `tests/e2e/test_protocol*.py`.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from transloop_model.echo import EchoEngine
from transloop_model.engine import Request
from transloop_server.flow import Flow
from transloop_server.jobs import KEPT, Job
from transloop_server.session import Session
from transloop_settings.errors import UnitError, UsageError
from transloop_syntax.language import language

TEXT = "def area(r):\n    return r * r\n\n\ndef gcd(a, b):\n    return gcd(b, a % b) if b else a\n"
AREA = lsp.Range(lsp.Position(0, 0), lsp.Position(1, 16))
JAVASCRIPT = language("javascript")


class Sent:
    """Keeps what the server says instead of sending it."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def write(self, data: bytes) -> None:
        _, _, body = data.decode().partition("\r\n\r\n")
        message = json.loads(body)
        if message.get("method") == lsp.WINDOW_SHOW_MESSAGE:
            self.messages.append(message["params"]["message"])

    def close(self) -> None:
        """There is nothing to close."""


def answered(code: str) -> EchoEngine:
    return EchoEngine(lambda request, _: f"{code}\n```")


class Desk:
    """A flow with one open document, and what was said."""

    def __init__(self, folder: Path, engine: EchoEngine) -> None:
        server = LanguageServer("test", "0")
        self.sent = Sent()
        server.protocol.set_writer(self.sent)
        self.session = Session(server, engine)
        self.flow = Flow(self.session)
        self.file = folder / "shapes.py"
        self.uri = self.file.as_uri()
        self.session.documents.open(lsp.TextDocumentItem(self.uri, "python", 1, TEXT))

    def start(self, chosen: lsp.Range = AREA) -> Job:
        return self.flow.start(self.uri, chosen, JAVASCRIPT)

    async def ended(self, job: Job) -> Job:
        """Wait until a job has ended."""
        assert job.task
        await asyncio.wait_for(asyncio.wait([job.task]), 5)
        await asyncio.sleep(0)
        return job


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, answered("let x;"))


async def test_an_editor_that_can_do_nothing_still_gets_a_file(desk: Desk) -> None:
    job = await desk.ended(desk.start())
    assert job.state == "done"
    assert desk.file.with_suffix(".js").read_text() == "let x;\n"
    assert desk.sent.messages == [job.message]
    assert job.message.startswith("Translated to JavaScript")
    assert "not run" in job.message


async def test_a_job_that_is_cancelled_before_its_first_step_ends(desk: Desk) -> None:
    job = desk.start()
    assert desk.flow.cancel(job)
    await desk.ended(job)
    assert (job.state, desk.session.jobs.running()) == ("cancelled", [])
    assert not desk.file.with_suffix(".js").exists()


async def test_only_the_first_of_two_cancels_counts(tmp_path: Path) -> None:
    desk = Desk(tmp_path, EchoEngine(seconds_per_token=0.05))
    job = desk.start()
    await asyncio.sleep(0.02)
    assert [desk.flow.cancel(job), desk.flow.cancel(job)] == [True, False]
    assert (await desk.ended(job)).state == "cancelled"
    assert desk.flow.cancel(job) is False


async def test_a_bug_ends_the_job_and_is_told(tmp_path: Path) -> None:
    def broken(request: Request, candidate: int) -> str:
        raise ZeroDivisionError("oops")

    desk = Desk(tmp_path, EchoEngine(broken))
    job = await desk.ended(desk.start())
    assert job.state == "failed"
    (message,) = desk.sent.messages
    assert message.startswith("transloop has a bug: ZeroDivisionError: oops")


async def test_an_error_that_speaks_is_told_as_it_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answered(""))
    job = await desk.ended(desk.start())
    assert job.state == "failed"
    assert desk.sent.messages == [job.message]
    assert "empty" in job.message


async def test_a_running_job_is_neither_retried_nor_placed_nor_exchanged(tmp_path: Path) -> None:
    desk = Desk(tmp_path, EchoEngine(seconds_per_token=0.05))
    job = desk.start()
    with pytest.raises(UsageError, match="still being translated"):
        desk.flow.after.retry(job)
    with pytest.raises(UsageError, match="still being translated"):
        desk.flow.after.next(job)
    with pytest.raises(UsageError, match="still being translated"):
        desk.flow.after.place(job, "below")
    desk.flow.cancel(job)
    await desk.ended(job)


async def test_a_failed_job_can_be_asked_for_another_answer(tmp_path: Path) -> None:
    answers = iter(["```", "let a;\n```", "let b;\n```", "let c;\n```"])
    desk = Desk(tmp_path, EchoEngine(lambda request, _: next(answers)))
    job = await desk.ended(desk.start())
    assert job.state == "failed"
    desk.flow.after.next(job)
    await desk.ended(job)
    assert (job.state, job.shown) == ("done", 0)
    assert desk.file.with_suffix(".js").read_text() == "let a;\n"


async def test_a_cancelled_job_can_be_tried_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, answered("let x;"))
    job = desk.start()
    desk.flow.cancel(job)
    await desk.ended(job)
    assert desk.flow.after.retry(job) is job
    assert (await desk.ended(job)).state == "done"


async def test_a_job_knows_the_title_and_the_numbers_of_a_status_line(desk: Desk) -> None:
    job = await desk.ended(desk.start())
    assert job.title == "Translating area to JavaScript"
    summary = job.summary()
    assert (summary["names"], summary["target"], summary["state"]) == (
        ["area"],
        "javascript",
        "done",
    )
    assert summary["placed"] == desk.file.with_suffix(".js").as_uri()
    assert summary["tokens"] == job.found[0].stats.tokens > 0
    json.dumps(desk.session.status())


async def test_old_jobs_are_forgotten_with_their_anchors(desk: Desk) -> None:
    jobs = [await desk.ended(desk.start()) for _ in range(KEPT + 3)]
    kept = list(desk.session.jobs)
    assert len(kept) == KEPT + 1
    assert desk.session.jobs.get(jobs[0].id) is None
    assert desk.session.jobs.get(jobs[-1].id) is jobs[-1]
    assert desk.session.documents[desk.uri].anchors == [job.anchor for job in kept]


async def test_running_jobs_are_never_forgotten(tmp_path: Path) -> None:
    desk = Desk(tmp_path, EchoEngine(seconds_per_token=1.0))
    jobs = [desk.start() for _ in range(KEPT + 3)]
    assert desk.session.jobs.running() == jobs
    await desk.session.close()
    assert desk.session.jobs.running() == []


async def test_closing_the_session_stops_every_job(tmp_path: Path) -> None:
    desk = Desk(tmp_path, EchoEngine(seconds_per_token=1.0))
    job = desk.start()
    await asyncio.sleep(0.02)
    await asyncio.wait_for(desk.session.close(), 2)
    assert job.state == "cancelled"


async def test_jobs_of_one_file_that_run_together_get_files_of_their_own(desk: Desk) -> None:
    gcd = lsp.Range(lsp.Position(4, 0), lsp.Position(5, 10))
    jobs = [desk.start(), desk.start(gcd), desk.start()]
    for job in jobs:
        await desk.ended(job)
    names = sorted(path.name for path in desk.file.parent.glob("*.js"))
    assert names == ["shapes.js", "shapes_area.js", "shapes_gcd.js"]


async def test_a_name_that_an_unsaved_document_has_is_not_taken(desk: Desk) -> None:
    unsaved = lsp.TextDocumentItem(desk.file.with_suffix(".js").as_uri(), "javascript", 1, "mine")
    desk.session.documents.open(unsaved)
    job = await desk.ended(desk.start())
    assert job.placed
    assert job.placed.uri.endswith("shapes_area.js")


def test_what_cannot_be_translated_is_refused_before_any_job(desk: Desk) -> None:
    blank = lsp.Range(lsp.Position(3, 0), lsp.Position(3, 0))
    with pytest.raises(UnitError, match="no code at line 4"):
        desk.start(blank)
    with pytest.raises(UsageError, match="This is Python already"):
        desk.flow.start(desk.uri, AREA, language("python"))
    with pytest.raises(UsageError, match="not open"):
        desk.flow.start("file:///elsewhere.py", AREA, JAVASCRIPT)
    assert list(desk.session.jobs) == []
