"""Settings by every road, at any time; the menu shows which of them hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

pytestmark = pytest.mark.e2e


async def targets(editor: Editor, name: str = "shapes.py") -> list[str]:
    """The targets that the menu offers."""
    uri = editor.open(name, "x = 1\n")
    actions = await editor.menu(uri, editor.select(uri, "x = 1"))
    titles = [each.title.removeprefix("Translate to ") for each in actions]
    return titles[: -2 if editor.name != "bare" else -1]


def configure(editor: Editor, settings: object) -> None:
    params = lsp.DidChangeConfigurationParams(settings)
    editor.client.workspace_did_change_configuration(params)


async def test_settings_come_with_the_first_message_and_change_later(connect: Connect) -> None:
    editor = await connect("vscode", settings={"targets": ["go", "rust"]})
    assert await targets(editor) == ["Go", "Rust"]
    configure(editor, {"transloop": {"targets": ["c"]}})
    assert await targets(editor) == ["C"]
    configure(editor, {"targets": ["java"]})
    assert await targets(editor) == ["Java"]
    editor.client.set_configuration({"targets": ["cpp"]}, section="transloop")
    configure(editor, None)
    await until_targets(editor, ["C++"])


async def until_targets(editor: Editor, expected: list[str]) -> None:
    """The server asks back for what changed, so it takes a moment."""
    for _ in range(200):
        if await targets(editor) == expected:
            return
    assert await targets(editor) == expected


async def test_a_client_that_cannot_be_asked_keeps_what_it_said(connect: Connect) -> None:
    editor = await connect("bare", settings={"targets": ["go"]})
    configure(editor, None)
    assert await targets(editor) == ["Go"]


async def test_files_hold_as_soon_as_they_are_saved(connect: Connect, home: Path) -> None:
    editor = await connect("vscode")
    user = home / "config" / "transloop.toml"
    user.parent.mkdir(parents=True)
    user.write_text('targets = ["go"]')
    assert await targets(editor) == ["Go"]
    local = editor.workspace / ".transloop.toml"
    local.write_text('targets = ["rust"]')
    assert await targets(editor) == ["Rust"]
    assert await targets(editor, "../elsewhere/shapes.py") == ["Go"]

    local.write_text("targets = [")
    os.utime(local, ns=(1, 1))
    for _ in range(3):
        assert await targets(editor) == ["Rust"]
    await until(lambda: editor.messages, "the message")
    (message,) = editor.messages
    assert str(local) in message
    assert message.endswith("Until then the last good settings are used.")
    assert (await editor.run("transloop.status"))["problem"] == message

    local.write_text('targets = ["c"]\nmodel = "evil.gguf"')
    os.utime(local, ns=(2, 2))
    assert await targets(editor) == ["Rust"]
    assert "sets model, which a workspace may not" in editor.messages[1]

    local.unlink()
    assert await targets(editor) == ["Go"]
    assert (await editor.run("transloop.status"))["problem"] == ""


async def test_mistakes_of_the_editor_are_told_before_anything_is_done(connect: Connect) -> None:
    editor = await connect("vscode", settings={"colour": "red", "placement": "up"})
    await until(lambda: editor.messages, "the message")
    (message,) = editor.messages
    assert "colour" in message
    assert "placement" in message
    configure(editor, {"transloop": {"targets": ["go"]}})
    assert await targets(editor) == ["Go"]
    configure(editor, {"transloop": {"targets": "go"}})
    assert await targets(editor) == ["Go"]
    assert len(editor.messages) == 2


async def test_what_is_wrong_is_named_and_what_is_right_holds(connect: Connect) -> None:
    wrong = {"colour": "red", "placement": "up", "sampling": {"alternatives": 99}, "engine": 3}
    right = {"targets": ["go", "klingon", "rust"]}
    editor = await connect("vscode", settings={**wrong, **right})
    assert await targets(editor) == ["Go", "Rust"]
    await until(lambda: editor.messages, "the message")
    (message,) = editor.messages
    for name in ("colour", "placement", "sampling.alternatives", "engine"):
        assert f"{name}: " in message
    assert message.endswith("the defaults are used for what is wrong, and nothing is learned.")
    configure(editor, {"transloop": {**wrong, "targets": ["c"]}})
    assert await targets(editor) == ["C"]
    configure(editor, {"transloop": {"targets": ["java"]}})
    assert await targets(editor) == ["Java"]
    assert (await editor.run("transloop.status"))["problem"] == ""


async def test_a_client_with_a_root_and_no_folders_has_a_workspace(connect: Connect) -> None:
    editor = await connect("bare", rooted=True)
    (editor.workspace / ".transloop.toml").write_text('targets = ["rust"]')
    assert await targets(editor) == ["Rust"]
