"""The units that come with transloop: each can be judged by running, and all constructs occur."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from transloop_sandbox.sandbox import Sandbox
from transloop_syntax import constructs
from transloop_trainer.evaluate.rows import Row
from transloop_trainer.evaluate.task import tasks
from transloop_trainer.units import rows
from transloop_verify.case import Side
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.matching import named

COUNTS = {"python": 48, "javascript": 24, "java": 24, "go": 16}
SAMPLED = {
    "javascript": {"sortedVersions", "cssName", "newVisitors", "playlistOrder"},
    "java": {"Sensor.read", "Attendance.both", "Rising.rising"},
    "go": {"scoreBoard", "mergeTags"},
}
"""Those that are run here; of Python all. Each mutant of the others is a program of its own."""
CASES, SCORE = 24, 0.8
UNTESTABLE = frozenset({"variable_arguments"})
"""No case passes more than one value to such a parameter."""


def _of(language: str) -> list[Row]:
    return [each for each in rows() if language in each["languages"]]


def _name(row: Row) -> str:
    return str(row["id"]).rpartition("/")[2]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def _evidence(row: Row, language: str, sandbox: Sandbox) -> Evidence:
    given = row["languages"][language]
    entry = named(given["entry_point"], given["code"], language)
    side = Side(given["code"], language, entry)
    return derive(side, sandbox, effort=Effort(seconds=60, mutant_seconds=60))


def test_there_are_enough_of_each_language_and_none_is_there_twice() -> None:
    spoken = Counter(language for each in rows() for language in each["languages"])
    assert spoken == COUNTS
    names = [_name(each) for each in rows()]
    assert len(set(names)) == len(names) == sum(COUNTS.values())


@pytest.mark.parametrize("language", COUNTS)
def test_each_can_be_judged_in_a_direction(language: str) -> None:
    target = "go" if language == "python" else "python"
    found = list(tasks(rows(), f"{language}:{target}"))
    assert [each.id for each in found] == [each["id"] for each in _of(language)]
    assert not any(each.target.tests for each in found)


@pytest.mark.parametrize("language", COUNTS)
def test_they_are_short_but_not_trivial(language: str) -> None:
    texts = [each["languages"][language]["code"].splitlines() for each in _of(language)]
    lengths = [sum(bool(line.strip()) for line in lines) for lines in texts]
    assert len(lengths) == COUNTS[language]
    assert min(lengths) >= 5
    assert max(lengths) <= 25


@pytest.mark.parametrize("language", ["python", "javascript", "java"])
def test_every_construct_occurs(language: str) -> None:
    texts = [each["languages"][language]["code"] for each in _of(language)]
    seen = Counter(tag for text in texts for tag in constructs.constructs(text, language))
    known = constructs.names(language) - UNTESTABLE
    assert set(seen) == known
    assert sum(seen.values()) >= 3 * len(known)


@pytest.mark.parametrize("language", COUNTS)
def test_the_cases_of_each_notice_mistakes(language: str, sandbox: Sandbox) -> None:
    wanted = SAMPLED.get(language)
    some = [each for each in _of(language) if wanted is None or _name(each) in wanted]
    assert len(some) == len(wanted or _of(language))
    weak = {}
    for row in some:
        found = _evidence(row, language, sandbox)
        share = found.mutants.share if found.mutants else None
        if found.reason or len(found.cases) < CASES or (share or 0) < SCORE:
            weak[row["id"]] = found.reason or f"{len(found.cases)} cases, {found.mutants}"
    assert weak == {}
