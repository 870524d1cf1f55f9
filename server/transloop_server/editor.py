"""Talking to the editor: messages, questions, progress, edits. Nothing here waits for ever.

An editor may lack any of it, answer late, or never: each call has a fallback and a time limit, and
says which of them it was.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from lsprotocol import types as lsp
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from transloop_server.client import Client
from transloop_server.documents import Documents

log = logging.getLogger(__name__)
T = TypeVar("T")

WRITING = "transloop/writing"
"""Our notification: the lines of a translation so far, while it is written."""
ANSWER_SECONDS = 10.0
"""How long an answer of the editor to an edit is waited for."""
ARRIVAL_SECONDS = 2.0
"""How long after that answer the change itself is waited for."""
PROGRESS_EVERY = 0.25
"""Each report takes a millisecond of a core that computes, here and in the editor."""
QUESTION_SECONDS = 600.0
"""A person may think about a question for this long."""


class Applied(Enum):
    """What became of an edit."""

    YES = "applied"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class Editor:
    """One connected editor."""

    def __init__(self, server: LanguageServer, documents: Documents) -> None:
        self.server = server
        self.documents = documents
        self.client = Client()
        self._tasks: set[asyncio.Future[object]] = set()

    def tell(self, message: str, kind: lsp.MessageType = lsp.MessageType.Info) -> None:
        """Show a message."""
        self.server.window_show_message(lsp.ShowMessageParams(kind, message))

    async def ask(self, question: str, answers: Sequence[str]) -> str | None:
        """Let the person choose; None if they do not, or if the editor cannot ask."""
        if not self.client.ask:
            self.tell(question)
            return None
        asked = lsp.ShowMessageRequestParams(
            lsp.MessageType.Info, question, [lsp.MessageActionItem(title) for title in answers]
        )
        request = self.server.window_show_message_request_async(asked)
        chosen = await _answer(request, QUESTION_SECONDS)
        return chosen.title if isinstance(chosen, lsp.MessageActionItem) else None

    async def show(self, path: Path) -> bool:
        """Open a file beside what the person works on; False if the editor cannot."""
        if not self.client.show_document:
            return False
        uri = uris.from_fs_path(str(path)) or path.as_uri()
        asked = lsp.ShowDocumentParams(uri, external=False, take_focus=False)
        shown = await _answer(self.server.window_show_document_async(asked), ANSWER_SECONDS)
        return isinstance(shown, lsp.ShowDocumentResult) and shown.success

    async def apply(
        self, edit: lsp.WorkspaceEdit, label: str, arrived: Callable[[], bool]
    ) -> Applied:
        """Send an edit; `arrived` tells whether its effect can be seen.

        Neovim answers `applied` also when it skipped a stale edit, and some editors never answer.
        """
        asked = lsp.ApplyWorkspaceEditParams(edit, label=label)
        answer = await _answer(self.server.workspace_apply_edit_async(asked), ANSWER_SECONDS)
        answered = isinstance(answer, lsp.ApplyWorkspaceEditResult)
        if isinstance(answer, lsp.ApplyWorkspaceEditResult) and not answer.applied:
            return Applied.REFUSED
        if await _until(arrived, ARRIVAL_SECONDS if answered else 0.0):
            return Applied.YES
        return Applied.REFUSED if answered else Applied.UNANSWERED

    async def configuration(self) -> object:
        """The `transloop` section of the editor's settings; None if it does not tell."""
        if not self.client.configuration:
            return None
        asked = lsp.ConfigurationParams([lsp.ConfigurationItem(section="transloop")])
        answer = await _answer(self.server.workspace_configuration_async(asked), ANSWER_SECONDS)
        return answer[0] if isinstance(answer, list | tuple) and answer else None

    def publish(self, uri: str, found: list[lsp.Diagnostic]) -> None:
        """Show these problems of a document instead of those before."""
        self.server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found))

    def stream(self, job: str, text: str) -> None:
        """Show what is written so far, in a client that knows our notification."""
        if self.client.stream:
            self.server.protocol.notify(WRITING, {"job": job, "text": text})

    def refresh_lenses(self) -> None:
        """Ask the editor to fetch the lenses again."""
        if self.client.lens_refresh:
            self.later(_answer(self.server.workspace_code_lens_refresh_async(None), 5.0))

    def progress(self, title: str, cancel: Callable[[], object]) -> Progress:
        """Begin to show progress, which the person can cancel."""
        shown = Progress(self.server, title) if self.client.progress else Progress(None, title)
        if self.client.progress:
            self.later(shown.begin(cancel))
        return shown

    def later(self, awaitable: Awaitable[object]) -> None:
        """Do it beside everything else."""
        task = asyncio.ensure_future(awaitable)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Progress:
    """One work-done progress; does nothing in an editor that cannot show it."""

    def __init__(self, server: LanguageServer | None, title: str) -> None:
        self.server = server
        self.title = title
        self.token = str(uuid4())
        self._shown = False
        self._ended = False
        self._last = 0.0

    async def begin(self, cancel: Callable[[], object]) -> None:
        """Create and begin; `cancel` is called when the person cancels."""
        if self.server is None:
            return
        shown = self.server.work_done_progress
        created = await _answer(shown.create_async(self.token), ANSWER_SECONDS, missing=_MISSING)
        if created is _MISSING:
            return
        if self._ended:
            shown.tokens.pop(self.token, None)
            return
        shown.tokens[self.token].add_done_callback(lambda f: cancel() if f.cancelled() else None)
        shown.begin(
            self.token,
            lsp.WorkDoneProgressBegin(title=self.title, cancellable=True, message="starting"),
        )
        self._shown = True

    def report(self, message: str, *, at_once: bool = False) -> None:
        """Say how far it is, at most four times a second unless it is news."""
        now = time.monotonic()
        due = at_once or now - self._last >= PROGRESS_EVERY
        if self.server and self._shown and due:
            self._last = now
            self.server.work_done_progress.report(
                self.token, lsp.WorkDoneProgressReport(message=message, cancellable=True)
            )

    def end(self, message: str) -> bool:
        """End it; False if nobody could see it."""
        self._ended = True
        if not (self.server and self._shown):
            return False
        self._shown = False
        self.server.work_done_progress.end(self.token, lsp.WorkDoneProgressEnd(message=message))
        self.server.work_done_progress.tokens.pop(self.token, None)  # pygls never removes it
        return True


_MISSING = object()


async def _answer(request: Awaitable[T], seconds: float, missing: object = None) -> object:
    """The client's answer, or `missing` if it refuses or does not answer in time.

    Shielded: cancelling the wait must not cancel pygls' future, whose handler would then fail.
    """
    future = asyncio.ensure_future(request)
    try:
        return await asyncio.wait_for(asyncio.shield(future), seconds)
    except TimeoutError:
        future.add_done_callback(lambda late: late.cancelled() or late.exception())
        return missing
    except JsonRpcException as error:
        log.warning("the editor refused a request: %s", error)
        return missing


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True
