"""A missing model is offered with its size and licence; nothing is fetched without a yes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lsprotocol import types as lsp

from transloop_model import catalog
from transloop_model.catalog import Entry
from transloop_server.editor import Editor, Progress

YES, NO = "Download it", "Not now"


def offered(model: str) -> Entry | None:
    """The catalog's row of a model that is not here and can be pulled."""
    row = catalog.entries().get(model)
    return row if row and row.sha256 and row.bytes and not row.installed() else None


def question(row: Entry) -> str:
    """What is asked before anything is fetched."""
    size = f"{(row.bytes or 0) / 1e6:,.0f} MB"
    return (
        f"The model {row.id} is not on this machine. Download it once? {size}, licence "
        f"{row.licence}. Afterwards no network is needed, and your code stays here."
    )


class Offering:
    """The offers of one session; one model is pulled at a time."""

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self._one = asyncio.Lock()
        self._process: Process | None = None

    async def offer(self, row: Entry, otherwise: str) -> bool:
        """Ask, and pull; whether the model is here now. `otherwise` is said without a yes."""
        async with self._one:
            if row.installed():  # an offer before this one was accepted
                return True
            if await self.editor.ask(question(row), (YES, NO)) != YES:
                self.editor.tell(otherwise, lsp.MessageType.Error)
                return False
            return row.installed() or await self._pull(row)

    def close(self) -> None:
        """End what is being pulled; the next pull goes on where it was."""
        if self._process:
            _end(self._process)

    async def _pull(self, row: Entry) -> bool:
        command = [sys.executable, "-P", "-m", "transloop_model.pulling", row.id]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
        self._process = process
        shown = self.editor.progress(f"Downloading {row.id}", lambda: _end(process))
        try:
            why = await _followed(process, shown)
        finally:
            _end(process)
        if row.installed():
            shown.end(f"{row.id} is ready.")
            return True
        shown.end(why or "Nothing was downloaded.")
        if why:
            self.editor.tell(why, lsp.MessageType.Error)
        return False


async def _followed(process: Process, shown: Progress) -> str:
    """Why a pull has failed; nothing where it has not, or was cancelled."""
    why = ""
    assert process.stdout  # noqa: S101 - it was started with a pipe
    async for line in process.stdout:
        with suppress(ValueError):
            told = json.loads(line)
            why = told.get("error", why)
            if told.get("total"):
                shown.report(how_far(told))
    await process.wait()
    return why


def how_far(told: Mapping[str, Any]) -> str:
    """A line of the pull, in words: what was fetched is read once more, for its digest."""
    checking = "checking " if told["source"] == "check" else ""
    return f"{checking}{told['done'] / 1e6:,.0f} of {told['total'] / 1e6:,.0f} MB"


def _end(process: Process) -> None:
    """End it, with the pip that it may have started."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGTERM)
