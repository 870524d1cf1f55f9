"""Finds out whether a sandbox holds: plants secrets, sends a canary in, and looks at both ends."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transloop_sandbox import kernel, probes
from transloop_sandbox.command import Bind, Command, Execute, Outcome
from transloop_sandbox.job import Limits

PROCESSES = 12
ALONE, SHARED = 8, 250
"""More processes than are allowed, by as many as none may come to."""
START = "start"
AGAIN_SECONDS = 1.0
LIMITS = Limits(
    cpu_seconds=10, wall_seconds=30, memory_mb=256, processes=PROCESSES, output_bytes=64 << 10
)
NOT_RUN = "did not run"
PROBES = Path(probes.__file__).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Probe:
    """One attempt to get out."""

    name: str
    what: str
    """What it was after."""
    got: str = ""
    """What it got hold of; empty: nothing, as it should be."""

    @property
    def held(self) -> bool:
        return not self.got


def probe(execute: Execute, shared: bool = False) -> tuple[Probe, ...]:
    """Every attempt and what came of it. If the canary cannot run, that is the one answer.

    `shared`: the kernel counts its processes together with others of the user, who come and go.

    Then it is sent again, twice: it says nothing of the sandbox if the user's own programs have
    just taken all processes that a user may have.
    """
    for left in (2, 1, 0):
        told = _probed(execute, SHARED if shared else ALONE)
        if left and any(each.name == START and not each.held for each in told):
            time.sleep(AGAIN_SECONDS)
        else:
            break
    return told


def _probed(execute: Execute, more: int) -> tuple[Probe, ...]:
    with ExitStack() as planted_things:
        ground = planted_things.enter_context(_ground())
        planted = planted_things.enter_context(_planted(ground))
        outcome = execute(_command(ground, {**planted.facts, "more": more}))
        inside = _inside(outcome)
        outside = tuple(planted.touched(outcome))
    return (*inside, *outside)


def _command(ground: Path, facts: dict[str, Any]) -> Command:
    python, binds = interpreter()
    return Command(
        argv=(python, "-I", "-S", "-B", "{work}/probes.py", json.dumps(facts)),
        work=ground / "work",
        binds=(Bind("tool", ground / "tool"), *binds),
        limits=LIMITS,
    )


def interpreter() -> tuple[str, tuple[Bind, ...]]:
    """A Python that can be started in a sandbox: ours, unless it lies in root's closed folders."""
    prefix = Path(sys.base_prefix)
    name = f"bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    if prefix.is_relative_to("/usr"):
        return str(prefix / name), ()
    if _reachable(prefix, name):
        return f"{{python}}/{name}", (Bind("python", prefix),)
    return "/usr/bin/python3", ()


def _reachable(prefix: Path, name: str) -> bool:
    """Whether the uid that programs run under can come there."""
    if os.geteuid() != 0:
        return os.access(prefix / name, os.X_OK)
    return all(each.stat().st_mode & 0o1 for each in (prefix, *prefix.parents))


@contextmanager
def _ground() -> Iterator[Path]:
    """A folder that everyone may enter, so that only the sandbox can keep from it."""
    ground = Path(tempfile.mkdtemp(prefix="canary-"))
    try:
        ground.chmod(0o755)
        for name in ("home", "work", "tool"):
            (ground / name).mkdir(mode=0o755)
        (ground / "work" / "probes.py").write_text(PROBES, encoding="utf-8")
        yield ground
    finally:
        shutil.rmtree(ground)


class _Planted:
    """What is outside, and must be as it was when the canary has come back."""

    def __init__(self, ground: Path, files: ExitStack) -> None:
        self._marker = secrets.token_hex(16)
        self._victim, self._tool = ground / "home" / "victim", ground / "tool" / "compiler"
        secret = ground / "home" / "secret"
        for path, mode in ((secret, 0o644), (self._victim, 0o666), (self._tool, 0o777)):
            path.write_text(self._marker, encoding="ascii")
            path.chmod(mode)
        self._tcp = files.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._udp = files.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._udp.bind(("127.0.0.1", 0))
        self._unix = files.enter_context(socket.socket(socket.AF_UNIX))
        self._unix.bind(str(ground / "home" / "socket"))
        self._unix.listen()
        (ground / "home" / "socket").chmod(0o777)
        for each in (self._tcp, self._udp, self._unix):
            each.setblocking(False)
        self._decoy = _decoy()
        files.callback(_ended, self._decoy)
        os.environ["TRANSLOOP_CANARY"] = self._marker
        files.callback(os.environ.pop, "TRANSLOOP_CANARY")
        self.facts = {
            "marker": self._marker,
            "secret": str(secret),
            "victim": str(self._victim),
            "tool": str(self._tool),
            "socket": str(ground / "home" / "socket"),
            "port": self._tcp.getsockname()[1],
            "udp": self._udp.getsockname()[1],
            "host": os.getpid(),
            "decoy": self._decoy,
            "processes": PROCESSES,
        }

    def touched(self, outcome: Outcome) -> Iterator[Probe]:
        """What the host sees of the canary's attempts."""
        heard = [name for name, each in self._listeners() if _heard(each)]
        yield Probe("listeners", "heard by the host's listeners", ", ".join(heard))
        changed = [
            path.name
            for path in (self._victim, self._tool)
            if path.read_text(encoding="ascii") != self._marker
        ]
        yield Probe("files", "changes in the host's files", ", ".join(changed))
        gone, _ = os.waitpid(self._decoy, os.WNOHANG)
        yield Probe("decoy", "signals to the host's processes", "killed" if gone else "")
        left = f"{outcome.survivors} processes" if outcome.survivors else ""
        yield Probe("survivors", "processes that live on", left)

    def _listeners(self) -> tuple[tuple[str, socket.socket], ...]:
        return (("TCP", self._tcp), ("UDP", self._udp), ("Unix", self._unix))


@contextmanager
def _planted(ground: Path) -> Iterator[_Planted]:
    with ExitStack() as files:
        yield _Planted(ground, files)


def _decoy() -> int:
    """A process of ours that does nothing but be there."""
    pid = os.fork()
    if pid == 0:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pause()
        os._exit(0)
    return pid


def _ended(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def _heard(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            return bool(listener.recv(64))
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _inside(outcome: Outcome) -> tuple[Probe, ...]:
    """What the canary itself tells."""
    try:
        told = json.loads(outcome.stdout)
    except ValueError:
        told = {}
    found = [_probe(each.__name__, each.__doc__, told) for each in probes.ALL]
    if any(each.got == NOT_RUN for each in found):
        why = outcome.error or outcome.stderr.decode("utf-8", "replace").strip()[-500:]
        why = why or f"exit {outcome.exit_code}, signal {outcome.signal}, {outcome.killed}"
        return (Probe(START, "the canary comes back from the sandbox", why),)
    return tuple(found)


def _probe(name: str, doc: str | None, told: dict[str, str]) -> Probe:
    return Probe(name, (doc or "").strip().rstrip("."), told.get(name, NOT_RUN))
