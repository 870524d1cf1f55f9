"""Whether anything may be learned: asked once, after the first translation, and remembered."""

from __future__ import annotations

import pytest
from tests.e2e.conftest import Connect
from tests.e2e.lsp_editor import Editor, until

from transloop_seeds import consent
from transloop_server.learning import ANSWERS, QUESTION
from transloop_server.trust import NO, YES

pytestmark = pytest.mark.e2e

FUNCTION = "def area(r):\n    return r * r"


async def placed(editor: Editor, target: str = "javascript") -> None:
    uri = editor.open("shapes.py", f"{FUNCTION}\n")
    job = await editor.translate(uri, FUNCTION, target, placement="below")
    assert (await editor.done(job, 60.0))["state"] == "done"


def questions(editor: Editor) -> list[str]:
    return [each.message for each in editor.questions]


@pytest.mark.parametrize("answer", list(ANSWERS))
async def test_people_are_asked_once_and_for_all(connect: Connect, answer: str) -> None:
    first = await connect("vscode", learn="all")
    first.answers = [answer]
    await placed(first)
    await until(lambda: consent.read().level(None) == ANSWERS[answer], "the answer is kept")
    assert questions(first) == [QUESTION]
    later = await connect("vscode", learn="all")
    await placed(later, "go")
    await placed(later, "rust")
    assert questions(later) == []


async def test_who_does_not_answer_has_not_agreed_and_is_asked_the_next_time(
    connect: Connect,
) -> None:
    for _ in range(2):
        editor = await connect("vscode", learn="all")
        await placed(editor)
        await placed(editor, "go")
        await until(lambda each=editor: each.questions, "the question")
        assert questions(editor) == [QUESTION]
        assert consent.read().level(None) is None


async def test_nobody_is_asked_where_learning_is_off_or_questions_are_unknown(
    connect: Connect,
) -> None:
    for client, learn in (("vscode", "off"), ("bare", "all")):
        editor = await connect(client, learn=learn)
        await placed(editor)
        assert questions(editor) == []


async def test_one_question_is_asked_after_the_other(connect: Connect) -> None:
    editor = await connect("vscode", mode="fast", learn="all")
    open_at_once: list[int] = []
    editor.manners.thinks = lambda: open_at_once.append(len(editor.questions))
    editor.answers = [NO, "No"]
    await placed(editor)
    await until(lambda: len(editor.questions) == 2, "both questions")
    trusted, learned = editor.questions
    assert [each.title for each in trusted.actions or ()] == [YES, NO]
    assert learned.message == QUESTION
    assert open_at_once == [1, 2]
