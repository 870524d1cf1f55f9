"""The menu: short titles, the right order, and nothing where nothing can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from lsprotocol import types as lsp

from transloop_model.engine import GREEDY
from transloop_server.client import Client
from transloop_server.documents import Anchor, Document, Text
from transloop_server.jobs import Job, Placed
from transloop_server.menu import KIND, as_actions, choices, lenses, ordered
from transloop_settings.settings import Sampling
from transloop_syntax.language import language, languages
from transloop_syntax.source import Source
from transloop_syntax.unit import unit_at
from transloop_translate.translation import Translation, Work
from transloop_verify.case import Observation
from transloop_verify.judge import Counterexample, Verdict

TEXT = "def area(r):\n    return r * r\n\nx = 1\n"
TARGETS = ("javascript", "python", "rust")
EVERYTHING = Client(ask=True, literal_actions=True, mark_generated=True)


def opened(text: str = TEXT, language_id: str = "python", uri: str = "file:///a.py") -> Document:
    return Document(uri, language_id, 1, Text(text))


def chosen(*numbers: int) -> lsp.Range:
    return lsp.Range(lsp.Position(*numbers[:2]), lsp.Position(*numbers[2:]))


FUNCTION, CURSOR_ON_NAME, CURSOR_IN_BODY = (
    chosen(0, 0, 1, 16),
    chosen(0, 5, 0, 5),
    chosen(1, 4, 1, 4),
)


def titles(
    at: lsp.Range,
    document: Document | None = None,
    jobs: Sequence[Job] = (),
    *,
    only: Sequence[str] | None = None,
    asked: bool = True,
) -> list[str]:
    lines = choices(document or opened(), at, TARGETS, jobs, asked=asked)
    return [action.title for action in as_actions(lines, EVERYTHING, only)]


def job_at(document: Document, start: int, end: int, target: str = "javascript") -> Job:
    unit = unit_at(Source(document.text.text, language("python")), start, end)
    work = Work(unit, language(target), Sampling())
    original = document.text.text[unit.start : unit.end]
    return Job("job-1", document.uri, original, Anchor(unit.start, unit.end), work, "below")


def finished(document: Document, placed: Placed) -> Job:
    job = job_at(document, 0, 5)
    job.state, job.placed = "done", placed
    job.found = [Translation(job.work.unit, "javascript", "code", GREEDY)] * 3
    job.shown = 1
    return job


def test_a_selection_can_go_to_every_other_target() -> None:
    assert titles(FUNCTION) == [
        "Translate to JavaScript",
        "Translate to Rust",
        "Translate to...",
        "Bring into Python",
    ]


def test_a_cursor_on_a_name_stands_for_its_function() -> None:
    assert titles(CURSOR_ON_NAME) == [
        "Translate to JavaScript",
        "Translate to Rust",
        "Translate to...",
    ]


@pytest.mark.parametrize(
    "at", [CURSOR_IN_BODY, chosen(1, 0, 1, 4), chosen(2, 0, 3, 0)], ids=["body", "blanks", "lines"]
)
def test_nothing_is_offered_where_nothing_is_selected(at: lsp.Range) -> None:
    assert titles(at) == []


def test_an_unknown_language_has_no_menu() -> None:
    assert titles(FUNCTION, opened(language_id="kotlin", uri="file:///a.kt")) == []


def test_an_editor_that_asks_by_itself_never_waits_for_a_parse() -> None:
    document = opened()
    assert titles(CURSOR_ON_NAME, document, asked=False) == []
    document.source()
    assert "Translate to Rust" in titles(CURSOR_ON_NAME, document, asked=False)


def test_the_target_that_was_used_last_comes_first_then_open_languages() -> None:
    targets = ["javascript", "java", "go", "rust"]
    assert ordered(targets, ["rust", "java"], []) == ["rust", "java", "javascript", "go"]
    assert ordered(targets, ["go"], ["java"]) == ["go", "java", "javascript", "rust"]
    assert ordered(targets, ["klingon"], ["python"]) == targets


def test_targets_that_nobody_knows_are_left_out() -> None:
    lines = choices(opened(), FUNCTION, ["klingon", "go"], [])
    assert [line.title for line in lines][:2] == ["Translate to Go", "Translate to..."]


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (None, 4),
        ([], 4),
        ([""], 4),
        (["refactor"], 4),
        (["refactor.rewrite"], 4),
        (["refactor.rewrite.translate"], 4),
        (["refactor.rewrite.translate.rust"], 1),
        (["quickfix", "refactor.rewrite.translate.python"], 1),
        (["refactor.extract"], 0),
        (["refactor.rewrite.trans"], 0),
        (["source.fixAll"], 0),
    ],
)
def test_only_the_kinds_that_were_asked_for_are_offered(only: list[str] | None, count: int) -> None:
    assert len(titles(FUNCTION, only=only)) == count


def test_no_title_is_longer_than_forty_characters() -> None:
    seen = 0
    for source in languages():
        document = opened("x = 1\n", source, f"file:///a.{source}")
        everything = list(languages())
        lines = choices(document, chosen(0, 0, 0, 5), everything, [])
        lines += [
            line
            for target in everything
            for line in choices(opened(), FUNCTION, [], [job_at(opened(), 0, 5, target)])
        ]
        lines += choices(opened(), FUNCTION, [], [finished(opened(), Placed("file:///a.py", ""))])
        seen += len(lines)
        assert [line.title for line in lines if len(line.title) > 40] == []
    assert seen > 100


def test_a_running_job_can_be_cancelled_from_its_lines() -> None:
    document = opened()
    running = [job_at(document, 0, 5)]
    assert titles(CURSOR_IN_BODY, document, running) == ["Cancel translation to JavaScript"]
    assert titles(chosen(3, 0, 3, 0), document, running) == []


def test_what_was_placed_can_be_exchanged_from_its_lines() -> None:
    document = opened()
    placed = finished(document, Placed(document.uri, "x = 1", Anchor(31, 36)))
    assert titles(chosen(3, 3, 3, 3), document, [placed]) == [
        "Accept the translation",
        "Reject the translation",
        "Next alternative translation",
        "Translate again",
        "Compare with the original",
        "Do not learn from this translation",
    ]
    assert titles(CURSOR_IN_BODY, document, [placed]) == []


def test_a_file_of_ours_offers_more_everywhere_and_by_any_spelling_of_its_uri() -> None:
    ours = opened(uri="file:///a%2Bb.py")
    job = finished(opened(), Placed("file:///a+b.py", TEXT))
    assert "Next alternative translation" in titles(CURSOR_IN_BODY, ours, [job])
    assert [lens.range.start.line for lens in lenses(ours, [job])] == [0] * 4


def test_actions_carry_kind_command_and_tag() -> None:
    first, *_ = as_actions(choices(opened(), FUNCTION, TARGETS, []), EVERYTHING, None)
    assert isinstance(first, lsp.CodeAction)
    assert first.kind == f"{KIND}.javascript"
    assert first.tags == [lsp.CodeActionTag.LlmGenerated]
    assert first.command
    assert first.command.command == "transloop.translate"
    assert first.command.arguments == [
        {
            "uri": "file:///a.py",
            "range": {
                "start": {"line": 0, "character": 0},
                "end": {"line": 1, "character": 16},
            },
            "target": "javascript",
        }
    ]
    assert first.edit is None  # nothing is generated for a menu


def test_a_client_without_tags_or_literals_or_questions_gets_what_it_knows() -> None:
    lines = choices(opened(), FUNCTION, TARGETS, [])
    untagged, *_ = as_actions(lines, Client(literal_actions=True, ask=True), None)
    assert isinstance(untagged, lsp.CodeAction)
    assert untagged.tags is None
    bare = as_actions(lines, Client(), [KIND])
    assert [type(line) for line in bare] == [lsp.Command] * 3
    assert "Translate to..." not in [line.title for line in bare]  # it could not be asked


def test_lenses_cancel_what_runs_and_continue_what_is_done() -> None:
    document = opened()
    (cancel,) = lenses(document, [job_at(document, 0, 5)])
    assert cancel.command
    assert cancel.command.title == "Cancel: translating area to JavaScript"
    assert cancel.command.arguments == [{"job": "job-1"}]
    placed = finished(document, Placed(document.uri, "x = 1", Anchor(31, 36)))
    following, accept, reject, again = lenses(document, [placed])
    assert following.range.start == lsp.Position(3, 0)
    assert following.command
    assert following.command.title == "translated, not run (2/3) | Next alternative"
    assert accept.command
    assert reject.command
    assert (accept.command.title, reject.command.title) == ("Accept", "Reject")
    assert again.command
    assert again.command.command == "transloop.retry"


VERIFIED = Verdict("verified", cases=24, agreed=24)
EXAMPLE = Counterexample(
    (2,), Observation("returned", value=4), Observation("returned", value=2), "is 2, was 4"
)
DIFFERS = Verdict("failed", counterexample=EXAMPLE)
HELD_OUT = Verdict("failed", counterexample=replace(EXAMPLE, held_out=True))


def judged(document: Document, verdict: Verdict | None) -> Job:
    job = finished(document, Placed(document.uri, "x = 1", Anchor(31, 36)))
    job.found[job.shown] = replace(job.found[job.shown], verdict=verdict)
    return job


def lens_titles(document: Document, job: Job) -> list[str]:
    return [each.command.title for each in lenses(document, [job]) if each.command]


@pytest.mark.parametrize(
    ("verdict", "says", "fixable"),
    [
        (None, "translated, not run", False),
        (VERIFIED, "verified: 24 cases", False),
        (DIFFERS, "differs: area(2) is 2, was 4", True),
        (HELD_OUT, "differs: area(2) is 2, was 4", False),
        (Verdict("compile_error", "no", line=1), "does not compile: no", True),
        (Verdict("unchecked", "it opens a socket"), "not checked: it opens a socket", False),
    ],
)
def test_a_lens_says_what_was_seen_and_a_failure_that_may_be_shown_can_be_fixed(
    verdict: Verdict | None, says: str, fixable: bool
) -> None:
    document = opened()
    first, *below = lens_titles(document, judged(document, verdict))
    assert first == f"{says} (2/3) | Next alternative"
    assert ("Fix with this failure" in below) is fixable


def test_a_verdict_is_never_said_of_a_text_that_was_changed_since() -> None:
    document = opened()
    job = judged(document, VERIFIED)
    job.edited = True
    assert lens_titles(document, job)[0].startswith("you changed it, not run since")
    job.edited, job.final = False, replace(job.found[job.shown], verdict=DIFFERS)
    assert lens_titles(document, job)[0].startswith("yours: differs: area(2)")


def test_what_is_decided_has_no_lens() -> None:
    document = opened()
    job = judged(document, VERIFIED)
    job.decided = True
    assert lenses(document, [job]) == []


def test_a_lens_stays_inside_a_document_that_shrank() -> None:
    document = opened("x\n")
    running = job_at(opened(), 31, 36)
    assert lenses(document, [running])[0].range.start == lsp.Position(1, 0)


def test_a_translation_that_is_there_no_more_has_no_lens_and_no_menu() -> None:
    document = opened("x\n")
    for anchor in (Anchor(31, 36), Anchor(1, 1)):
        gone = finished(opened(), Placed(document.uri, "x = 1", anchor))
        assert lenses(document, [gone]) == []
        assert "Accept the translation" not in titles(chosen(0, 0, 0, 1), document, [gone])


def test_jobs_of_other_documents_have_no_lenses_here() -> None:
    other = finished(opened(), Placed("file:///b.js", "code"))
    assert lenses(opened(), [other]) == []
    job = job_at(opened(), 0, 5)
    assert lenses(opened(uri="file:///b.py"), [job]) == []
