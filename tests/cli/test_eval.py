"""`transloop eval`, as a user calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.cli.conftest import COMMAND, Ran, Run
from tests.model.small_adapters import small_adapter
from tests.trainer import units

from transloop_model.catalog import ModelFile
from transloop_model.registry.card import Story
from transloop_model.registry.registry import Registry

DIRECTION = ("--direction", "python:javascript")


@pytest.fixture
def bench(work: Path) -> Path:
    return units.write(work / "units.jsonl", units.LAST, units.HALF)


def said(ran: Ran) -> str:
    return ran.stderr.decode()


def test_the_report_as_json_says_what_was_measured_and_how_far_to_trust_it(
    run: Run, bench: Path
) -> None:
    ran = run("eval", "--bench", bench, *DIRECTION, "--samples", 2, "--json")
    assert ran.returncode == 0, said(ran)
    told: dict[str, Any] = json.loads(ran.stdout)
    found = told["directions"]["python:javascript"]
    assert found["selftest"]["sound"]
    assert (found["selftest"]["references"], found["selftest"]["passed"]) == (2, 2)
    (arm,) = found["arms"]
    assert (arm["units"], arm["pass_at_1_greedy"], arm["failures"]["compile"]) == (2, 0.0, 2)
    assert arm["samples"]["pass_at_2"] == 0.0
    assert (told["model"], told["sound"], told["prompt_version"]) == ("echo", True, 1)
    assert found["difference"] is None


def test_the_table_shows_the_same_and_a_second_run_is_not_measured_again(
    run: Run, bench: Path, home: Path
) -> None:
    ran = run("eval", "--bench", bench, *DIRECTION, "--limit", 1)
    assert ran.returncode == 0, said(ran)
    shown = ran.stdout.decode()
    for word in ("python:javascript", "pass@1, greedy", "0.0 %", "no code", "harness: sound: 1 of"):
        assert word in shown
    (kept,) = (home / "state" / "evaluations").iterdir()
    before = kept.read_text()
    assert len(before.splitlines()) == 2
    run("eval", "--bench", bench, *DIRECTION)
    assert kept.read_text().startswith(before)
    assert len(kept.read_text().splitlines()) == 3
    run("eval", "--bench", bench, *DIRECTION, "--limit", 1, "--fresh")
    assert len(kept.read_text().splitlines()) == 2


def test_a_harness_that_notices_nothing_ends_with_an_error(run: Run, work: Path) -> None:
    script = {**units.HALF["languages"]["javascript"], "tests": "half(1);"}
    row = {**units.HALF, "languages": {**units.HALF["languages"], "javascript": script}}
    bench = units.write(work / "lax.jsonl", row)
    ran = run("eval", "--bench", bench, *DIRECTION, "--json")
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["sound"] is False
    assert "NOT SOUND" in said(ran)
    assert (
        "NOT SOUND, the figures mean nothing"
        in run("eval", "--bench", bench, *DIRECTION).stdout.decode()
    )


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["--bench", "none.jsonl", *DIRECTION], "cannot be read", 2),
        (["--bench", "units.jsonl", "--direction", "python"], "Give it as python:java", 2),
        (["--bench", "units.jsonl", "--direction", "python:klingon"], "Unknown language", 2),
        (["--bench", "units.jsonl", "--direction", "java:go"], "No unit can be judged", 2),
        (["--bench", "units.jsonl", *DIRECTION, "--set", "final"], "No unit can be judged", 2),
        (["--bench", "units.jsonl", *DIRECTION, "--against", "base"], "are the same", 2),
        (["--bench", "units.jsonl", *DIRECTION, "--limit", "0"], "must be more than 0", 2),
        (["--bench", "units.jsonl", *DIRECTION, "--adapter", "x.gguf"], "cannot be read", 4),
        (["--bench", "units.jsonl", *DIRECTION, "--adapter", "units.jsonl"], "not an adapter", 4),
        (["--bench", "units.jsonl", *DIRECTION, "--adapter", "7"], "There is no adapter 7", 2),
        ([*DIRECTION], "Missing option '--bench'", 2),
    ],
)
def test_a_request_that_is_off_is_told(
    run: Run, bench: Path, arguments: list[str], words: str, code: int
) -> None:
    ran = run("eval", *arguments)
    assert (ran.returncode, ran.stdout) == (code, b""), said(ran)
    assert words in said(ran)
    assert "Traceback" not in said(ran)


@pytest.mark.model
def test_an_adapter_is_compared_with_the_model_alone(
    run: Run, bench: Path, home: Path, smollm2: ModelFile
) -> None:
    digest = smollm2.digest()
    made = small_adapter(home / "one.gguf", digest)
    other = small_adapter(home / "other.gguf", "0" * 64)
    version = Registry(digest).publish(made, Story())
    asked = ("eval", "--bench", bench, *DIRECTION, "--limit", 1, "--model", smollm2.path, "--json")
    llama = {"TRANSLOOP_ENGINE__BACKEND": "llama"}
    ran = run(*asked, "--adapter", version.number, "--against", "base", seconds=240, **llama)
    assert ran.returncode == 0, said(ran)
    told = json.loads(ran.stdout)
    assert [each["name"] for each in told["arms"]] == ["adapter 1", "base"]
    assert [each["adapter_sha256"] for each in told["arms"]] == [version.card.sha256, None]
    found = told["directions"]["python:javascript"]
    assert found["difference"]["only_ours"] + found["difference"]["only_the_baseline"] <= 1
    assert len(list((home / "state" / "evaluations").iterdir())) == 2
    ran = run(*asked, "--adapter", other, seconds=120, **llama)
    assert ran.returncode == 4
    assert "another model" in said(ran)


@pytest.mark.model
def test_the_real_model_translates_a_unit_that_is_judged(
    run: Run, bench: Path, coder: ModelFile
) -> None:
    asked = ("eval", "--bench", bench, *DIRECTION, "--limit", 1, "--model", coder.path, "--json")
    ran = run(*asked, seconds=240, TRANSLOOP_ENGINE__BACKEND="llama")
    assert ran.returncode == 0, said(ran)
    told = json.loads(ran.stdout)
    (arm,) = told["directions"]["python:javascript"]["arms"]
    assert arm["tokens"] > 5
    assert arm["failures"]["no code"] == 0
    assert len(told["model_sha256"]) == 64


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_ctrl_c_says_that_the_same_command_goes_on(work: Path, environment: dict[str, str]) -> None:
    row = {**units.HALF, "id": "own/slow"}
    script = {**row["languages"]["javascript"], "tests": "while (true) {}", "verified": False}
    units.write(
        work / "slow.jsonl", {**row, "languages": {**row["languages"], "javascript": script}}
    )
    with subprocess.Popen(
        [*COMMAND, "eval", "--bench", "slow.jsonl", *DIRECTION],
        stderr=subprocess.PIPE,
        cwd=work,
        env=environment,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not _runs_a_program(process.pid):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr
        words = process.stderr.read().decode()
        assert process.wait(60) == 130, words
    assert "goes on where this one was" in words
    assert "Traceback" not in words


def _runs_a_program(pid: int) -> bool:
    """Whether a program of the unit is being run below a process."""
    found = psutil.Process(pid).children(recursive=True)
    return any("node" in each.name() for each in found if each.is_running())
