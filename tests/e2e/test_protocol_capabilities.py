"""Every capability is optional: without any one of them a translation still arrives."""

from __future__ import annotations

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_clients import vscode

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"
TEXT = f"# 🎉\n\n{FUNCTION}\n\n\nx = 1\n"
ECHO = f"echo:\n{FUNCTION}"
OPTIONAL = [
    "window.show_document",
    "window.show_message",
    "window.work_done_progress",
    "text_document.code_action.code_action_literal_support",
    "text_document.code_action.tag_support",
    "workspace.code_lens",
    "workspace.configuration",
    "workspace.workspace_edit",
    "workspace.workspace_edit.document_changes",
    "workspace.workspace_edit.resource_operations",
]


def without(name: str) -> lsp.ClientCapabilities:
    """VS Code's capabilities without one of them."""
    found = vscode()
    *path, leaf = name.split(".")
    holder: object = found
    for step in path:
        holder = getattr(holder, step)
    assert getattr(holder, leaf), f"VS Code does not announce {name}, so nothing is tested"
    setattr(holder, leaf, None)
    return found


@pytest.mark.parametrize("missing", OPTIONAL)
async def test_a_translation_arrives_without(connect: Connect, missing: str) -> None:
    editor = await connect("vscode", capabilities=without(missing))
    uri = editor.open("shapes.py", TEXT)
    answer = await editor.choose(uri, editor.select(uri, "return"), "Translate to JavaScript")
    assert (await editor.done(answer["job"]))["state"] == "done"
    file = editor.workspace / "shapes.js"
    created = file.as_uri() in editor.buffers
    assert (editor.text(file.as_uri()) if created else file.read_text()) == f"{ECHO}\n"
    assert created is ("workspace_edit" not in missing or missing.endswith("document_changes"))

    job = await editor.translate(uri, FUNCTION, "go", placement="below")
    assert (await editor.done(job))["state"] == "done"
    assert editor.text(uri) == TEXT.replace(FUNCTION, f"{FUNCTION}\n\n{ECHO}")
    assert len(await editor.lenses(uri)) == 4
    progress = missing != "window.work_done_progress"
    assert bool(editor.progress) is progress
    assert len(editor.client.shown_documents) == (missing != "window.show_document")
