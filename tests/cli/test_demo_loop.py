"""The end of the demo: what it learns from, and how the running server swaps afterwards."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console
from tests.model.small_adapters import small_adapter

from transloop import demo_loop
from transloop.demo_client import Editor, editor_with_server
from transloop_model.catalog import ModelFile
from transloop_model.registry.card import Story, Verdict
from transloop_model.registry.promotion import promote
from transloop_model.registry.registry import Registry
from transloop_syntax.language import language
from transloop_synth.barred import Barred
from transloop_trainer.loop import sets

FUNCTION = "def add(a, b):\n    return a + b\n"
ALONE = "No adapter is in use any more: the model translates alone."


@pytest.fixture
def registry(smollm2: ModelFile, tmp_path: Path) -> Registry:
    """The demo's own, of SmolLM2."""
    return Registry(smollm2.digest(), tmp_path / "adapters")


@pytest.fixture
def environment(
    registry: Registry, smollm2: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Of the demo; the model comes from the settings."""
    monkeypatch.setenv("TRANSLOOP_MODEL", str(smollm2.path))
    monkeypatch.setenv("COLUMNS", "200")
    return {
        "TRANSLOOP_ADAPTERS_DIR": str(registry.folder.parent),
        "TRANSLOOP_STATE_DIR": str(tmp_path / "state"),
    }


@pytest.fixture
async def editor(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Editor]:
    """The demo's, with a real server; SmolLM2 cannot translate, so it does not do so for long."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "a.py").write_text(FUNCTION)
    options = {"placement": "beside", "sampling": {"max_tokens": 16}}
    async with editor_with_server(folder, options, **environment) as editor:
        yield editor


def publish(registry: Registry, folder: Path, *, passes: bool) -> None:
    path = small_adapter(folder / "a.gguf", registry.base_sha256)
    verdict = Verdict(passes, "It was measured.", registry.digest_in_use())
    registry.publish(path, Story(), verdict)


async def swapped(editor: Editor, environment: dict[str, str], folder: Path) -> tuple[str, int]:
    """What is shown of the swap; and how many translations were made meanwhile."""
    told = io.StringIO()
    asked = 0

    async def translate() -> None:
        nonlocal asked
        asked += 1
        uri = editor.open_file(folder / "workspace" / "a.py")
        await editor.translate(uri, (0, 1), language("javascript"))

    await translate()  # the model runs from now on
    pid = (await editor.command("transloop.status"))["pid"]
    assert pid
    console = Console(file=told, width=200, highlight=False)
    await demo_loop._show_swap(console, editor, environment, pid, translate)
    return told.getvalue(), asked - 1


@pytest.mark.model
async def test_what_the_gate_refused_is_swapped_in_only_to_be_shown(
    editor: Editor, environment: dict[str, str], registry: Registry, tmp_path: Path
) -> None:
    publish(registry, tmp_path, passes=False)
    told, translations = await swapped(editor, environment, tmp_path)
    steps = (
        "The model alone stays in use",
        "$ transloop adapters promote 1 --force",
        "the gate said: It was measured",
        "computes with adapter-1.gguf, in the process that ran before.",
        "“adapter 1 is in use, against the gate”",
        "$ transloop adapters rollback",
        "computes with the model alone, in the process that ran before.",
        f"“{ALONE}”",
    )
    places = [told.index(step) for step in steps]
    assert places == sorted(places)
    assert translations == 1
    assert registry.current() is None


@pytest.mark.model
async def test_what_the_gate_lets_through_stays(
    editor: Editor, environment: dict[str, str], registry: Registry, tmp_path: Path
) -> None:
    publish(registry, tmp_path, passes=True)
    promote(registry, 1)
    told, translations = await swapped(editor, environment, tmp_path)
    assert "“adapter 1: It was measured”" in told
    assert "--force" not in told
    assert "rollback" not in told
    assert translations == 1
    assert registry.standing().number == 1


@pytest.mark.model
async def test_what_cannot_be_promoted_is_said_and_not_waited_for(
    editor: Editor, environment: dict[str, str], registry: Registry, tmp_path: Path
) -> None:
    publish(registry, tmp_path, passes=False)
    path = registry.version(1).path
    path.write_bytes(path.read_bytes()[:-1])
    told, translations = await swapped(editor, environment, tmp_path)
    assert "Adapter 1 is damaged" in told
    assert "nothing to swap" in told
    assert "rollback" not in told
    assert translations == 0


async def test_without_an_adapter_there_is_nothing_to_swap(
    editor: Editor, environment: dict[str, str]
) -> None:
    told = io.StringIO()

    async def translate() -> None:
        raise AssertionError("there is no reason to")

    await demo_loop._show_swap(Console(file=told), editor, environment, None, translate)
    assert "No adapter was made" in told.getvalue()


def test_the_lessons_of_the_loop_can_be_learned_from(tmp_path: Path) -> None:
    """None of them is among the units that measure what comes of it."""
    (file,) = demo_loop._lessons(tmp_path).iterdir()
    text = file.read_text("utf-8")
    names = re.findall(r"^def (\w+)\(", text, re.MULTILINE)
    assert len(names) >= 10
    barred = Barred(sets.examined(sets.of_seeds(()).barred))
    assert barred.by_name(names) is None
    for code in re.split(r"\n\n\n(?=def )", text)[1:]:
        assert barred.by_text(code, "python") is None, code
