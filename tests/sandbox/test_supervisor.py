"""Starting, watching, ending: nothing of a program is left, whatever it or its supervisor does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pytest

from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.job import Isolation, Limits
from transloop_sandbox.outcome import outcome
from transloop_sandbox.streams import STDERR_EDGE
from transloop_sandbox.supervisor import Seen, wall_seconds
from transloop_sandbox.unconfined import Unconfined
from transloop_sandbox.work import readable_by

Start = Callable[..., "Future[Outcome]"]
Execute = Callable[[str, Command], Outcome]
at_both = pytest.mark.parametrize("level", ["full", "landlock"])
NAP = "31536.25"
"""Seconds of a sleep that can be told from all others."""
LEAVES_MUCH = f"""
import os, subprocess, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        subprocess.Popen(["/bin/sleep", "{NAP}"])
        time.sleep({NAP})
print("ready", flush=True)
time.sleep({NAP})
"""


def sleepers() -> set[int]:
    """Processes of `LEAVES_MUCH` that are alive."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if NAP.encode() in words:
            found.add(int(place.name))
    return found


def gone(within: float) -> bool:
    """Whether all sleepers have ended in this time."""
    deadline = time.monotonic() + within
    while sleepers() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not sleepers()


@at_both
def test_the_wall_limit_ends_all_of_it(start: Start, level: str) -> None:
    seen = start(level, LEAVES_MUCH, wall_seconds=1.0).result()
    assert seen.killed == "wall"
    assert seen.survivors == 0
    assert gone(within=0)


def supervised(level: str, action: str, folder: Path, program: str) -> subprocess.Popen[bytes]:
    """A process that runs a program, by the script beside this file."""
    (folder / "main.py").write_text(program, encoding="utf-8")
    script = Path(__file__).with_name("supervised.py")
    return subprocess.Popen(
        [sys.executable, str(script), level, action, str(folder)], stdout=subprocess.PIPE
    )


@at_both
def test_a_cancelled_program_ends_at_once(work: Path, level: str) -> None:
    said, _ = supervised(level, "cancel", work, LEAVES_MUCH).communicate()
    told = json.loads(said)
    assert told["killed"] == "cancelled"
    assert told["late"] < 1.0
    assert gone(within=0)


@at_both
def test_nothing_outlives_a_supervisor_that_is_killed(work: Path, level: str) -> None:
    process = supervised(level, "run", work, LEAVES_MUCH)
    deadline = time.monotonic() + 20
    while len(sleepers()) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(sleepers()) >= 3
    process.kill()
    process.communicate()
    assert gone(within=5)


@at_both
def test_children_that_were_there_before_are_let_be(work: Path, level: str) -> None:
    said, _ = supervised(level, "beside", work, "print('ran')").communicate()
    told = json.loads(said)
    assert told["other"]
    assert told["stdout"] == "ran\n"


@at_both
def test_output_and_stdin_keep_to_the_program(start: Start, level: str) -> None:
    program = "import sys; print(sys.stdin.read()[::-1]); print('said', file=sys.stderr)"
    seen = start(level, program, stdin=b"abc").result()
    assert (seen.stdout, seen.stderr, seen.exit_code) == (b"cba\n", b"said\n", 0)


@at_both
def test_of_much_stderr_the_edges_are_kept(start: Start, level: str) -> None:
    program = "import sys\nsys.stderr.write('first' + 'x' * 1000000 + 'last')"
    seen = start(level, program).result()
    assert seen.killed is None
    assert seen.stderr.startswith(b"first")
    assert seen.stderr.endswith(b"last")
    assert len(seen.stderr) < 2 * STDERR_EDGE + 100
    assert b"bytes ...]" in seen.stderr


@at_both
def test_signals_are_told_in_the_same_way(start: Start, level: str) -> None:
    seen = start(level, "import os; os.abort()").result()
    assert (seen.exit_code, seen.signal, seen.killed) == (None, signal.SIGABRT, None)


@at_both
def test_time_of_what_was_killed_is_told(start: Start, level: str) -> None:
    seen = start(level, "while True: pass", cpu_seconds=0.5).result()
    assert seen.killed == "cpu"
    assert 0.5 <= seen.usage.cpu_seconds < 1.0


@at_both
def test_time_without_cpu_is_not_cpu(start: Start, level: str) -> None:
    seen = start(level, "import time; time.sleep(0.5)").result()
    assert seen.usage.wall_seconds >= 0.5
    assert seen.usage.cpu_seconds < 0.4


def test_ignored_and_blocked_signals_are_not_inherited(
    forking: ProcessPoolExecutor, start: Start
) -> None:
    forking.submit(signal.pthread_sigmask, signal.SIG_BLOCK, [signal.SIGUSR1]).result()
    program = """
import signal
print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
print(*(each.name for each in map(signal.getsignal, (signal.SIGUSR1, signal.SIGHUP))))
"""
    seen = start("full", program).result()
    assert seen.stdout == b"set()\nSIG_DFL SIG_DFL\n"


def test_without_a_sandbox_the_limits_hold_all_the_same(
    forking: ProcessPoolExecutor, work: Path
) -> None:
    (work / "main.py").write_text(LEAVES_MUCH, encoding="utf-8")
    command = Command((sys.executable, "{work}/main.py"), work, limits=Limits(wall_seconds=1.0))
    seen = forking.submit(Unconfined(), command).result()
    assert (seen.killed, seen.survivors, seen.isolation.level) == ("wall", 0, "none")
    assert gone(within=0)


@pytest.mark.parametrize(
    ("status", "code", "number"),
    [(0, 0, None), (7 << 8, 7, None), (9, None, 9), (139 << 8, None, 11), (255 << 8, 255, None)],
)
def test_exit_codes_and_signals(status: int, code: int | None, number: int | None) -> None:
    found = outcome(Seen(status=status), Isolation("full", "x"))
    assert (found.exit_code, found.signal) == (code, number)


def test_the_wall_limit_is_loose_by_default() -> None:
    assert wall_seconds(Limits(cpu_seconds=1)) == 3
    assert wall_seconds(Limits(cpu_seconds=10)) == 30
    assert wall_seconds(Limits(cpu_seconds=10, wall_seconds=4)) == 4


# The work folder ---------------------------------------------------------------------------------


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of what was given away."""
    names: set[str] = set()

    def chown(path: Path, uid: int, gid: int, *, follow_symlinks: bool) -> None:
        assert (uid, gid, follow_symlinks) == (60700, 60700, False)
        names.add(path.name)

    monkeypatch.setattr(os, "chown", chown)
    return names


def test_a_work_folder_is_given_to_the_program(work: Path, given: set[str]) -> None:
    (work / "closed").write_text("x")
    (work / "closed").chmod(0o600)
    (work / "open").write_text("x")
    (work / "open").chmod(0o644)
    readable_by(60700, work, writable=False)
    assert given == {"closed"}
    readable_by(60700, work, writable=True)
    assert given == {"closed", "open", work.name}


def test_what_may_lie_elsewhere_is_never_given_away(
    work: Path, tmp_path: Path, given: set[str]
) -> None:
    """A hostile compilation may have planted links and devices."""
    outside = tmp_path / "outside"
    outside.write_text("mine")
    outside.chmod(0o600)
    (work / "link").symlink_to(outside)
    (work / "second_name").hardlink_to(outside)
    os.mkfifo(work / "fifo", 0o600)
    readable_by(60700, work, writable=True)
    assert given == {work.name}


def test_without_another_uid_nothing_is_given(work: Path, given: set[str]) -> None:
    readable_by(None, work, writable=True)
    assert given == set()
