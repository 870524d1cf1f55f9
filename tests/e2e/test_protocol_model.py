"""The real engine behind the real server: a model that is missing, killed, or simply works."""

from __future__ import annotations

import os
import signal

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import until

from transloop_model.catalog import ModelFile
from transloop_syntax.language import language
from transloop_syntax.outline import syntax_problem

pytestmark = pytest.mark.e2e

FUNCTION = '''\
def gcd(a, b):
    """The greatest common divisor."""
    while b:
        a, b = b, a % b
    return abs(a)'''
TEXT = f"s = '🎉'\n\n\n{FUNCTION}\n\n\nx = 1\n"
SECONDS = 240.0
"""For loading a model and a few hundred tokens, on a slow machine."""


async def test_a_missing_model_says_how_to_get_it(connect: Connect) -> None:
    editor = await connect("vscode", backend="llama")
    uri = editor.open("a.py", TEXT)
    told = await editor.done(await editor.translate(uri, FUNCTION, "go", placement="below"))
    assert told["state"] == "failed"
    assert told["message"].endswith("Run: transloop models pull qwen2.5-coder-0.5b-instruct")
    await until(lambda: editor.messages, "the message")
    (message,) = editor.client.messages
    assert (message.message, message.type) == (told["message"], lsp.MessageType.Error)
    assert editor.text(uri) == TEXT
    assert (await editor.run("transloop.status"))["pid"] is None


@pytest.mark.model
async def test_an_engine_that_is_killed_is_told_and_started_again(
    connect: Connect, smollm2: ModelFile
) -> None:
    editor = await connect("vscode", backend="llama", settings={"model": str(smollm2.path)})
    uri = editor.open("a.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    while "tokens/s" not in (await editor.job(job))["message"]:
        assert (await editor.job(job))["state"] == "running"
    killed = (await editor.run("transloop.status"))["pid"]
    os.kill(killed, signal.SIGKILL)
    told = await editor.done(job, SECONDS)
    assert told["state"] == "failed", told
    await until(lambda: editor.messages, "the message")
    assert editor.messages == [told["message"]]
    assert "model's process" in told["message"]

    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await editor.done(job, SECONDS)
    status = await editor.run("transloop.status")
    assert status["state"] == "ready"
    assert status["pid"] not in (None, killed)
    assert status["jobs"][-1]["message"] != told["message"]


@pytest.mark.model
async def test_a_real_model_writes_code_that_parses(connect: Connect, coder: ModelFile) -> None:
    """In one editor: the others get it as they get what an echo says, or are there in person."""
    editor = await connect("vscode", backend="llama", settings={"model": str(coder.path)})
    uri = editor.open("a.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="replace")
    told = await editor.done(job, SECONDS)
    assert told["state"] == "done", told
    head, tail = TEXT.split(FUNCTION)
    assert editor.text(uri).startswith(head)
    assert editor.text(uri).endswith(tail)
    code = editor.text(uri)[len(head) : -len(tail)]
    assert syntax_problem(code, language("javascript")) is None, code
    assert "function gcd(a, b)" in code
    begin, *_, end = editor.progress[0]
    assert begin.cancellable
    assert end.message == told["message"]
