"""The log of a run: what is in it is what was decided, whenever the process was killed."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.trainer import recorded_runs
from tests.trainer.recorded_runs import FACTS, STATE, made, taught

from transloop_settings.errors import RunDamaged, RunUnwritable, UsageError
from transloop_trainer.control import runlog
from transloop_trainer.control.decision import Stop, Synthesize, Trained
from transloop_trainer.control.runlog import RunLog

STEPS = (made(3), taught(), made(4, 3), taught(number=2, changes={"learning_rate": 1e-4}))
STOP = Stop(True, "It is enough.")


def file(log: RunLog) -> Path:
    return log.folder / runlog.FILE


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    written = recorded_runs.log(tmp_path, *STEPS, stop=STOP)
    read = RunLog.open(written.name, tmp_path)
    assert read.facts == FACTS
    assert read.steps == STEPS
    assert read.decisions == written.decisions
    assert [len(each.state.steps) for each in read.decisions] == [0, 1, 2, 3, 4]
    assert read.decisions[-1].decision == STOP
    assert read.decisions[-1].state.steps == STEPS
    assert (read.ended, read.interrupted) == (written.ended, None)
    assert read.ended is not None
    assert (read.ended.promoted, read.ended.reason) == (1, "It is enough.")


def test_what_is_no_number_is_kept(tmp_path: Path) -> None:
    step = taught(losses=(1.0, math.nan, math.inf), verdict=None, number=None, failed="diverged")
    read = RunLog.open(recorded_runs.log(tmp_path, step).name, tmp_path)
    (outcome,) = (each.outcome for each in read.steps)
    assert isinstance(outcome, Trained)
    assert math.isnan(outcome.losses[1])
    assert outcome.losses[2] == math.inf


def test_a_decision_that_is_not_done_is_what_was_interrupted(tmp_path: Path) -> None:
    log = recorded_runs.log(tmp_path, made(2))
    state = log.state(sources=STATE.sources, pairs={"python:java": 1}, people=0, seconds=20.0)
    assert (state.steps, state.seconds_left, state.seed) == (log.steps, 7180.0, FACTS.seed)
    log.decided(state, made().decision)
    read = RunLog.open(log.name, tmp_path)
    assert read.interrupted is not None
    assert read.interrupted.state == state
    assert isinstance(read.interrupted.decision, Synthesize)
    with pytest.raises(ValueError, match="not done yet"):
        read.decided(state, STOP)
    read.done(made().outcome)
    assert len(RunLog.open(log.name, tmp_path).steps) == 2


def test_wherever_the_last_line_is_torn_the_others_stand(tmp_path: Path) -> None:
    log = recorded_runs.log(tmp_path, made(2))
    whole = file(log).read_bytes()
    last = whole[whole[:-1].rfind(b"\n") + 1 :]
    before = whole[: -len(last)]
    assert before.count(b"\n") == 2
    for cut in range(0, len(last), max(1, len(last) // 40)):
        file(log).write_bytes(before + last[:cut])
        read = RunLog(log.folder)
        assert (read.steps, read.interrupted is not None) == ((), True)
        read.done(made(2).outcome)
        assert file(log).read_bytes().count(b"\n") == 3
        assert RunLog(log.folder).steps == log.steps


@pytest.mark.parametrize(
    ("line", "change", "said"),
    [
        (2, lambda text: text[:-3], "Line 2 .* it is no JSON"),
        (2, lambda text: "[]", "Line 2 .* it is no table"),
        (2, lambda text: text.replace('"decided"', '"decidde"', 1), "none of run, decided"),
        (2, lambda text: text.replace('"people":0', '"people":"0"'), "decided.state.people"),
        (2, lambda text: text.replace('"reason"', '"raeson"'), "Line 2 .* decided.decision"),
        (1, lambda text: text.replace('"version":1', '"version":2'), "of version 2"),
        (1, lambda text: "", "does not begin"),
        (3, lambda text: "", "Line 3 of .* does not follow"),
        (5, lambda text: "", "Line 5 of .* does not follow"),
    ],
)
def test_a_log_that_is_not_what_was_written_is_refused(
    tmp_path: Path, line: int, change: object, said: str
) -> None:
    assert callable(change)
    log = recorded_runs.log(tmp_path, made(2), taught(), stop=STOP)
    lines = file(log).read_text().splitlines()
    lines[line - 1] = change(lines[line - 1])
    file(log).write_text("".join(f"{each}\n" for each in lines if each))
    with pytest.raises(RunDamaged, match=said):
        RunLog(log.folder)


def test_no_code_and_one_line_an_entry(tmp_path: Path) -> None:
    log = recorded_runs.log(tmp_path, *STEPS, stop=Stop(False, "a\r\nb\u2028c\x85d"))
    lines = file(log).read_bytes().split(b"\n")[:-1]
    assert [next(reversed(json.loads(each))) for each in lines] == [
        "run",
        *["decided", "done"] * 4,
        "decided",
        "ended",
    ]
    assert RunLog(log.folder).decisions[-1].decision.reason == "a\r\nb\u2028c\x85d"


def test_runs_are_numbered_whatever_the_clock_says(tmp_path: Path) -> None:
    assert runlog.names(tmp_path / "none") == []
    for began in (9e9, 5.0, 7.0):
        recorded_runs.log(tmp_path, began=began)
    assert runlog.names(tmp_path) == ["1", "2", "3"]
    (tmp_path / "10").mkdir()
    assert RunLog.create(FACTS, tmp_path).name == "11"
    with pytest.raises(UsageError, match=r"no run 7\. There are: 1, 2, 3, 10, 11"):
        RunLog.open("7", tmp_path)
    with pytest.raises(UsageError, match="no run"):
        RunLog.open("../1", tmp_path)


def test_a_run_ends_once(tmp_path: Path) -> None:
    log = recorded_runs.log(tmp_path, made(2))
    log.end(None, "The disk was full.", failed=True)
    with pytest.raises(ValueError, match="ended before"):
        log.end(None, "again")
    with pytest.raises(ValueError, match="has ended"):
        RunLog(log.folder).decided(STATE, STOP)
    assert RunLog(log.folder).ended == log.ended


def test_a_full_disk_is_said_and_the_log_goes_on_afterwards(tmp_path: Path) -> None:
    log = recorded_runs.log(tmp_path, made(2))
    before = file(log).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(RunUnwritable, match="goes on where it was"):
            log.decided(STATE, STOP)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handled)
    assert len(file(log).read_bytes()) == len(before) + 10
    read = RunLog(log.folder)
    assert (read.steps, read.interrupted) == (log.steps, None)
    read.decided(replace(STATE, steps=read.steps), STOP)
    assert RunLog(log.folder).decisions[-1].decision == STOP


KILLED = """
import sys
from pathlib import Path
from tests.trainer import recorded_runs
from tests.trainer.recorded_runs import made
from transloop_trainer.control.runlog import RunLog

log = RunLog.open("1", Path(sys.argv[1]))
while True:
    step = made(30)
    log.decided(recorded_runs.STATE, step.decision)
    print("decided", flush=True)
    log.done(step.outcome)
"""


@pytest.mark.parametrize("after", [1, 2, 5])
def test_killed_while_it_writes_it_keeps_what_it_said_was_decided(
    tmp_path: Path, after: int
) -> None:
    recorded_runs.log(tmp_path)
    root = str(Path(__file__).parents[2])
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert writer.stdout is not None
    for _ in range(after):
        assert writer.stdout.readline() == b"decided\n"
    writer.kill()
    writer.communicate()
    read = RunLog.open("1", tmp_path)
    assert len(read.decisions) >= after
    assert len(read.steps) >= after - 1
