"""A server that is killed while it writes outcomes: nothing committed is lost, what waits goes on.

`KILLS=200` kills so many, one after the other on one store; the default is fewer.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor

from transloop_seeds import consent
from transloop_seeds.store import Store

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("KILLS", "12"))
FUNCTIONS = 4
LONGEST = 1.6
"""Seconds that a server has; what is settled is written after half a second."""
PATIENCE = 60.0


@dataclass
class Seen:
    """What a reader has found committed, while servers wrote and were killed."""

    events: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Kind and translation by number."""
    waiting: set[str] = field(default_factory=set)
    looks: int = 0

    def look(self) -> None:
        """Look now; what was there before must still be there."""
        found, waiting = stored()
        assert self.events.items() <= found.items(), "a committed event is lost"
        settled = {name for kind, name in found.values() if kind != "shown"}
        lost = self.waiting - waiting - settled
        assert not lost, "a translation that waited is lost"
        shown = {name for kind, name in found.values() if kind == "shown"}
        assert shown <= settled | waiting, "of a translation only the beginning is known"
        self.events, self.waiting = found, waiting
        self.looks += 1

    async def until(self, deadline: float) -> None:
        """Look again and again."""
        while time.monotonic() < deadline:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(0.005)


def stored() -> tuple[dict[int, tuple[str, str]], set[str]]:
    """The events, and the translations that wait, in one look."""
    store = Store()
    with store.database.reading() as connection:
        rows = connection.execute("SELECT id, kind, translation FROM events").fetchall()
        names = connection.execute("SELECT translation FROM pending").fetchall()
    store.close()
    return {number: (kind, name) for number, kind, name in rows}, {name for (name,) in names}


def function(number: int, at: int) -> str:
    return f"def f_{number}_{at}(x):\n    return x + {number * FUNCTIONS + at}"


def open_file(editor: Editor, number: int) -> str:
    """A file of its own for each server; the last one's is opened with what it left."""
    path = editor.workspace / f"round_{number}.py"
    if path.exists():
        return editor.show(path.as_uri(), path.read_text(), "python")
    text = "\n\n\n".join(function(number, at) for at in range(FUNCTIONS)) + "\n"
    return editor.open(path.name, text)


async def work(editor: Editor, number: int, choice: random.Random) -> None:
    """Translate, save, edit and undo as fast as the server takes it, until it is killed."""
    uri = open_file(editor, number)
    for at in range(FUNCTIONS):
        job = await editor.translate(uri, function(number, at), "javascript", placement="below")
        await editor.done(job)
        await asyncio.sleep(choice.uniform(0, 0.15))
        what = choice.random()
        if what < 0.2:
            editor.undo(uri)
        elif what < 0.4:
            editor.type(uri, f"def f_{number}_{at}(x)", "async ")
        if what < 0.8:
            editor.save(uri)


async def killed(editor: Editor, number: int, choice: random.Random, seen: Seen) -> None:
    """One server's life."""
    if number:
        open_file(editor, number - 1)
    deadline = time.monotonic() + choice.uniform(0, LONGEST)
    working = asyncio.create_task(work(editor, number, choice))
    await seen.until(deadline)
    editor.process.kill()
    await editor.process.wait()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await editor.ended()


def check_file() -> None:
    """The database is whole."""
    store = Store()
    (found,) = store.database.write(lambda each: each.execute("PRAGMA integrity_check").fetchone())
    assert found == "ok"
    assert store.database.damaged() == []
    store.close()


@pytest.mark.timeout(60 + 10 * KILLS)
async def test_a_server_that_is_killed_loses_nothing(connect: Connect) -> None:
    consent.answer("all")
    seed = random.randrange(10**6)
    choice, seen = random.Random(seed), Seen()
    print(f"seed {seed}")  # noqa: T201 - to do it again
    for number in range(KILLS):
        editor = await connect("vscode", "--quick", learn="all", leaves=False)
        await killed(editor, number, choice, seen)
        seen.look()
        check_file()
    waited = set(seen.waiting)
    last = await connect("vscode", "--quick", learn="all")
    for number in range(KILLS):
        open_file(last, number)
    deadline = time.monotonic() + PATIENCE
    while seen.waiting and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        seen.look()
    assert not seen.waiting, "a translation that waited was not restored"
    counts: dict[str, Any] = dict(Store().counts()["events"])
    print(f"kills {KILLS}, looks {seen.looks}, waited at the end {len(waited)}, events {counts}")  # noqa: T201
    assert counts["shown"] > KILLS / 2
    assert counts.keys() & {"accepted", "edited", "rejected"}
