"""Every capability is optional: without any one of them a translation still arrives."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_capabilities import complete, looked_at, without
from tests.e2e.lsp_editor import Editor, until

from transloop_server.client import Client

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"# 🎉\n\n{FUNCTION}\n\n\nx = 1\n"
ECHO = f"echo:\n{FUNCTION}"
SERVER = Path(__file__).parents[2] / "server/transloop_server"


def test_a_complete_client_can_do_everything_that_is_looked_at() -> None:
    client = Client.of(complete())
    assert all(getattr(client, each.name) is True for each in fields(Client))


def test_each_flag_can_be_switched_off_by_one_capability() -> None:
    clients = [Client.of(without(path)) for path in looked_at()]
    off = {
        each.name for client in clients for each in fields(Client) if not getattr(client, each.name)
    }
    assert off == {each.name for each in fields(Client)}


def test_capabilities_are_read_in_one_place() -> None:
    """Elsewhere a new one would be forgotten here."""
    found = {
        path.name: re.findall(r"\bparams\.capabilities|client_capabilities", path.read_text())
        for path in SERVER.rglob("*.py")
    }
    assert {name: uses for name, uses in found.items() if uses} == {
        "server.py": ["params.capabilities"]
    }


async def works(editor: Editor) -> None:
    """What a person does: translate beside and below, compare, ask for more, reject."""
    uri = editor.open("shapes.py", TEXT)
    chosen = editor.select(uri, "return")
    answer = await editor.choose(uri, chosen, "Translate to JavaScript")
    assert (await editor.done(answer["job"]))["state"] == "done"
    file = editor.workspace / "shapes.js"
    inside = file.as_uri() in editor.buffers
    assert (editor.text(file.as_uri()) if inside else file.read_text()) == f"{ECHO}\n"
    assert inside is Client.of(editor.capabilities).create_files

    below = TEXT.replace(FUNCTION, f"{FUNCTION}\n\n{ECHO}")
    job = await editor.translate(uri, FUNCTION, "go", placement="below")
    assert (await editor.done(job))["state"] == "done"
    assert editor.text(uri) == below
    assert len(await editor.lenses(uri)) == 4
    await editor.choose(uri, editor.select(uri, "echo"), "Compare with the original")
    await editor.choose(uri, editor.select(uri, "echo"), "Next alternative translation")
    assert (await editor.done(job))["message"].endswith("Alternative 2 of 3.")
    assert editor.text(uri) == below.replace("echo:", "echo (alternative 1):")
    await editor.choose(uri, editor.select(uri, "echo"), "Reject the translation")
    await until(lambda: editor.text(uri) == TEXT, "the rejected translation goes")
    configured = lsp.DidChangeConfigurationParams(None)
    editor.client.workspace_did_change_configuration(configured)
    refused = await editor.run("transloop.translate", {"uri": uri, "range": chosen, "target": "py"})
    assert "error" in refused


def nothing_is_sent_that_was_not_announced(editor: Editor) -> None:
    can = Client.of(editor.capabilities)
    assert bool(editor.progress) is can.progress
    pages = 0 if can.diff else 1
    assert len(editor.client.shown_documents) == (1 + pages if can.show_document else 0)
    assert any("comparison is in" in each for each in editor.messages) is (
        not can.diff and not can.show_document
    )
    assert bool(editor.refreshed) is can.lens_refresh
    assert can.ask or not editor.questions
    for each in editor.edits:
        assert not each.edit.document_changes or can.document_changes
        kinds = [type(change) for change in each.edit.document_changes or ()]
        assert lsp.CreateFile not in kinds or can.create_files
        assert lsp.DeleteFile not in kinds or can.delete_files


@pytest.mark.parametrize("missing", looked_at())
async def test_everything_works_without(connect: Connect, missing: str) -> None:
    editor = await connect("vscode", capabilities=without(missing))
    await works(editor)
    nothing_is_sent_that_was_not_announced(editor)


@pytest.mark.parametrize(
    "capabilities", [complete(), lsp.ClientCapabilities()], ids=["all", "none"]
)
async def test_everything_works_with(
    connect: Connect, capabilities: lsp.ClientCapabilities
) -> None:
    editor = await connect("vscode", capabilities=capabilities)
    await works(editor)
    nothing_is_sent_that_was_not_announced(editor)
