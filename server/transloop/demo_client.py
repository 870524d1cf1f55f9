"""A small editor: it speaks LSP with the real language server and puts its edits on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from lsprotocol import types as lsp
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient
from pygls.protocol import default_converter

from transloop import __version__
from transloop_server.documents import Text
from transloop_settings.errors import TransloopError, UsageError
from transloop_syntax.language import Language, language_for

T = TypeVar("T")

ANSWER_SECONDS = 30.0
"""Every request of the demo is answered at once, or something is broken."""


class Editor(LanguageClient):
    """What VS Code can do, as far as a translation needs it."""

    def __init__(self) -> None:
        super().__init__("transloop-demo", __version__, converter_factory=_converter)
        self.messages: list[str] = []
        self.answers: dict[str, str] = {}
        """What the person says, by a part of the question; else nothing."""
        self.last_words = ""
        self.news = asyncio.Event()
        _listen(self)

    def open_file(self, path: Path) -> str:
        """Open a file in the server; its URI."""
        spoken = language_for(path)
        uri = uris.from_fs_path(str(path)) or path.as_uri()
        id_ = spoken.lsp_ids[0] if spoken else "plaintext"
        item = lsp.TextDocumentItem(uri, id_, 1, path.read_text("utf-8"))
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return uri

    def retype(self, uri: str, text: str) -> None:
        """Change the whole text of an open file as a person would, and save it."""
        self.path_of(uri).write_bytes(text.encode())
        changes: list[lsp.TextDocumentContentChangeEvent] = [
            lsp.TextDocumentContentChangeWholeDocument(text)
        ]
        identifier = lsp.VersionedTextDocumentIdentifier(version=2, uri=uri)
        self.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, changes))
        saved = lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri))
        self.text_document_did_save(saved)

    def text_of(self, uri: str) -> str:
        """What is in a file now."""
        return self.path_of(uri).read_bytes().decode()

    def path_of(self, uri: str) -> Path:
        """The file of a URI."""
        return Path(uris.to_fs_path(uri) or "")

    async def translate(self, uri: str, rows: tuple[int, int], target: Language) -> dict[str, Any]:
        """Pick "Translate to ..." from the menu at these rows; the server's summary of the job."""
        here = lsp.Range(lsp.Position(rows[0], 0), lsp.Position(rows[1] + 1, 0))
        asked = lsp.CodeActionParams(
            lsp.TextDocumentIdentifier(uri), here, lsp.CodeActionContext(diagnostics=[])
        )
        menu = await self._answer(self.text_document_code_action_async(asked)) or ()
        title = f"Translate to {target.name}"
        chosen = next((line for line in menu if line.title == title), None)
        if not isinstance(chosen, lsp.CodeAction) or chosen.command is None:
            raise UsageError(f"The server does not offer “{title}” here.")
        begun = await self.command(chosen.command.command, *(chosen.command.arguments or ()))
        if "error" in begun:
            return {"state": "failed", "message": begun["error"]}
        return await self._end_of(begun["job"])

    async def _end_of(self, job: str) -> dict[str, Any]:
        while True:
            self.news.clear()
            status = await self.command("transloop.status")
            found: dict[str, Any] = next(each for each in status["jobs"] if each["id"] == job)
            if found["state"] != "running":
                return found
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), 0.5)

    async def command(self, name: str, *arguments: Any) -> dict[str, Any]:
        """Run a command of the server."""
        asked = lsp.ExecuteCommandParams(name, arguments=list(arguments))
        answer = await self._answer(self.workspace_execute_command_async(asked))
        return dict(answer or {})

    async def _answer(self, request: Awaitable[T]) -> T:
        try:
            return await asyncio.wait_for(request, ANSWER_SECONDS)
        except (RuntimeError, TimeoutError, JsonRpcException) as error:  # the first: it ended
            raise TransloopError(
                f"The language server does not answer: {error or 'too slow'}. {self.last_words}",
                "Run: transloop doctor",
            ) from error

    async def server_exit(self, server: asyncio.subprocess.Process) -> None:
        """Keep what the server said last."""
        if server.stderr:
            self.last_words = (await server.stderr.read()).decode("utf-8", "replace")[-2000:]

    async def leave(self) -> None:
        """Shut the server down; kill it if it does not go."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if not self.stopped:
                    await self.shutdown_async(None)
                    self.exit(None)
                await self.stop()  # type: ignore[no-untyped-call]
        except (RuntimeError, TimeoutError, JsonRpcException):
            if self._server and self._server.returncode is None:
                self._server.kill()


def _listen(editor: Editor) -> None:
    """What the server may ask for, and what it tells."""

    def apply(params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
        try:
            for change in params.edit.document_changes or ():
                _put_on_disk(change)
        except OSError as error:
            return lsp.ApplyWorkspaceEditResult(applied=False, failure_reason=str(error))
        return lsp.ApplyWorkspaceEditResult(applied=True)

    def show(_params: lsp.ShowDocumentParams) -> lsp.ShowDocumentResult:
        return lsp.ShowDocumentResult(success=True)

    def message(params: lsp.ShowMessageParams) -> None:
        editor.messages.append(params.message)
        editor.news.set()

    def ask(params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
        known = (said for part, said in editor.answers.items() if part in params.message)
        answer = next(known, None)
        return lsp.MessageActionItem(answer) if answer else None

    editor.feature(lsp.WINDOW_SHOW_MESSAGE_REQUEST)(ask)
    editor.feature(lsp.WORKSPACE_APPLY_EDIT)(apply)
    editor.feature(lsp.WINDOW_SHOW_DOCUMENT)(show)
    editor.feature(lsp.WINDOW_SHOW_MESSAGE)(message)
    editor.feature(lsp.WINDOW_LOG_MESSAGE)(lambda params: None)
    editor.feature(lsp.WINDOW_WORK_DONE_PROGRESS_CREATE)(lambda params: None)
    editor.feature(lsp.PROGRESS)(lambda params: editor.news.set())


@contextlib.asynccontextmanager
async def editor_with_server(
    folder: Path, settings: dict[str, Any] | None = None, **environment: str
) -> AsyncIterator[Editor]:
    """An editor whose workspace is `folder`, with this installation's language server."""
    editor = Editor()
    command = [sys.executable, "-P", "-m", "transloop", "lsp"]
    await editor.start_io(*command, cwd=folder, env={**os.environ, **environment})
    try:
        await editor._answer(editor.initialize_async(_hello(folder, settings or {})))
        editor.initialized(lsp.InitializedParams())
        yield editor
    finally:
        await editor.leave()


def _hello(folder: Path, settings: dict[str, Any]) -> lsp.InitializeParams:
    return lsp.InitializeParams(
        capabilities=_capabilities(),
        process_id=os.getpid(),
        workspace_folders=[lsp.WorkspaceFolder(folder.as_uri(), folder.name)],
        initialization_options={"settings": settings},
    )


def _capabilities() -> lsp.ClientCapabilities:
    """Of VS Code's, those that transloop looks at."""
    kinds = lsp.ClientCodeActionKindOptions(value_set=[lsp.CodeActionKind.RefactorRewrite])
    return lsp.ClientCapabilities(
        workspace=lsp.WorkspaceClientCapabilities(
            apply_edit=True,
            workspace_edit=lsp.WorkspaceEditClientCapabilities(
                document_changes=True, resource_operations=[lsp.ResourceOperationKind.Create]
            ),
        ),
        text_document=lsp.TextDocumentClientCapabilities(
            code_action=lsp.CodeActionClientCapabilities(
                code_action_literal_support=lsp.ClientCodeActionLiteralOptions(kinds)
            )
        ),
        window=lsp.WindowClientCapabilities(
            work_done_progress=True,
            show_message=lsp.ShowMessageRequestClientCapabilities(),
            show_document=lsp.ShowDocumentClientCapabilities(support=True),
        ),
    )


def _put_on_disk(change: object) -> None:
    if isinstance(change, lsp.CreateFile):
        Path(uris.to_fs_path(change.uri) or "").touch(exist_ok=False)
    elif isinstance(change, lsp.TextDocumentEdit):
        path = Path(uris.to_fs_path(change.text_document.uri) or "")
        text = path.read_bytes().decode()
        for edit in change.edits:
            before = Text(text)
            start, end = before.offset(edit.range.start), before.offset(edit.range.end)
            text = text[:start] + getattr(edit, "new_text", "") + text[end:]
        path.write_bytes(text.encode())


def _converter() -> cattrs.Converter:
    """lsprotocol 2025.0.0 reads a code action that carries a command as a command."""
    converter: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call]
    converter.register_structure_hook(
        lsp.Command | lsp.CodeAction,
        lambda raw, _: converter.structure(
            raw, lsp.Command if isinstance(raw.get("command"), str) else lsp.CodeAction
        ),
    )
    return converter
