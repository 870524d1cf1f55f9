"""A session without an editor, in which translations are placed, edited and saved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from transloop_model.engine import GREEDY
from transloop_seeds import consent
from transloop_seeds.store import Store
from transloop_seeds.views import Logged
from transloop_server.documents import Anchor, Document
from transloop_server.jobs import Job, Placed
from transloop_server.outcomes.outcomes import Outcomes
from transloop_server.outcomes.watch import Pace
from transloop_server.session import Session
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import unit_at
from transloop_translate.translation import Stats, Translation, Work

PACE = Pace(regret=1.0, grace=0.1, settle=0.2, reopen=0.2, surveys=(0.3, 0.5, 1.0, 2.0))
"""Ten to three hundred times as fast as a person's."""
SLOW = Pace(regret=1.0, grace=0.1, settle=60.0, reopen=60.0, surveys=(300.0, 600.0))
"""Nothing is decided while the test looks."""
PATIENCE = 60.0

PYTHON = "def double(x):\n    return 2 * x"
DRAFT = "function double(x) {\n  return 2 * x;\n}"
OTHER = "function double(x) {\n  return x + x;\n}"
SOURCE = f"# \U0001f389\n\n\n{PYTHON}\n\n\nx = 1\n"
TARGET = "// \U0001f389\n\nconst one = 1;\n"


class Told(LanguageServer):
    """A server without an editor; it remembers what would be shown."""

    def __init__(self) -> None:
        super().__init__("test", "0")
        self.messages: list[str] = []

    def window_show_message(self, params: lsp.ShowMessageParams) -> None:
        self.messages.append(params.message)


class Desk:
    """One server's session, with what the person and the editor do in it."""

    def __init__(self, workspace: Path, pace: Pace = PACE) -> None:
        self.server = Told()
        self.workspace = workspace
        self.session = Session(self.server)
        folder = lsp.WorkspaceFolder(workspace.as_uri(), "workspace")
        self.session.set_folders([folder])
        self.changed: list[str] = []
        self.outcomes = Outcomes(self.session, lambda job: self.changed.append(job.id), pace)
        self.undo: list[tuple[str, str]] = []

    # The editor

    def open(self, name: str, text: str, spoken: str = "javascript") -> Document:
        """Open a document; it is on the disk too."""
        path = self.workspace / name
        if not path.exists():
            path.write_bytes(text.encode())
        item = lsp.TextDocumentItem(path.as_uri(), spoken, 1, text)
        self.session.documents.open(item)
        document = self.session.documents[item.uri]
        self.outcomes.opened(document)
        return document

    def edit(self, document: Document, was: str, now: str) -> None:
        """Replace a piece of text."""
        start = document.text.text.index(was)
        self.change(document, start, start + len(was), now)

    def change(self, document: Document, start: int, end: int, text: str) -> None:
        """One change, as an editor tells it."""
        range_ = document.text.range(start, end)
        change = lsp.TextDocumentContentChangePartial(range_, text)
        document.change((document.version or 0) + 1, [change])
        self.outcomes.changed_in(document)

    def replace(self, document: Document, text: str) -> None:
        """The whole document, as an editor without ranges tells it."""
        whole = lsp.TextDocumentContentChangeWholeDocument(text)
        document.change((document.version or 0) + 1, [whole])
        self.outcomes.changed_in(document)

    def save(self, document: Document) -> None:
        """To the disk."""
        assert document.path
        document.path.write_bytes(document.text.text.encode())
        self.outcomes.saved(document)

    def close(self, document: Document) -> None:
        """As the server's handler does it."""
        self.outcomes.closed(document)
        self.session.documents.close(document.uri)

    # The server

    def job(self, name: str = "app.py") -> Job:
        """A finished job with two candidates, of which none is placed."""
        path = self.workspace / name
        document = self.session.documents.get(path.as_uri()) or self.open(name, SOURCE, "python")
        source = Source(document.text.text, language("python"))
        at = document.text.text.index(PYTHON)
        unit = unit_at(source, at, at + len(PYTHON))
        work = Work(unit, language("javascript"), Sampling())
        job = Job(self.session.jobs.next_id(), document.uri, PYTHON, Anchor(0, 0), work, "below")
        stats = Stats(first_token_seconds=0.5, seconds=2.0, tokens=20)
        job.found = [
            Translation(unit, "javascript", code, GREEDY, stats=stats) for code in (DRAFT, OTHER)
        ]
        job.state = "done"
        self.session.jobs.add(job)
        return job

    def place(self, job: Job, document: Document) -> None:
        """Put the shown candidate behind everything in a document."""
        code = job.found[job.shown].code
        end = len(document.text.text)
        lead = "\n\n"
        self.change(document, end, end, lead + code)
        anchor = Anchor(end + len(lead), end + len(lead) + len(code))
        document.anchors.append(anchor)
        job.placed = Placed(document.uri, code, anchor, lead)
        self.outcomes.shown(job)

    def placed(self) -> tuple[Document, Job]:
        """A translation in a document that was opened for it."""
        document, job = self.open("a.js", TARGET), self.job()
        self.place(job, document)
        return document, job

    def place_beside(self, job: Job, name: str = "double.js") -> Path:
        """Put the shown candidate into a file of its own."""
        path = self.workspace / name
        text = job.found[job.shown].code + "\n"
        path.write_text(text)
        job.placed = Placed(path.as_uri(), text)
        self.outcomes.shown(job)
        return path

    def take_out(self, job: Job, document: Document) -> None:
        """Undo the placing."""
        assert job.placed
        assert job.placed.anchor
        anchor = job.placed.anchor
        start = anchor.start - len(job.placed.lead)
        self.change(document, start, anchor.end, "")

    # What is stored

    async def events(self, *kinds: str) -> list[Logged]:
        """Wait until the log holds exactly these kinds of event, and look a little longer."""
        deadline = time.monotonic() + PATIENCE
        while len(found := await asyncio.to_thread(logged)) < len(kinds):
            assert time.monotonic() < deadline, [each.row["kind"] for each in found]
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        found = await asyncio.to_thread(logged)
        assert [each.row["kind"] for each in found] == list(kinds)
        return found

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


def logged() -> list[Logged]:
    """Everything in the log."""
    return Store().events()


def pending() -> int:
    """How many translations wait."""
    return int(Store().counts()["pending"])


async def ends(desk: Desk, path: Path) -> None:
    """The server is gone; what it followed belongs to nobody."""
    await desk.outcomes.close()
    store = Store()
    store.database.write(lambda each: each.execute("UPDATE pending SET owner = '1:0'").rowcount)
    store.close()


Desks = Callable[..., Desk]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
async def desks(workspace: Path) -> AsyncIterator[Desks]:
    """Servers that are closed at the end of the test."""
    made: list[Desk] = []

    def another(**given: Any) -> Desk:
        made.append(Desk(workspace, **given))
        return made[-1]

    yield another
    for desk in made:
        await desk.outcomes.close()
        await desk.session.close()


@pytest.fixture
def desk(desks: Desks) -> Desk:
    """One, whose person has agreed to everything."""
    consent.answer("all")
    return desks()
