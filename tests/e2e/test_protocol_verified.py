"""Verdicts in the editor: what is run, who was asked, and what is shown of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

from transloop_model.catalog import ModelFile
from transloop_server.trust import NO, YES

pytestmark = pytest.mark.e2e

FUNCTION = """\
def gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a"""
TEXT = f"# 🎉\n\n\n{FUNCTION}\n\n\nx = 1\n"
WRONG = "function gcd(a, b) {\n  while (b) { a = b, b = a % b; }\n  return a;\n}"
RIGHT = "function gcd(a, b) {\n  while (b) { [a, b] = [b, ((a % b) + b) % b]; }\n  return a;\n}"
FINDS = ("--greedy", f"{WRONG}\n```", "--sampled", f"{RIGHT}\n```")
NEVER_FINDS = ("--greedy", f"{WRONG}\n```", "--sampled", f"{WRONG}\n```")
SECONDS = 120.0
"""Programs are run, perhaps beside other tests."""


async def translated(editor: Editor, name: str = "a.py") -> tuple[str, dict[str, object]]:
    uri = editor.open(name, TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    return uri, await editor.done(job, SECONDS)


async def lens(editor: Editor, uri: str) -> list[str]:
    return [str(each.command and each.command.title) for each in await editor.lenses(uri)]


async def test_the_wrong_answer_is_caught_and_the_one_that_holds_is_placed(
    connect: Connect,
) -> None:
    editor = await connect("vscode", *FINDS, mode="balanced", trusted=True)
    uri, told = await translated(editor)
    assert told["verdict"] == "verified", told
    assert told["candidates"] == 2
    assert RIGHT in editor.text(uri)
    assert WRONG not in editor.text(uri)
    first, *below = await lens(editor, uri)
    assert first.startswith("verified: 2")
    assert "cases, 100 % branches" in first
    assert below == ["Accept", "Reject", "Show evidence", "Translate again"]
    assert "Verified: 2" in str(told["message"])
    assert editor.questions == []


async def test_a_difference_is_shown_with_its_call(connect: Connect) -> None:
    editor = await connect("vscode", *NEVER_FINDS, mode="balanced", trusted=True)
    uri, told = await translated(editor)
    assert told["verdict"] == "failed"
    assert WRONG in editor.text(uri)
    first, *_ = await lens(editor, uri)
    assert first.startswith("differs: gcd(")
    assert " is " in first
    assert ", was " in first


async def test_the_evidence_can_be_read(connect: Connect) -> None:
    editor = await connect("vscode", *FINDS, mode="balanced", trusted=True)
    _, told = await translated(editor)
    answer = await editor.run("transloop.evidence", {"job": told["id"]})
    page = await asyncio.to_thread(Path(answer["path"]).read_text)
    assert "# gcd: Python to JavaScript" in page
    assert "| input | the original | from |" in page
    assert "## Not checked" in page
    assert "2. differs: gcd(" in page
    await until(lambda: editor.client.shown_documents, "the page")


async def test_people_are_asked_once_and_nobody_waits_for_the_answer(connect: Connect) -> None:
    editor = await connect("vscode", *FINDS, mode="balanced")
    editor.answers = [YES]
    uri, told = await translated(editor)
    assert told["verdict"] is None
    assert WRONG in editor.text(uri)
    assert (await lens(editor, uri))[0].startswith("translated, not run")
    (question,) = editor.questions
    assert str(editor.workspace) in question.message
    _, told = await translated(editor, "b.py")
    assert told["verdict"] == "verified"
    assert len(editor.questions) == 1
    again = await connect("vscode", *FINDS, mode="balanced")
    _, told = await translated(again, "c.py")
    assert told["verdict"] == "verified"
    assert again.questions == []


async def test_a_no_is_kept(connect: Connect) -> None:
    editor = await connect("vscode", *FINDS, mode="balanced")
    editor.answers = [NO]
    await translated(editor)
    for name in ("b.py", "c.py"):
        _, told = await translated(editor, name)
        assert told["verdict"] is None
    assert len(editor.questions) == 1


async def test_an_editor_that_does_not_trust_its_workspace_wins(connect: Connect) -> None:
    settings = {"trusted": ["/"]}
    editor = await connect("vscode", *FINDS, mode="balanced", trusted=False, settings=settings)
    _, told = await translated(editor)
    assert told["verdict"] is None
    assert editor.questions == []


async def test_a_client_that_cannot_ask_trusts_by_its_settings(connect: Connect) -> None:
    editor = await connect("bare", *FINDS, mode="balanced")
    _, told = await translated(editor)
    assert told["verdict"] is None
    settings = {"trusted": [str(editor.workspace)]}
    other = await connect("bare", *FINDS, mode="balanced", settings=settings)
    _, told = await translated(other, "b.py")
    assert told["verdict"] == "verified"


async def test_the_next_alternatives_are_run_too(connect: Connect) -> None:
    given = ("--greedy", f"{RIGHT}\n```", "--sampled", f"{WRONG}\n```")
    editor = await connect("vscode", *given, mode="balanced", trusted=True)
    uri, told = await translated(editor)
    assert told["candidates"] == 1
    answer = await editor.run("transloop.next", {"job": told["id"]})
    told = await editor.done(str(answer["job"]), SECONDS)
    assert told["verdict"] == "failed"
    assert (await lens(editor, uri))[0].startswith("differs: gcd(")


async def test_a_workspace_cannot_trust_itself(connect: Connect) -> None:
    editor = await connect("vscode", *FINDS, mode="balanced")
    (editor.workspace / ".transloop.toml").write_text('trusted = ["/"]\n')
    _, told = await translated(editor)
    assert told["verdict"] is None
    await until(lambda: editor.messages, "the complaint")
    assert "trusted, which a workspace may not" in editor.messages[0]


@pytest.mark.model
async def test_the_real_model_is_run_beside_the_source(connect: Connect, coder: ModelFile) -> None:
    editor = await connect(
        "vscode",
        backend="llama",
        mode="balanced",
        trusted=True,
        settings={"model": str(coder.path)},
    )
    uri = editor.open("a.py", "def double(x: int) -> int:\n    return 2 * x\n")
    job = await editor.translate(uri, "def double(x: int) -> int:", "javascript", placement="below")
    told = await editor.done(job, 240.0)
    assert told["verdict"] == "verified", told
