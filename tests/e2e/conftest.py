"""Editors with servers of their own, driven over stdio."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest
from lsprotocol import types as lsp
from tests.e2e.lsp_clients import CLIENTS
from tests.e2e.lsp_editor import Editor

SERVER = [sys.executable, "-P", "-m", "transloop", "lsp"]
ECHO_SERVER = [sys.executable, "-P", str(Path(__file__).with_name("echo_server.py"))]


class Connect(Protocol):
    """Start an editor with a server.

    Without `held` and `arguments` it is the real command with `engine.backend = "echo"`; with them
    it is `echo_server.py`. Nothing is run unless `mode` says so, and
    nothing is learned unless `learn` does. One that does not leave is left to
    the test.
    """

    async def __call__(
        self,
        client: str = ...,
        *arguments: str,
        held: bool = ...,
        capabilities: lsp.ClientCapabilities | None = ...,
        settings: object = ...,
        folders: Sequence[Path] | None = ...,
        backend: str = ...,
        mode: str = ...,
        learn: str = ...,
        trusted: bool | None = ...,
        rooted: bool = ...,
        leaves: bool = ...,
    ) -> Editor: ...


@pytest.fixture
async def connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Start editors; each leaves at the end of the test, and its server must not complain."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    async with AsyncExitStack() as stack:

        async def started(
            client: str = "vscode",
            *arguments: str,
            held: bool = False,
            capabilities: lsp.ClientCapabilities | None = None,
            settings: object = None,
            folders: Sequence[Path] | None = None,
            backend: str = "echo",
            mode: str = "off",
            learn: str = "off",
            trusted: bool | None = None,
            rooted: bool = False,
            leaves: bool = True,
        ) -> Editor:
            monkeypatch.setenv("TRANSLOOP_ENGINE__BACKEND", backend)
            monkeypatch.setenv("TRANSLOOP_VERIFY__MODE", mode)
            monkeypatch.setenv("TRANSLOOP_VERIFY__SECONDS", "60")  # a busy machine ends no search
            monkeypatch.setenv("TRANSLOOP_LEARN__LEVEL", learn)
            given = [*arguments, *(["--held"] if held else [])]
            editor = Editor(client, workspace, capabilities or CLIENTS[client]())
            introduced = [] if rooted else [workspace] if folders is None else folders
            params = lsp.InitializeParams(
                capabilities=editor.capabilities,
                root_uri=workspace.as_uri() if rooted else None,
                workspace_folders=[
                    lsp.WorkspaceFolder(each.as_uri(), each.name) for each in introduced
                ],
                initialization_options=_options(settings, trusted),
            )
            await editor.start([*ECHO_SERVER, *given] if given else SERVER, params)
            if leaves:
                stack.push_async_callback(editor.leave)
            return editor

        yield started


def _options(settings: object, trusted: bool | None) -> dict[str, object] | None:
    given = {"settings": settings, "trusted": trusted}
    return {key: value for key, value in given.items() if value is not None} or None


@pytest.fixture(params=list(CLIENTS))
async def editor(request: pytest.FixtureRequest, connect: Connect) -> Editor:
    """One editor of each kind."""
    return await connect(request.param)
