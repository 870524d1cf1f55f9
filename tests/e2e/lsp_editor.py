"""An editor that speaks LSP: it has buffers, and does with edits what editors do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls import uris
from pygls.exceptions import JsonRpcMethodNotFound
from pytest_lsp import LanguageClient
from pytest_lsp.client import register_lsp_features
from tests.e2e.lsp_buffers import (
    LINE_END,
    WIDTHS,
    Buffer,
    Manners,
    nothing,
    one_change,
    plain,
)
from tests.e2e.lsp_clients import converter

PATIENCE = 10.0
"""Seconds that any one answer may take."""
LANGUAGES = {".py": "python", ".js": "javascript", ".ts": "typescript", ".go": "go"}


class Editor:
    """One editor with one server."""

    def __init__(self, name: str, workspace: Path, capabilities: lsp.ClientCapabilities) -> None:
        self.name = name
        self.workspace = workspace
        self.capabilities = capabilities
        self.client = LanguageClient(converter_factory=converter)
        self.encoding = "utf-16"
        self.buffers: dict[str, Buffer] = {}
        self.manners = Manners(skips_stale=name == "neovim", answers_first=name == "bare")
        self.edits: list[lsp.ApplyWorkspaceEditParams] = []
        self.questions: list[lsp.ShowMessageRequestParams] = []
        self.answers: list[str | None] = []
        """What the person chooses, question by question; afterwards nothing."""
        self.refreshed = 0
        self.stderr = ""
        self._silence = asyncio.Event()
        self._stderr: asyncio.Task[None] | None = None
        self._answer_requests()

    # The session

    async def start(self, command: Sequence[str], params: lsp.InitializeParams) -> None:
        """Start a server and introduce this editor."""
        # Not LanguageClient's own: it would drop the server's stderr, which is judged at the end.
        await super(LanguageClient, self.client).start_io(
            *command, env=dict(os.environ), limit=1 << 24
        )
        self._stderr = asyncio.create_task(self._listen())
        result = await asyncio.wait_for(self.client.initialize_session(params), PATIENCE)
        encoding = result.capabilities.position_encoding
        self.encoding = str(getattr(encoding, "value", encoding or "utf-16"))

    async def leave(self) -> None:
        """Shut the server down; it must end, and have nothing to complain about."""
        self._silence.set()
        await asyncio.wait_for(self.client.shutdown_session(), PATIENCE)
        await self.ended()
        assert self.process.returncode == 0
        assert "Traceback" not in self.stderr, self.stderr
        assert " ERROR " not in self.stderr, self.stderr

    async def ended(self) -> None:
        """Wait for the end of the server process."""
        await asyncio.wait_for(self.process.wait(), PATIENCE)
        await asyncio.wait_for(self.client.stop(), PATIENCE)
        if self._stderr:
            await asyncio.wait_for(self._stderr, PATIENCE)

    @property
    def process(self) -> asyncio.subprocess.Process:
        """The server."""
        assert self.client._server
        return self.client._server

    async def _listen(self) -> None:
        assert self.process.stderr
        while line := await self.process.stderr.readline():
            self.stderr += line.decode()

    # The person

    def open(self, name: str, text: str, language: str | None = None) -> str:
        """Write a file and open it, as it is on the disk; its URI."""
        path = Path(os.path.normpath(self.workspace / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return self.show(path.as_uri(), text, language or LANGUAGES[path.suffix])

    def show(self, uri: str, text: str, language: str) -> str:
        """Open a buffer, of whatever scheme."""
        self.buffers[uri] = Buffer(text)
        item = lsp.TextDocumentItem(uri, language, 1, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return uri

    def respell(self, uri: str, other: str) -> None:
        """Open a buffer again under another spelling of its URI."""
        text = self.text(uri)
        self.close(uri)
        self.show(other, text, LANGUAGES[Path(uri).suffix])

    def close(self, uri: str) -> None:
        """Close a buffer."""
        del self.buffers[uri]
        identifier = lsp.TextDocumentIdentifier(uri)
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(identifier))

    def save(self, uri: str) -> None:
        """Write a buffer to its file."""
        Path(uris.to_fs_path(uri) or "").write_bytes(self.text(uri).encode())
        identifier = lsp.TextDocumentIdentifier(uri)
        self.client.text_document_did_save(lsp.DidSaveTextDocumentParams(identifier))

    def text(self, uri: str) -> str:
        """What a buffer holds."""
        return self.buffers[uri].text

    def type(self, uri: str, before: str, text: str, *, instead: str = "") -> None:
        """Type `text` in front of `before`, or in place of `instead` that stands there."""
        at = self.text(uri).index(instead + before)
        self.buffers[uri].typed = (at, text, instead)
        self._change(uri, at, at + len(instead), text)()

    def undo(self, uri: str) -> None:
        """Take back the last edit of the server, and nothing else."""
        self._change(uri, 0, len(self.text(uri)), self.buffers[uri].undo.pop())()

    def undo_typing(self, uri: str) -> None:
        """Take back what was typed last."""
        at, text, instead = self.buffers[uri].typed
        self._change(uri, at, at + len(text), instead)()

    def select(self, uri: str, code: str) -> lsp.Range:
        """The range of `code` in a buffer."""
        start = self.text(uri).index(code)
        return self.range(uri, start, start + len(code))

    def range(self, uri: str, start: int, end: int) -> lsp.Range:
        """Offsets as positions, counted independently of the server."""
        found = []
        for offset in (start, end):
            lines = LINE_END.split(self.text(uri)[:offset])
            found.append(lsp.Position(len(lines) - 1, WIDTHS[self.encoding](lines[-1])))
        return lsp.Range(*found)

    async def menu(
        self, uri: str, chosen: lsp.Range, only: list[str] | None = None
    ) -> Sequence[lsp.CodeAction | lsp.Command]:
        """The code actions for a selection."""
        context = lsp.CodeActionContext([], only, lsp.CodeActionTriggerKind.Invoked)
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), chosen, context)
        asked = self.client.text_document_code_action_async(params)
        return await asyncio.wait_for(asked, PATIENCE) or ()

    async def choose(self, uri: str, chosen: lsp.Range, title: str) -> dict[str, Any]:
        """Choose a line of the menu; what its command answers."""
        actions = await self.menu(uri, chosen)
        (action,) = [each for each in actions if each.title == title]
        command = action.command if isinstance(action, lsp.CodeAction) else action
        assert command
        return await self.run(command.command, *(command.arguments or ()))

    async def run(self, command: str, *arguments: Any) -> dict[str, Any]:
        """Execute a command; its answer as plain data."""
        params = lsp.ExecuteCommandParams(command, [plain(each) for each in arguments])
        asked = self.client.workspace_execute_command_async(params)
        answer: dict[str, Any] = plain(await asyncio.wait_for(asked, PATIENCE))
        return answer

    async def translate(self, uri: str, code: str, target: str, **more: Any) -> str:
        """Start a translation by its command; the job."""
        here = {"uri": uri, "range": plain(self.select(uri, code)), "target": target, **more}
        answer = await self.run("transloop.translate", here)
        assert "job" in answer, answer
        return str(answer["job"])

    async def job(self, id_: str) -> dict[str, Any]:
        """What the status says about a job."""
        status = await self.run("transloop.status")
        (found,) = [each for each in status["jobs"] if each["id"] == id_]
        return dict(found)

    async def done(self, id_: str, patience: float = PATIENCE) -> dict[str, Any]:
        """Wait for the end of a job."""
        deadline = time.monotonic() + patience
        while (found := await self.job(id_))["state"] == "running":
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.01)
        return found

    async def lenses(self, uri: str) -> Sequence[lsp.CodeLens]:
        """The lenses of a document."""
        params = lsp.CodeLensParams(lsp.TextDocumentIdentifier(uri))
        asked = self.client.text_document_code_lens_async(params)
        return await asyncio.wait_for(asked, PATIENCE) or ()

    def speak(self) -> None:
        """Answer what a silent editor has not answered."""
        self._silence.set()

    async def go(self) -> None:
        """Let an engine that was held go on."""
        await self.run("test.go")

    @property
    def messages(self) -> list[str]:
        """What was shown to the person."""
        return [each.message for each in self.client.messages]

    @property
    def progress(self) -> list[list[Any]]:
        """The reports of each progress, in order."""
        return [list(each) for each in self.client.progress_reports.values()]

    # What the server asks

    def _answer_requests(self) -> None:
        register_lsp_features(self.client)

        @self.client.feature(lsp.WORKSPACE_APPLY_EDIT)
        async def apply(params: lsp.ApplyWorkspaceEditParams) -> lsp.ApplyWorkspaceEditResult:
            self.edits.append(params)
            await asyncio.sleep(self.manners.seconds)
            if self.manners.unable:
                raise JsonRpcMethodNotFound.of(lsp.WORKSPACE_APPLY_EDIT)
            if self.manners.before:
                self.manners.before()
            applied, tell = self._apply(params.edit)
            if self.manners.answers_first:
                asyncio.get_running_loop().call_later(0.05, tell)
            else:
                tell()
            if self.manners.silent:
                await self._silence.wait()
            return lsp.ApplyWorkspaceEditResult(applied)

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE_REQUEST)
        def ask(params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
            self.questions.append(params)
            if self.manners.thinks:
                self.manners.thinks()
            chosen = self.answers.pop(0) if self.answers else None
            titles = [each.title for each in params.actions or ()]
            assert chosen is None or chosen in titles, titles
            return lsp.MessageActionItem(chosen) if chosen else None

        @self.client.feature(lsp.WORKSPACE_CODE_LENS_REFRESH)
        def refresh(_params: None) -> None:
            self.refreshed += 1

    def _apply(self, edit: lsp.WorkspaceEdit) -> tuple[bool, Callable[[], None]]:
        """Apply an edit; whether it is called applied, and how the change is told."""
        if self.manners.refuses:
            return False, nothing
        if self.manners.pretends:
            return True, nothing
        creates = [each for each in edit.document_changes or () if isinstance(each, lsp.CreateFile)]
        if creates:
            return self._create(edit, creates[0].uri)
        deletes = [each for each in edit.document_changes or () if isinstance(each, lsp.DeleteFile)]
        if deletes:
            return True, lambda: self._delete(deletes[0].uri)
        uri, version, changes = one_change(edit)
        buffer = self.buffers[uri]
        if version is not None and version != buffer.version:
            return self.manners.skips_stale, nothing
        (change,) = changes  # one undo step must be enough
        buffer.undo.append(buffer.text)
        start, end = (self.offset(uri, each) for each in (change.range.start, change.range.end))
        return True, self._change(uri, start, end, change.new_text)

    def _create(self, edit: lsp.WorkspaceEdit, uri: str) -> tuple[bool, Callable[[], None]]:
        """Create a file and type its text into a new buffer, not saved yet."""
        path = Path(uris.to_fs_path(uri) or "")
        if path.exists():
            return False, nothing
        path.touch()
        text = lsp.WorkspaceEdit(document_changes=(edit.document_changes or ())[1:])
        _, _, (change,) = one_change(text)
        return True, lambda: self.show(uri, change.new_text, LANGUAGES[path.suffix]) and None

    def _delete(self, uri: str) -> None:
        Path(uris.to_fs_path(uri) or "").unlink()
        if uri in self.buffers:
            self.close(uri)

    def offset(self, uri: str, position: lsp.Position) -> int:
        """A position as an offset, counted independently of the server."""
        text = self.text(uri)
        starts = [0, *(match.end() for match in LINE_END.finditer(text))]
        start = at = starts[position.line]
        while WIDTHS[self.encoding](text[start:at]) < position.character:
            at += 1
        return at

    def _change(self, uri: str, start: int, end: int, text: str) -> Callable[[], None]:
        """Change a buffer now; call the result to tell the server."""
        buffer = self.buffers[uri]
        change = lsp.TextDocumentContentChangePartial(self.range(uri, start, end), text)
        buffer.text = buffer.text[:start] + text + buffer.text[end:]
        buffer.version += 1
        told = lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(version=buffer.version, uri=uri), [change]
        )
        return lambda: self.client.text_document_did_change(told)


async def until(condition: Callable[[], object], what: str = "") -> None:
    """Wait for something that the editor will see."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen: {what}"
        await asyncio.sleep(0.01)
