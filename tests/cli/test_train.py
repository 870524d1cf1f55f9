"""`transloop train` as a person calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import COMMAND, Run
from tests.seeds import samples
from tests.trainer import looped

from transloop_model import training
from transloop_model.catalog import ModelFile
from transloop_model.registry.registry import Registry
from transloop_seeds.event import Accepted
from transloop_seeds.store import Store
from transloop_trainer.background.alone import alone
from transloop_trainer.control.decision import Stop, Synthesized, Trained
from transloop_trainer.control.runlog import RunLog

PATIENCE = 60.0


@pytest.fixture
def environment(environment: dict[str, str], smollm2: ModelFile) -> dict[str, str]:
    """With a model that is there, and is not loaded before it is needed."""
    return {
        **environment,
        "TRANSLOOP_ENGINE__BACKEND": "llama",
        "TRANSLOOP_MODEL": str(smollm2.path),
    }


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def test_without_seeds_it_says_what_to_do(run: Run) -> None:
    done = run("train", "--once")
    assert done.returncode == 2
    told = done.stderr.decode()
    assert "There are no seeds to learn from yet." in told
    assert "transloop train --once --direction python:java" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Give one of --once, --watch"),
        (("--once", "--watch"), "Give one of --once, --watch"),
        (("--once", "--policy", "luck"), "Known: fixed, rules, learned"),
        (("--once", "--recipe", "large"), "Known: smoke, small, full, preferences"),
        (("--once", "--direction", "python:klingon"), "klingon"),
        (("--once", "--direction", "python:python"), "to itself"),
        (("--once", "--bench", "nowhere"), "There is nothing at nowhere."),
        (("--once", "--seconds", "0"), "more than 0"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], told: str, run: Run) -> None:
    done = run("train", *arguments)
    assert done.returncode == 2
    assert told in done.stderr.decode()


def test_weights_that_are_elsewhere_cannot_be_trained(run: Run) -> None:
    done = run("train", "--once", TRANSLOOP_ENGINE__BACKEND="remote")
    assert done.returncode == 2
    assert "engine.backend is remote" in done.stderr.decode()


def test_a_person_pauses_resumes_and_looks(run: Run) -> None:
    done = run("train", "--status")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Nothing was trained on this machine yet." in done.stdout
    done = run("train", "--pause", "--json")
    assert json.loads(done.stdout) == {"paused": True, "running": False}
    assert training.is_paused()
    assert json.loads(run("train", "--status", "--json").stdout) == {
        "paused_by_you": True,
        "trainer": None,
    }
    done = run("train", "--resume")
    assert "Not paused any more. No trainer is running." in done.stderr.decode()
    assert not training.is_paused()


def test_the_status_shows_where_a_run_is(run: Run) -> None:
    training.write(
        training.Training(
            os.getpid(),
            looped.Status().now.born,
            "training",
            run="3",
            directions=("python:java",),
            round=2,
            decision="train",
            reason="There are enough new pairs.",
            step=4,
            steps=17,
            loss=0.4567,
            scores={"in use": 0.5, "validation": 0.5625},
            said="26 pairs",
            seconds=600,
            seconds_left=1200,
        )
    )
    shown = run("train", "--status").stdout.decode()
    for part in (
        f"training 4/17 (process {os.getpid()})",
        "3: python:java",
        "2. train: There are enough new pairs.",
        "4 of 17",
        "0.457",
        "50.0 % in use, 56.2 % validation",
        "10 min, 20 left",
    ):
        assert part in shown
    told = json.loads(run("train", "--status", "--json").stdout)
    assert (told["trainer"]["running"], told["trainer"]["steps"]) == (True, 17)


def test_a_second_trainer_waits_and_says_for_whom(work: Path, environment: dict[str, str]) -> None:
    with alone(lambda said: None):
        second = subprocess.Popen(
            [*COMMAND, "train", "--once"], cwd=work, env=environment, stderr=subprocess.PIPE
        )
        assert second.stderr
        assert b"Another trainer is at work" in second.stderr.readline()
        assert second.poll() is None
    _, words = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2  # it went on, and there are no seeds
    assert b"no seeds" in words


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_watch_ends_at_once(
    how: signal.Signals, work: Path, environment: dict[str, str]
) -> None:
    store = Store()
    store.record(Accepted(samples.about(), samples.JAVASCRIPT), samples.ALL)
    store.close()
    with subprocess.Popen(
        [*COMMAND, "train", "--watch"], cwd=work, env=environment, stderr=subprocess.PIPE
    ) as watch:
        try:
            until(lambda: (found := training.read()) and found.phase == "waiting")
            found = training.read()
            assert found
            assert (found.pid, found.said) == (watch.pid, "1 of 50 new verified seeds")
            watch.send_signal(how)
            _, words = watch.communicate(timeout=PATIENCE)
        finally:
            watch.kill()
    assert watch.returncode == 130, words
    assert b"the same command goes on" in words


@pytest.mark.model
@pytest.mark.timeout(900)  # two minutes on two quiet cores; whatever else runs comes first
def test_a_smoke_run_goes_the_whole_way_with_the_real_model(
    coder: ModelFile, run: Run, tmp_path: Path
) -> None:
    """Seeds, pairs, an adapter, the gate, the registry: in the serving stack, whatever it says."""
    bench = looped.bench(tmp_path / "bench.jsonl")
    done = run(
        *("train", "--once", "--json", "--policy", "fixed", "--recipe", "smoke"),
        *("--direction", "python:javascript", "--bench", bench, "--seconds", 1800),
        seconds=880,
        TRANSLOOP_MODEL=str(coder.path),
    )
    assert done.returncode == 0, done.stderr.decode()
    end = json.loads(done.stdout)
    log = RunLog.open("1")
    made, trained = (each.outcome for each in log.steps)
    assert isinstance(made, Synthesized)
    assert isinstance(trained, Trained)
    assert made.admitted == made.pairs == trained.pairs > 0
    assert (trained.failed, trained.number) == ("", 1)
    assert isinstance(log.decisions[-1].decision, Stop)
    registry = Registry(coder.digest())
    version = registry.version(1)
    assert version.verdict
    assert version.card.story.metrics["cosine"] >= 0.999
    assert end["promoted"] == registry.standing().number
    assert (end["promoted"] == 1) == log.decisions[-1].decision.approve
    for part in ("Run 1 begins", "1. synthesize:", "2. train:", "Adapter 1:", "3. stop:"):
        assert part in done.stderr.decode()
