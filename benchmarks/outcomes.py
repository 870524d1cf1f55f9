"""Following translations: what it adds to each `didChange` of a long document.

The same edits are applied to two copies of the document, one after the other in turns, so that both
see the same machine: one in which nothing is followed, and one in which fifty translations are.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from benchmarks.units import UNITS, long_file
from transloop_model.engine import GREEDY
from transloop_seeds import consent
from transloop_seeds.store import Store
from transloop_server.documents import Anchor, Document, Text
from transloop_server.jobs import Job, Placed
from transloop_server.outcomes.outcomes import Outcomes
from transloop_server.session import Session
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_syntax.unit import snippet
from transloop_translate.translation import Translation, Work

LINES = 10_000
FOLLOWED = 50
EDITS_A_ROUND = 1_000
KEYS_A_SECOND = 300.0
"""Thirty times as fast as a person, and slow enough for the ledger to write meanwhile."""
LIMIT_MS = 1.0
"""Of the design, for what is added, at the 99th percentile."""


def measure(rounds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    for title, incremental in (("did_change", True), ("did_change_of_a_whole_document", False)):
        with tempfile.TemporaryDirectory() as home:
            before = os.environ.get("TRANSLOOP_HOME")
            os.environ["TRANSLOOP_HOME"] = home
            try:
                yield title, asyncio.run(_tracked(Path(home), rounds, incremental=incremental))
            finally:
                os.environ.pop("TRANSLOOP_HOME")
                if before is not None:
                    os.environ["TRANSLOOP_HOME"] = before


async def _tracked(folder: Path, rounds: int, *, incremental: bool) -> dict[str, Any]:
    consent.answer("all")
    session = Session(LanguageServer("benchmark", "0"))
    outcomes = Outcomes(session, lambda job: None)
    uri = (folder / "long.py").as_uri()
    session.documents.open(lsp.TextDocumentItem(uri, "python", 1, long_file(LINES)))
    followed = session.documents[uri]
    _place(session, outcomes, followed)
    alone = Document(uri, "python", 1, Text(followed.text.text))
    _ = alone.text.starts, followed.text.starts  # an editor's first edit needs the index
    choice = random.Random(1)  # noqa: S311 - the same edits in every run
    with_it, without = Times(), Times()
    for number in range(rounds * EDITS_A_ROUND):
        range_, text = _edit(followed, choice, number)
        change: lsp.TextDocumentContentChangeEvent = lsp.TextDocumentContentChangePartial(
            range_, text
        )
        if not incremental:
            start, end = (followed.text.offset(each) for each in (range_.start, range_.end))
            whole = followed.text.text[:start] + text + followed.text.text[end:]
            change = lsp.TextDocumentContentChangeWholeDocument(whole)
        for document in (alone, followed) if number % 4 < 2 else (followed, alone):
            with with_it if document is followed else without:
                document.change(number, [change])
                if document is followed:
                    outcomes.changed_in(followed)
        await asyncio.sleep(1 / KEYS_A_SECOND)
    await outcomes.close()
    if alone.text.text != followed.text.text:
        raise AssertionError("the two copies have come apart")
    return _told(with_it, without)


class Times:
    """How long something took, again and again: of the clock, and of this thread's CPU time."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def __enter__(self) -> None:
        self._began = time.perf_counter(), time.thread_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        self.wall.append(wall - self._began[0])
        self.cpu.append(cpu - self._began[1])


def _told(with_it: Times, without: Times) -> dict[str, Any]:
    """On a busy machine only the CPU time says what is added; the clock counts what others do."""
    added = [one - other for one, other in zip(with_it.wall, without.wall, strict=True)]
    cpu = [one - other for one, other in zip(with_it.cpu, without.cpu, strict=True)]
    return {
        "baseline": "the same edits of the same document, nothing followed",
        "lines": LINES,
        "followed": FOLLOWED,
        "edits": len(added),
        "median_ms": _ms(statistics.median(with_it.wall)),
        "median_ms_baseline": _ms(statistics.median(without.wall)),
        "p99_ms": _ms(_p99(with_it.wall)),
        "p99_ms_baseline": _ms(_p99(without.wall)),
        "added_median_ms": _ms(statistics.median(added)),
        "added_p99_ms": _ms(_p99(added)),
        "p99_cpu_ms": _ms(_p99(with_it.cpu)),
        "p99_cpu_ms_baseline": _ms(_p99(without.cpu)),
        "added_median_cpu_ms": _ms(statistics.median(cpu)),
        "added_p99_cpu_ms": _ms(_p99(cpu)),
        "limit_ms": LIMIT_MS,
        "events": Store().counts()["events"],
    }


def _place(session: Session, outcomes: Outcomes, document: Document) -> None:
    """Put translations between the functions of a document, from top to bottom."""
    for number in range(FOLLOWED):
        source = UNITS[number % len(UNITS)]
        code = source.replace("(", f"_placed_{number}(", 1)
        at = document.text.text.index("\n\n\n", number * len(document.text.text) // FOLLOWED)
        there = document.text.range(at, at)
        document.change(1, [lsp.TextDocumentContentChangePartial(there, f"\n\n\n{code}")])
        anchor = Anchor(at + 3, at + 3 + len(code))
        document.anchors.append(anchor)
        unit = snippet(source, language("python"))
        work = Work(unit, language("javascript"), Sampling())
        job = Job(session.jobs.next_id(), document.uri, source, Anchor(0, 0), work, "below")
        job.found = [Translation(unit, "javascript", code, GREEDY)]
        job.state, job.placed = "done", Placed(document.uri, code, anchor, "\n\n\n")
        session.jobs.add(job)
        outcomes.shown(job)


def _edit(document: Document, choice: random.Random, number: int) -> tuple[lsp.Range, str]:
    """Mostly keys, half of them in a translation; now and then a paste, and a deletion of lines."""
    anchors = [each for each in document.anchors if each.end > each.start]
    start = choice.randrange(len(document.text.text))
    if number % 2:
        anchor = choice.choice(anchors)
        start = choice.randrange(anchor.start, anchor.end)
    if number % 100 == 99:
        return document.text.range(start, start), "    pasted = 1\n" * 20
    if number % 100 == 49:
        return document.text.range(start, min(len(document.text.text), start + 300)), ""
    return document.text.range(start, start), "x"


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
