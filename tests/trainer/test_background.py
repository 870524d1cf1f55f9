"""What makes way for whom, how fast, and what a trainer that was killed leaves behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from tests.seeds import samples

from transloop_model import serving, training
from transloop_seeds.event import Accepted
from transloop_seeds.store import Store
from transloop_trainer.background import hours, left, reasons, watching
from transloop_trainer.background.alone import alone
from transloop_trainer.background.hours import Hours
from transloop_trainer.background.reasons import ASKED, SERVED, Reasons
from transloop_trainer.background.status import Status
from transloop_trainer.background.supervisor import Supervisor

PATIENCE = 20.0
BURN = "while True: pass"
SERVING = """
import sys, time
from transloop_model import serving
with serving.mark():
    print("serving", flush=True)
    sys.stdin.read()
"""


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


@pytest.fixture
def burning() -> Iterator[psutil.Process]:
    """A child that computes without an end."""
    with subprocess.Popen([sys.executable, "-c", BURN]) as child:
        yield psutil.Process(child.pid)
        child.kill()


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    """Another process, which serves a request."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", SERVING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == b"serving\n"
        yield child
        child.kill()


def cpu(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))


def computes(process: psutil.Process) -> bool:
    """Does its time grow?"""
    before, end = cpu(process), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        time.sleep(0.05)
        if cpu(process) > before:
            return True
    return False


def stands_still(process: psutil.Process) -> bool:
    """No time at all is added while others have plenty."""
    before = cpu(process)
    time.sleep(0.5)
    return cpu(process) == before


# Who serves --------------------------------------------------------------------------------------


def test_nobody_serves_until_somebody_does() -> None:
    assert not serving.busy()
    assert serving.seconds_since() is None
    with serving.mark():
        assert serving.busy()
        with serving.mark():  # several at once
            assert serving.busy()
        assert serving.busy()
        assert serving.seconds_since() == 0.0
    assert not serving.busy()
    assert 0 <= (serving.seconds_since() or -1) < PATIENCE


def test_a_server_that_dies_holds_nobody_up(server: subprocess.Popen[bytes]) -> None:
    assert serving.busy()
    server.kill()
    server.wait()
    until(lambda: not serving.busy())


def test_looking_never_keeps_a_server_waiting() -> None:
    """The look takes the lock for a moment; marks come through all the same."""
    ended = threading.Event()
    looking = threading.Thread(target=lambda: [serving.busy() for _ in iter(ended.is_set, True)])
    looking.start()
    try:
        for _ in range(300):
            with serving.mark():
                assert serving.busy()
    finally:
        ended.set()
        looking.join()


def test_where_nothing_can_be_written_nothing_is_marked_and_nothing_fails(home: Path) -> None:
    (home / "state").write_text("a file where the folder should be")
    with serving.mark():
        assert not serving.busy()


# Pausing -----------------------------------------------------------------------------------------


def test_what_computes_is_suspended_while_a_request_is_served_and_goes_on_afterwards(
    burning: psutil.Process,
) -> None:
    told: list[str] = []
    looking = Reasons(Hours(), quiet_seconds=0.2)
    with Supervisor(looking.look, Hours(), told=told.append) as supervisor:
        supervisor.follow(burning.pid)
        assert computes(burning)
        with serving.mark():
            began = time.monotonic()
            until(lambda: burning.status() == psutil.STATUS_STOPPED)
            assert time.monotonic() - began < 1.0  # asked: 0.2 s, on a machine that is free
            assert stands_still(burning)
            assert supervisor.paused == SERVED
            worked = supervisor.worked()
            time.sleep(0.1)
            assert supervisor.worked() == worked
        until(lambda: not supervisor.paused)
        assert computes(burning)
        assert supervisor.worked() > worked
    assert told == [SERVED, ""]


def test_the_models_process_is_suspended_too_and_whatever_comes_in_a_pause(
    burning: psutil.Process,
) -> None:
    pid: list[int] = []
    with Supervisor(lambda: "somebody", Hours()) as supervisor:
        supervisor.follow_model(lambda: pid[0] if pid else None)
        assert computes(burning)
        pid.append(burning.pid)
        until(lambda: burning.status() == psutil.STATUS_STOPPED)
    assert computes(burning)  # nothing stays suspended behind it


def test_a_suspended_child_that_is_let_go_can_end(burning: psutil.Process) -> None:
    with Supervisor(lambda: "somebody", Hours()) as supervisor:
        supervisor.follow(burning.pid)
        until(lambda: burning.status() == psutil.STATUS_STOPPED)
        supervisor.let_go(burning.pid)
        assert computes(burning)


def test_a_person_pauses_and_resumes() -> None:
    looking = Reasons(Hours())
    assert looking.look() == ""
    training.pause(True)
    assert looking.look() == ASKED
    training.pause(False)
    training.pause(False)  # twice is once
    assert looking.look() == ""


def test_a_quiet_while_passes_after_a_request() -> None:
    now = [100.0]
    looking = Reasons(Hours(), quiet_seconds=3.0, clock=lambda: now[0])
    with serving.mark():
        assert looking.look() == SERVED
    now[0] += 2.9
    assert looking.look() == SERVED
    now[0] += 0.2
    assert looking.look() == ""


def test_the_battery_and_what_others_compute_count(monkeypatch: pytest.MonkeyPatch) -> None:
    plugged, empty = SimpleNamespace(power_plugged=True), SimpleNamespace(power_plugged=False)
    for found, wanted in ((None, ""), (plugged, ""), (empty, "the machine runs on its battery")):
        monkeypatch.setattr(psutil, "sensors_battery", lambda found=found: found, raising=False)
        assert Reasons(Hours(), on_battery=False).look() == wanted
    assert Reasons(Hours(), on_battery=True).look() == ""
    monkeypatch.setattr(reasons._Load, "others", lambda self: 0.9)
    assert Reasons(Hours()).look() == ""
    assert Reasons(Hours(), idle_only=True).look() == "the machine is busy otherwise"


def test_the_hours_of_a_day_are_used_up_and_a_moved_clock_blocks_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    day = ["2026-03-01"]
    monkeypatch.setattr(hours, "_day", lambda: day[0])
    path = tmp_path / "hours.json"
    Hours(path).add(7200)
    assert "2 hours" in Reasons(Hours(path), day_hours=2).look()
    assert Reasons(Hours(path), day_hours=3).look() == ""
    day[0] = "2099-01-01"  # the clock is set wrong, and somebody works
    Hours(path).add(7200)
    day[0] = "2026-03-02"  # and right again
    assert Reasons(Hours(path), day_hours=2).look() == ""
    Hours(path).add(60)
    assert Hours(path).today() == 60
    assert "2099" not in path.read_text()
    path.write_text('{"2026-03-02": "much"')  # torn
    assert Hours(path).today() == 0


def test_work_is_counted_for_the_day_without_pauses(tmp_path: Path) -> None:
    counted = Hours(tmp_path / "hours.json")
    reason = [""]
    with Supervisor(lambda: reason[0], counted) as supervisor:
        time.sleep(0.3)
        reason[0] = "somebody"
        until(lambda: supervisor.paused)
        time.sleep(0.5)
    assert 0.3 <= counted.today() < 0.75


def test_what_takes_too_much_memory_is_ended(burning: psutil.Process) -> None:
    with Supervisor(lambda: "", Hours(), memory=1 << 20) as supervisor:
        supervisor.follow(burning.pid)
        until(lambda: supervisor.exceeded)
        until(lambda: not burning.is_running() or burning.status() == psutil.STATUS_ZOMBIE)
    assert "MB of memory, and may take 1 MB" in supervisor.exceeded


# What is left behind -----------------------------------------------------------------------------


def test_what_a_killed_trainer_left_suspended_is_ended_and_nothing_else(
    burning: psutil.Process, server: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    burning.suspend()
    other = psutil.Process(server.pid)
    born = other.create_time()
    with monkeypatch.context() as patch:  # its pid was that of another process then
        patch.setattr(other, "create_time", lambda: born - 60)
        left.note([burning, other])
    left.end()
    until(lambda: burning.status() == psutil.STATUS_ZOMBIE)
    assert server.poll() is None
    left.note([])
    left.end()


def test_one_trainer_at_a_time_and_the_second_says_for_whom_it_waits() -> None:
    status = Status()
    status.update(phase="training", step=3, steps=9)
    told: list[str] = []
    order: list[str] = []

    def second() -> None:
        with alone(told.append):
            order.append("second")

    with alone(told.append):
        waiting = threading.Thread(target=second)
        waiting.start()
        until(lambda: told)
        order.append("first")
    waiting.join(PATIENCE)
    assert order == ["first", "second"]
    assert "Another trainer is at work" in told[0]
    assert f"process {status.now.pid}, training 3/9" in told[0]


def test_the_last_words_of_a_dead_trainer_are_not_taken_for_a_live_one() -> None:
    assert (training.read(), training.told()) == (None, "")
    status = Status()
    status.update(phase="training", step=1, steps=4, loss=0.5)
    status.paused("a translation is being served")
    assert training.told() == "paused: a translation is being served"
    training.write(training.Training(status.now.pid, status.now.born - 60, "training"))
    assert training.told() == ""  # the pid is another process's by now


# Beginning by itself -----------------------------------------------------------------------------


def test_only_verified_translations_that_are_new_begin_a_run() -> None:
    store = Store()
    news = watching.News(store)
    assert news.count() == 0
    for number, verdict in enumerate(("verified", "unchecked", "verified")):
        code = f"def f{number}(x):\n    return x + {number}"
        made = samples.about(code, verdict=verdict)
        final = f"function f{number}(x) {{\n  return x + {number};\n}}"
        store.record(Accepted(made, final), samples.ALL)
    assert news.count() == 2
    news.seen()
    assert watching.News(store).count() == 0


def test_a_machine_is_idle_when_nobody_translates() -> None:
    assert watching.idle_for(60)
    with serving.mark():
        assert not watching.idle_for(0.001)
    assert not watching.idle_for(60)
    assert watching.idle_for(0)


async def test_what_is_written_to_the_store_is_noticed_and_looking_into_it_is_not() -> None:
    store = Store()
    store.record(Accepted(samples.about(), samples.JAVASCRIPT), samples.ALL)
    changes = watching.Changes(store.database.path)
    try:
        began = time.monotonic()
        store.record(Accepted(samples.about("x = 1"), "let x = 1;"), samples.ALL)
        await changes.wait(PATIENCE)
        assert time.monotonic() - began < PATIENCE
        for _ in range(3):
            assert watching.News(Store()).count() == 2
        began = time.monotonic()
        await changes.wait(1.0)
        assert time.monotonic() - began >= 1.0
    finally:
        changes.close()
