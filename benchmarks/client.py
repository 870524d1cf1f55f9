"""A language client that keeps the time."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

CAPABILITIES = lsp.ClientCapabilities(
    window=lsp.WindowClientCapabilities(work_done_progress=True),
    workspace=lsp.WorkspaceClientCapabilities(
        workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=True)
    ),
    text_document=lsp.TextDocumentClientCapabilities(
        code_action=lsp.CodeActionClientCapabilities(
            code_action_literal_support=lsp.ClientCodeActionLiteralOptions(
                lsp.ClientCodeActionKindOptions([])
            )
        )
    ),
)


LONGEST = 180.0
"""Seconds after which a benchmark gives up on a server."""


class TimedClient(LanguageClient):
    """One server process and the times at which it said things."""

    def __init__(self) -> None:
        super().__init__("benchmark", "1")
        self.begun: asyncio.Queue[tuple[float, Any]] = asyncio.Queue()
        self.ended: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self.started_in = 0.0
        self.first_text = 0.0
        """When progress first told of text of the model; set it to 0 before a translation."""
        self._register()

    def _register(self) -> None:
        @self.feature(lsp.PROGRESS)
        def progress(params: Any) -> None:
            value = params.value
            kind = value["kind"] if isinstance(value, dict) else value.kind
            if kind == "begin":
                self.begun.put_nowait((time.perf_counter(), params.token))
            elif kind == "report":
                message = value["message"] if isinstance(value, dict) else value.message
                if "tokens/s" in message:
                    self.first_text = self.first_text or time.perf_counter()
            elif kind == "end":
                message = value["message"] if isinstance(value, dict) else value.message
                self.ended.put_nowait((time.perf_counter(), message))

        @self.feature(lsp.WINDOW_WORK_DONE_PROGRESS_CREATE)
        def create(_params: Any) -> None:
            return None

        @self.feature(lsp.WORKSPACE_APPLY_EDIT)
        def apply(_params: Any) -> lsp.ApplyWorkspaceEditResult:
            return lsp.ApplyWorkspaceEditResult(applied=False, failure_reason="benchmark")

        @self.feature(lsp.WINDOW_SHOW_MESSAGE)
        def message(_params: Any) -> None:
            return None

    async def begin(self, environment: dict[str, str]) -> None:
        """Start the server and wait until it is initialized; the time is `started_in`."""
        began = time.perf_counter()
        await self.start_io(
            sys.executable,
            "-P",
            "-m",
            "transloop",
            "lsp",
            env={**os.environ, "TRANSLOOP_VERIFY__MODE": "off", **environment},
        )
        await self.initialize_async(
            lsp.InitializeParams(process_id=os.getpid(), capabilities=CAPABILITIES)
        )
        self.initialized(lsp.InitializedParams())
        self.started_in = time.perf_counter() - began
        gc.freeze()  # an editor has no collector that would count against the server

    def open(self, path: Path, text: str) -> str:
        """Open a Python document."""
        item = lsp.TextDocumentItem(path.as_uri(), "python", 1, text)
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return path.as_uri()

    async def translate(self, uri: str, line: int, **more: Any) -> None:
        """Ask for the translation of the unit at a line."""
        at = {"line": line, "character": 4}
        argument = {"uri": uri, "range": {"start": at, "end": at}, "target": "javascript", **more}
        await self.workspace_execute_command_async(
            lsp.ExecuteCommandParams("transloop.translate", [argument])
        )

    async def begun_next(self) -> tuple[float, Any]:
        """When the next progress began, and its token."""
        return await asyncio.wait_for(self.begun.get(), LONGEST)

    async def ended_next(self) -> tuple[float, str]:
        """When the next progress ended, and with which words."""
        return await asyncio.wait_for(self.ended.get(), LONGEST)

    async def status(self) -> Any:
        """What `transloop.status` answers."""
        return await self.workspace_execute_command_async(
            lsp.ExecuteCommandParams("transloop.status", [])
        )

    async def finish(self) -> None:
        """Shut the server down."""
        await self.shutdown_async(None)
        self.exit(None)
        await self.stop()
