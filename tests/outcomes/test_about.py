"""What an event says about a translation: who made it, what was run, and no path of anybody's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.outcomes.conftest import DRAFT, Desk

from transloop_model import catalog
from transloop_server.outcomes.about import Maker, about, digests, judged, maker
from transloop_settings.settings import Engine, Settings
from transloop_verify.case import Observation
from transloop_verify.judge import Counterexample, Verdict
from transloop_verify.mutants import Score
from transloop_verify.traced import Coverage

FAILED = Verdict(
    "failed",
    "1 of 4 cases differs",
    cases=4,
    agreed=3,
    counterexample=Counterexample(
        ([1, 2.5], "text", b"\x00"),
        Observation("returned", 3),
        Observation("raised", error="TypeError"),
        "an error (TypeError), not 3",
        held_out=True,
    ),
    coverage=Coverage(3, 4),
    mutants=Score(5, 6, 8),
    seconds=1.5,
)


def test_files_are_named_by_their_digests(tmp_path: Path) -> None:
    model, adapter = tmp_path / "model.gguf", tmp_path / "adapter.gguf"
    model.write_bytes(b"GGUF a model")
    adapter.write_bytes(b"GGUF an adapter")
    found = digests(Maker(str(model), adapter, local=True))
    assert found == tuple(
        hashlib.sha256(each.read_bytes()).hexdigest() for each in (model, adapter)
    )


def test_a_catalogued_model_has_its_catalogued_digest_even_when_it_is_gone_by_now() -> None:
    known = next(each for each in catalog.entries().values() if each.sha256)
    assert digests(Maker(known.id, None, local=True)) == (known.id, "")


def test_what_is_no_file_is_named_as_it_is() -> None:
    remote = Settings(engine=Engine(backend="remote"))
    assert digests(maker(remote, None)) == (remote.remote.model, "")
    assert digests(maker(Settings(engine=Engine(backend="echo")), None)) == ("echo", "")
    used = Path("adapter-7.gguf")
    assert maker(Settings(), used) == Maker(Settings().model, used, local=True)


async def test_evidence_is_plain_json(desk: Desk) -> None:
    job = desk.job()
    made = judged(about(job, desk.workspace, job.found[0]), FAILED, job.evidence)
    assert made.verdict == "failed"
    assert made.latency == {"first_token": 0.5, "code": 2.0, "verdict": 1.5}
    assert json.loads(json.dumps(made.evidence)) == {
        "cases": 4,
        "agreed": 3,
        "held_out": 0,
        "reason": "1 of 4 cases differs",
        "coverage": {"reached": 3, "branches": 4},
        "mutants": {"killed": 5, "run": 6},
        "counterexample": {
            "arguments": ["[1,2.5]", '"text"', '{"b":"00"}'],
            "expected": "3",
            "got": "an error (TypeError)",
            "difference": "an error (TypeError), not 3",
            "held_out": True,
        },
    }


async def test_without_a_run_it_says_why(desk: Desk) -> None:
    job = desk.job()
    made = about(job, desk.workspace, job.found[0])
    assert (made.verdict, made.evidence) == ("unchecked", {"reason": "it was not run"})
    assert made.target == "javascript"
    assert DRAFT not in str(made)  # an event holds it once, as its draft


async def test_a_path_is_relative_to_its_workspace(desk: Desk, tmp_path: Path) -> None:
    job = desk.job("folder.py")
    assert about(job, desk.workspace).source.path == "folder.py"
    assert about(job, desk.workspace.parent).source.path == "workspace/folder.py"
    for elsewhere in (None, tmp_path / "other"):
        assert about(job, elsewhere).source.path == "folder.py"


async def test_every_translation_has_an_id_of_its_own(desk: Desk) -> None:
    job = desk.job()
    ids = {about(job, desk.workspace, each).translation for each in job.found * 10}
    assert len(ids) == 20
