"""An adapter comes into use while editors are open: their servers swap, and say so once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until
from tests.model.small_adapters import small_adapter

from transloop_model.catalog import ModelFile
from transloop_model.registry.card import Measured, Story, Verdict
from transloop_model.registry.promotion import promote, rollback
from transloop_model.registry.registry import Registry

pytestmark = [pytest.mark.e2e, pytest.mark.model]

FUNCTION = "def add(a, b):\n    return a + b"
SECONDS = 120.0
BRIEF = {"sampling": {"max_tokens": 16}}
"""SmolLM2 cannot translate; what it cannot do it shall not do for long."""


@pytest.fixture
def registry(smollm2: ModelFile, home: Path) -> Registry:
    return Registry(smollm2.digest())


def publish(registry: Registry, folder: Path, *, passes: bool = True) -> None:
    number = len(registry.numbers()) + 1
    path = small_adapter(folder / f"{number}.gguf", registry.base_sha256, number, factor=2.0)
    measured = (Measured("python:java", 75, 34, 38, 5, 1),)
    verdict = Verdict(passes, "It was measured.", registry.digest_in_use(), 0.2, measured)
    registry.publish(path, Story(corrections=31), verdict)


async def used(editor: Editor) -> str | None:
    """The adapter that the status names."""
    found = (await editor.run("transloop.status"))["adapter"]
    return None if found is None else str(found)


async def translate(editor: Editor) -> None:
    uri = editor.open("a.py", FUNCTION + "\n")
    await editor.done(await editor.translate(uri, FUNCTION, "go", placement="below"), SECONDS)


def about_adapters(editor: Editor) -> list[str]:
    return [each for each in editor.messages if "adapter" in each.lower()]


def mapped(editor: Editor) -> str:
    """The files that its server has in memory."""
    return Path(f"/proc/{editor.process.pid}/maps").read_text()


async def test_all_running_servers_swap_and_say_so_once(
    connect: Connect, smollm2: ModelFile, registry: Registry, tmp_path: Path
) -> None:
    settings = {"model": str(smollm2.path), **BRIEF}
    editors = [
        await connect(each, backend="llama", settings=settings) for each in ("vscode", "neovim")
    ]
    for editor in editors:
        await translate(editor)
        assert await used(editor) is None

    publish(registry, tmp_path)
    promote(registry, 1)
    for editor in editors:
        await until(lambda editor=editor: about_adapters(editor), "the news")
        assert await used(editor) == "adapter-1.gguf"
        await translate(editor)
        assert about_adapters(editor) == [
            "adapter 1: +5.3 points python -> java, from 31 of your corrections"
        ]
        assert "torch" not in mapped(editor)

    rollback(registry)
    for editor in editors:
        await until(lambda editor=editor: len(about_adapters(editor)) == 2, "the way back")
        assert await used(editor) is None


async def test_a_damaged_adapter_is_told_once_and_work_goes_on(
    connect: Connect, smollm2: ModelFile, registry: Registry, tmp_path: Path
) -> None:
    publish(registry, tmp_path)
    promote(registry, 1)
    path = registry.version(1).path
    path.write_bytes(path.read_bytes()[:-1])
    settings = {"model": str(smollm2.path), **BRIEF}
    editor = await connect("vscode", backend="llama", settings=settings)
    for _ in range(2):
        await translate(editor)
    (message,) = about_adapters(editor)
    assert message.startswith("Adapter 1 is damaged: its file is not the one that was published.")
    assert await used(editor) is None
    assert (await editor.run("transloop.status"))["state"] == "ready"


async def test_a_model_file_replaced_under_a_running_server_is_named_and_loaded_again(
    connect: Connect, smollm2: ModelFile, tmp_path: Path
) -> None:
    path = tmp_path / "model.gguf"
    shutil.copyfile(smollm2.path, path)
    editor = await connect("vscode", backend="llama", settings={"model": str(path), **BRIEF})
    await translate(editor)
    before = (await editor.run("transloop.status"))["pid"]
    fresh = tmp_path / "fresh.gguf"
    shutil.copyfile(smollm2.path, fresh)
    fresh.replace(path)
    await translate(editor)
    told = f"The model file {path} was replaced: it is loaded again."
    assert [each for each in editor.messages if "replaced" in each] == [told]
    status = await editor.run("transloop.status")
    assert (status["state"], status["pid"] != before) == ("ready", True)


async def test_a_catalogued_model_replaced_by_another_file_is_refused(
    connect: Connect, smollm2: ModelFile, home: Path
) -> None:
    assert smollm2.entry
    models = home / "models"
    models.mkdir()
    path = models / smollm2.entry.file
    shutil.copyfile(smollm2.path, path)
    settings = {"model": smollm2.id, **BRIEF}
    editor = await connect("vscode", backend="llama", settings=settings)
    await translate(editor)
    other = path.with_suffix(".new")
    content = bytearray(smollm2.path.read_bytes())
    content[-5] ^= 1
    other.write_bytes(content)
    other.replace(path)
    uri = editor.open("b.py", FUNCTION + "\n")
    told = await editor.done(await editor.translate(uri, FUNCTION, "go", placement="below"))
    assert told["state"] == "failed"
    assert f"{path} is damaged" in told["message"]
