"""Settings are read again when they change, and a mistake in them stops nobody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from transloop_model.echo import EchoEngine
from transloop_server.documents import Document, Text
from transloop_server.session import Session
from transloop_settings.errors import ModelMissing
from transloop_settings.settings import Learn, Settings


class Told(LanguageServer):
    """A server without an editor; it remembers what would be shown."""

    def __init__(self) -> None:
        super().__init__("test", "0")
        self.messages: list[str] = []

    def window_show_message(self, params: lsp.ShowMessageParams) -> None:
        self.messages.append(params.message)


Write = Callable[[Path, str], None]


@pytest.fixture
def write() -> Write:
    """Write a file with a time of change that no other has, however coarse the clock is."""
    written = 0

    def at_another_time(path: Path, text: str) -> None:
        nonlocal written
        written += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(written * 10**9, written * 10**9))

    return at_another_time


@pytest.fixture
def user(home: Path) -> Path:
    return home / "config" / "transloop.toml"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def session_in(*folders: Path) -> tuple[Session, list[str]]:
    server = Told()
    session = Session(server)
    session.set_folders([lsp.WorkspaceFolder(each.as_uri(), each.name) for each in folders])
    return session, server.messages


def document_in(folder: Path) -> Document:
    return Document((folder / "a.py").as_uri(), "python", 1, Text(""))


def test_a_changed_file_holds_at_once(write: Write, user: Path, workspace: Path) -> None:
    session, _ = session_in(workspace)
    assert session.settings(None).placement == "beside"
    write(user, 'placement = "below"')
    assert session.settings(None).placement == "below"
    write(workspace / ".transloop.toml", 'placement = "replace"')
    assert session.settings(None).placement == "replace"
    (workspace / ".transloop.toml").unlink()
    assert session.settings(None).placement == "below"


def test_files_that_did_not_change_are_not_read_again(write: Write, user: Path) -> None:
    write(user, 'placement = "below"')
    session, _ = session_in()
    assert session.settings(None) is session.settings(None)


def test_the_editor_wins_over_the_files(write: Write, user: Path) -> None:
    write(user, 'placement = "below"\nkeep_original = true')
    session, _ = session_in()
    session.configure({"placement": "replace"})
    assert session.settings(None).placement == "replace"
    assert session.settings(None).keep_original
    session.configure({"transloop": {"targets": ["go"]}})
    assert session.settings(None).placement == "below"
    assert session.settings(None).targets == ("go",)


@pytest.mark.parametrize("nonsense", [None, [], "x", {"transloop": None}])
def test_settings_that_are_no_table_change_nothing(nonsense: object) -> None:
    session, messages = session_in()
    session.configure(nonsense)
    assert session.settings(None) == Settings.model_construct()
    assert messages == []


def test_a_mistake_is_told_once_and_the_last_good_settings_stay(write: Write, user: Path) -> None:
    write(user, 'placement = "below"')
    session, messages = session_in()
    assert session.settings(None).placement == "below"
    write(user, 'placement = "sideways"\ncolour = "red"')
    for _ in range(3):
        assert session.settings(None).placement == "below"
    (message,) = messages
    assert "placement" in message
    assert "colour" in message
    assert str(user) in message
    assert session.status()["problem"] == message
    write(user, 'placement = "sideways"\ncolour = "red"\n')  # saved again, still wrong
    assert session.settings(None).placement == "below"
    assert len(messages) == 1


def test_nothing_is_learned_by_settings_that_cannot_be_read(write: Write, user: Path) -> None:
    write(user, '[learn]\nlevel = "nothing, please"')
    session, _ = session_in()
    assert session.settings(None).learn.level == "off"


def test_a_mistake_that_was_mended_is_forgotten(write: Write, user: Path) -> None:
    write(user, "placement =")
    session, messages = session_in()
    assert session.settings(None).placement == "beside"
    write(user, 'placement = "below"')
    assert session.settings(None).placement == "below"
    assert session.status()["problem"] == ""
    write(user, "placement =")
    assert session.settings(None).placement == "below"
    assert len(messages) == 2


def test_a_mistake_of_the_editor_keeps_the_last_good_settings(write: Write, user: Path) -> None:
    write(user, 'placement = "below"')
    session, messages = session_in()
    session.configure({"keep_original": True})
    session.configure({"keep_original": "perhaps"})
    assert session.settings(None).placement == "below"
    assert session.settings(None).keep_original
    assert len(messages) == 1


def test_a_workspace_must_not_choose_model_or_endpoint(write: Write, workspace: Path) -> None:
    local = workspace / ".transloop.toml"
    session, messages = session_in(workspace)
    for key in ('model = "evil.gguf"', 'adapter = "evil.gguf"', "[engine]", "[remote]"):
        write(local, f'placement = "below"\n{key}')
        assert session.settings(None) == Settings.model_construct(learn=Learn(level="off"))
    assert len(messages) == 4
    assert all(str(local) in message and "may not" in message for message in messages)


def test_each_folder_has_its_own_settings(write: Write, workspace: Path) -> None:
    inner = workspace / "packages" / "inner"
    other = workspace.with_name("workspace-2")
    write(workspace / ".transloop.toml", 'placement = "below"')
    write(inner / ".transloop.toml", 'placement = "replace"')
    session, _ = session_in(workspace, inner, other)
    found = [
        session.settings(document_in(folder)).placement
        for folder in (workspace, workspace / "src", inner, other, workspace.parent)
    ]
    assert found == ["below", "below", "replace", "beside", "beside"]


def test_a_mistake_in_one_folder_stays_known_while_another_is_fine(
    write: Write, workspace: Path, tmp_path: Path
) -> None:
    fine = tmp_path / "fine"
    write(workspace / ".transloop.toml", "colour = 1")
    session, messages = session_in(workspace, fine)
    for folder in (workspace, fine, workspace, fine):
        session.settings(document_in(folder))
    assert len(messages) == 1
    assert session.status()["problem"] == messages[0]


def test_the_last_target_is_remembered_by_the_next_session() -> None:
    session, _ = session_in()
    session.used("go")
    session.used("rust")
    session.used("go")
    assert session_in()[0].recent_targets == ["go", "rust"]


@pytest.mark.parametrize("damage", ["{", "3", '{"a": 1}', '["go", 3]'])
def test_a_damaged_memory_is_no_error(home: Path, damage: str) -> None:
    file = home / "state" / "recent-targets.json"
    file.parent.mkdir(parents=True)
    file.write_text(damage)
    assert session_in()[0].recent_targets in ([], ["go"])


def test_a_home_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("where the folder should be")
    monkeypatch.setenv("TRANSLOOP_HOME", str(tmp_path / "file"))
    session, _ = session_in()
    session.used("go")
    assert session.recent_targets == ["go"]


async def test_other_engine_settings_bring_another_engine() -> None:
    session, _ = session_in()
    session.configure({"engine": {"backend": "echo"}})
    first = await session.engine(session.settings(None))
    assert isinstance(first, EchoEngine)
    session.configure({"engine": {"backend": "echo"}, "placement": "below"})
    assert await session.engine(session.settings(None)) is first
    session.configure({"engine": {"backend": "echo", "context": 1024}})
    second = await session.engine(session.settings(None))
    assert await second.context_size() == 1024
    await session.close()


async def test_an_adapter_that_is_refused_is_told_once() -> None:
    session, messages = session_in()
    session.configure({"engine": {"backend": "echo"}})
    engine = await session.engine(session.settings(None))
    session.configure({"engine": {"backend": "echo"}, "adapter": "mine.gguf"})
    for _ in range(2):
        assert await session.engine(session.settings(None)) is engine
    (message,) = messages
    assert message.endswith("The one before stays in use.")


async def test_a_missing_model_says_how_to_get_it() -> None:
    session, _ = session_in()
    with pytest.raises(ModelMissing, match=r"transloop models pull qwen2\.5-coder-0\.5b-instruct"):
        await session.engine(session.settings(None))


def test_the_status_is_plain_data_before_anything_has_run() -> None:
    status = session_in()[0].status()
    assert (status["state"], status["pid"], status["jobs"]) == ("idle", None, [])
    assert status["model"] == "qwen2.5-coder-0.5b-instruct"


def test_a_target_may_be_written_in_any_known_way(write: Write, user: Path) -> None:
    write(user, 'targets = ["golang", "JS"]')
    session, _ = session_in()
    assert session.settings(None).targets == ("go", "javascript")


def test_an_unknown_target_is_told_with_those_that_are_known(write: Write, user: Path) -> None:
    write(user, 'targets = ["go", "cobol"]')
    session, messages = session_in()
    assert session.settings(None).targets == ("go",)
    session.configure({"targets": ["klingon"]})
    assert session.settings(None).targets == Settings.model_construct().targets
    message = messages[0]
    assert "cobol" in message
    assert "rust" in message


def test_a_settings_file_that_is_not_utf8_is_told(user: Path) -> None:
    user.parent.mkdir(parents=True)
    user.write_bytes(b'model = "\xff"')
    session, messages = session_in()
    session.settings(None)
    (message,) = messages
    assert "utf-8" in message
