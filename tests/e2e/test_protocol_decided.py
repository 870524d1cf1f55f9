"""What a person says of a translation: accepted, rejected, fixed; and what problems they see."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from tests.e2e.conftest import Connect
from tests.e2e.lsp_buffers import plain
from tests.e2e.lsp_editor import Editor, until
from tests.e2e.test_protocol_verified import (
    FINDS,
    FUNCTION,
    NEVER_FINDS,
    RIGHT,
    SECONDS,
    TEXT,
    WRONG,
    lens,
)

pytestmark = pytest.mark.e2e

ECHO = f"echo:\n{FUNCTION}"
BROKEN = "function gcd(a, b) {\n  return a +;\n}"
REPAIRS = ("--greedy", f"{WRONG}\n```", "--sampled", f"{WRONG}\n```", "--repaired", f"{RIGHT}\n```")


async def placed(editor: Editor, placement: str, seconds: float = SECONDS) -> tuple[str, str]:
    uri = editor.open("a.py", TEXT)
    job = await editor.translate(uri, FUNCTION, "javascript", placement=placement)
    assert (await editor.done(job, seconds))["state"] == "done"
    return uri, job


def problems(editor: Editor, uri: str) -> list[lsp.Diagnostic]:
    return list(editor.client.diagnostics.get(uri, ()))


async def menu(editor: Editor, uri: str, code: str) -> list[str]:
    return [each.title for each in await editor.menu(uri, editor.select(uri, code))]


# Accepting and rejecting


async def test_what_was_accepted_stays_and_is_left_in_peace(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, job = await placed(editor, "below")
    text = editor.text(uri)
    assert "error" not in await editor.run("transloop.accept", {"job": job})
    assert editor.text(uri) == text
    assert await lens(editor, uri) == []
    again = await editor.run("transloop.reject", {"job": job})
    assert again["error"] == "You have accepted or rejected it already."
    assert "Accept the translation" not in await menu(editor, uri, ECHO)
    assert "Next alternative translation" in await menu(editor, uri, ECHO)


@pytest.mark.parametrize("client", ["vscode", "neovim", "bare"])
@pytest.mark.parametrize("placement", ["below", "replace"])
async def test_a_rejected_translation_goes_without_a_trace(
    connect: Connect, client: str, placement: str
) -> None:
    editor = await connect(client)
    uri, job = await placed(editor, placement)
    assert ECHO in editor.text(uri)
    editor.type(uri, "x = 1", "typed = 0\n")
    editor.type(uri, "# 🎉", "# typed\n")
    await editor.run("transloop.reject", {"job": job})
    expected = TEXT.replace("x = 1", "typed = 0\nx = 1").replace("# 🎉", "# typed\n# 🎉")
    await until(lambda: editor.text(uri) == expected, "the translation is gone")
    assert await lens(editor, uri) == []


async def test_after_a_rejected_alternative_the_original_is_back(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, job = await placed(editor, "replace")
    await editor.run("transloop.next", {"job": job})
    await editor.done(job)
    assert "alternative 1" in editor.text(uri)
    await editor.run("transloop.reject", {"job": job})
    await until(lambda: editor.text(uri) == TEXT, "the original is back")


@pytest.mark.parametrize("client", ["vscode", "neovim", "bare"])
async def test_a_rejected_file_is_deleted(connect: Connect, client: str) -> None:
    editor = await connect(client)
    _, job = await placed(editor, "beside")
    path = editor.workspace / "a.js"
    assert path.exists()
    await editor.run("transloop.reject", {"job": job})
    await until(lambda: not path.exists(), "the file is gone")


async def test_what_the_person_wrote_is_not_rejected_with_it(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, job = await placed(editor, "below")
    editor.type(uri, "cho:", "mine ", instead="e")
    text = editor.text(uri)
    await editor.run("transloop.reject", {"job": job})
    await until(lambda: editor.messages, "the reason")
    assert editor.messages[-1] == "You changed the translation, so it was left as it is."
    assert editor.text(uri) == text


async def test_an_edited_text_has_no_verdict_of_before(connect: Connect) -> None:
    editor = await connect("vscode", *NEVER_FINDS, mode="fast", trusted=True)
    uri, _ = await placed(editor, "below")
    assert (await lens(editor, uri))[0].startswith("differs: gcd(")
    assert problems(editor, uri)
    editor.type(uri, ", b = a % b", " [a, b", instead="a = b")
    assert (await lens(editor, uri))[0].startswith("you changed it, not run since")
    await until(lambda: not problems(editor, uri), "the problem is taken away")


# Problems


async def test_a_difference_is_a_problem_with_the_original_related(connect: Connect) -> None:
    editor = await connect("vscode", *NEVER_FINDS, mode="fast", trusted=True)
    uri, job = await placed(editor, "below")
    (found,) = problems(editor, uri)
    line = editor.text(uri).split(WRONG)[0].count("\n")
    assert found.range.start == lsp.Position(line, 0)
    assert found.severity is lsp.DiagnosticSeverity.Warning
    assert found.message.startswith("differs: gcd(")
    assert (found.source, found.code) == ("transloop", "failed")
    (related,) = found.related_information or ()
    assert related.location == lsp.Location(uri, editor.select(uri, FUNCTION))
    await editor.run("transloop.accept", {"job": job})
    await until(lambda: not problems(editor, uri), "who accepts it knows")


async def test_what_does_not_compile_is_a_problem_in_its_line(connect: Connect) -> None:
    broken = ("--greedy", f"{BROKEN}\n```", "--sampled", f"{BROKEN}\n```")
    editor = await connect("neovim", *broken, mode="fast", trusted=True)
    uri, _ = await placed(editor, "below")
    (found,) = problems(editor, uri)
    line = editor.text(uri).split(BROKEN)[0].count("\n")
    assert found.range == lsp.Range(lsp.Position(line + 1, 0), lsp.Position(line + 1, 13))
    assert found.severity is lsp.DiagnosticSeverity.Error
    assert found.message.startswith("does not compile: ")


async def test_without_related_information_the_message_says_where_the_original_is(
    connect: Connect,
) -> None:
    editor = await connect("bare", *NEVER_FINDS, mode="fast", trusted=True)
    uri, _ = await placed(editor, "below")
    assert problems(editor, uri) == []  # it never said that it shows any


async def test_a_verified_translation_is_no_problem(connect: Connect) -> None:
    finds = ("--greedy", f"{RIGHT}\n```", "--sampled", f"{RIGHT}\n```")
    editor = await connect("vscode", *finds, mode="fast", trusted=True)
    uri, job = await placed(editor, "below")
    assert (await editor.job(job))["verdict"] == "verified"
    assert problems(editor, uri) == []


# Fixing


async def test_the_model_is_shown_the_failure_and_its_answer_is_run(connect: Connect) -> None:
    editor = await connect("vscode", *REPAIRS, mode="fast", trusted=True)
    uri, job = await placed(editor, "below")
    assert "Fix with this failure" in await lens(editor, uri)
    assert "Fix with this failure" in await menu(editor, uri, WRONG)
    await editor.run("transloop.fix", {"job": job})
    told = await editor.done(job, SECONDS)
    assert told["verdict"] == "verified", told
    assert RIGHT in editor.text(uri)
    assert WRONG not in editor.text(uri)
    assert "Fix with this failure" not in await lens(editor, uri)
    refused = await editor.run("transloop.fix", {"job": job})
    assert refused["error"].startswith("There is no failure that the model may be shown")


async def test_what_was_not_run_cannot_be_fixed(connect: Connect) -> None:
    editor = await connect("vscode")
    _, job = await placed(editor, "below")
    refused = await editor.run("transloop.fix", {"job": job})
    assert refused["error"] == "Nothing of this text was run, so no failure is known."


# What is there no more


async def test_what_was_closed_without_saving_leaves_nothing_behind(connect: Connect) -> None:
    editor = await connect("vscode", *NEVER_FINDS)
    uri, _ = await placed(editor, "below")
    assert len(await lens(editor, uri)) == 4
    editor.close(uri)
    editor.show(uri, TEXT, "python")
    for _ in range(20):  # also after it was searched for
        assert await lens(editor, uri) == []
        assert "Accept the translation" not in await menu(editor, uri, TEXT)
        await asyncio.sleep(0.02)


async def test_what_was_saved_is_still_there_when_it_is_opened_again(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, _ = await placed(editor, "below")
    editor.type(uri, "\n\n\ndef", "import os  # above it\n")
    editor.save(uri)
    text = editor.text(uri)
    editor.close(uri)
    editor.show(uri, text, "python")
    assert len(await lens(editor, uri)) == 4
    assert "Accept the translation" in await menu(editor, uri, ECHO)


async def test_what_was_undone_leaves_no_lens(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, _ = await placed(editor, "below")
    editor.undo(uri)
    await asyncio.sleep(0.1)
    assert await lens(editor, uri) == []


async def test_what_was_undone_does_not_come_back_with_the_next_translation(
    connect: Connect,
) -> None:
    editor = await connect("vscode", *NEVER_FINDS)
    uri, first = await placed(editor, "below")
    editor.undo(uri)
    again = await editor.translate(uri, FUNCTION, "javascript", placement="below")
    await editor.done(again)
    for _ in range(10):
        assert len(await lens(editor, uri)) == 4
        await asyncio.sleep(0.05)
    assert (await editor.job(first))["placed"] is None
    assert "error" not in await editor.run("transloop.accept", {"job": again})
    assert await lens(editor, uri) == []


# Looking


async def read(path: str | Path) -> str:
    return await asyncio.to_thread(Path(path).read_text)


async def test_original_and_translation_can_be_compared(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, job = await placed(editor, "below")
    editor.type(uri, "cho:", "mine ", instead="e")
    sides = await editor.run("transloop.diff", {"job": job})
    assert await read(sides["left"]) == f"{FUNCTION}\n"
    assert await read(sides["right"]) == f"{ECHO.replace('echo', 'mine cho')}\n"
    assert sides["title"] == "gcd: Python to JavaScript"
    await until(lambda: editor.client.shown_documents, "a page for a plain editor")
    assert "+mine cho:" in await read(Path(sides["left"]).with_name("gcd.md"))


async def test_a_client_that_shows_diffs_is_left_to_it(connect: Connect) -> None:
    from tests.e2e.lsp_clients import vscode

    able = vscode()
    able.experimental = {"transloop": {"diff": True}}
    editor = await connect("vscode", capabilities=able)
    _, job = await placed(editor, "below")
    sides = await editor.run("transloop.diff", {"job": job})
    assert await read(sides["right"]) == f"{ECHO}\n"
    assert editor.client.shown_documents == []


async def test_what_the_person_made_of_it_can_be_compared_with_the_draft(connect: Connect) -> None:
    editor = await connect("vscode")
    uri, job = await placed(editor, "below")
    assert "Compare with the draft" not in await menu(editor, uri, ECHO)
    editor.type(uri, "cho:", "mine ", instead="e")
    mine = ECHO.replace("echo", "mine cho")
    assert "Compare with the draft" in await menu(editor, uri, mine)
    await editor.run("transloop.accept", {"job": job})
    sides = await editor.run("transloop.diffDraft", {"job": job})
    assert await read(sides["left"]) == f"{ECHO}\n"
    assert await read(sides["right"]) == f"{mine}\n"
    assert sides["title"] == "gcd: draft to yours"


async def test_the_status_tells_how_many_were_run_and_verified_today(connect: Connect) -> None:
    editor = await connect("vscode", *FINDS, mode="balanced", trusted=True)
    assert (await editor.run("transloop.status"))["today"]["translated"] == 0
    await placed(editor, "below")
    told = await editor.run("transloop.status")
    assert told["today"] == {"translated": 1, "run": 1, "verified": 1}


# While it is written

SLOW = ("--seconds-per-token", "0.05")


async def test_plain_editors_see_the_line_that_was_written_last(connect: Connect) -> None:
    editor = await connect("vscode", *SLOW)
    await placed(editor, "below")
    messages = [each.message or "" for reports in editor.progress for each in reports[1:-1]]
    assert any("tokens/s | def gcd(a: int, b: int) -> int:" in each for each in messages), messages


async def test_a_client_that_asks_for_it_gets_the_lines_as_they_are_written(
    connect: Connect,
) -> None:
    from tests.e2e.lsp_clients import vscode

    able = vscode()
    able.experimental = {"transloop": {"stream": True}}
    editor = await connect("vscode", *SLOW, capabilities=able)
    told: list[dict[str, str]] = []
    editor.client.feature("transloop/writing")(lambda params: told.append(plain(params)))
    _, job = await placed(editor, "below")
    assert {each["job"] for each in told} == {job}
    texts = [each["text"] for each in told]
    assert len(texts) == len(set(texts))
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert ECHO.startswith(texts[-1])
