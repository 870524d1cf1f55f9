"""What lies around a sandbox while it is attacked: secrets, listeners, files and a bystander."""

from __future__ import annotations

import hashlib
import os
import resource
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Ground:
    """Planted on this machine; `damage` says what has changed of it."""

    folder: Path
    marker: str
    bystander: subprocess.Popen[bytes]
    listeners: dict[str, socket.socket]
    facts: dict[str, str]
    tools: dict[Path, str] = field(default_factory=dict)
    before: dict[str, object] = field(default_factory=dict)

    @classmethod
    def prepared(cls, tools: list[Path]) -> Ground:
        """All of it, open to everyone, so that only a sandbox can keep from it."""
        folder = Path(tempfile.mkdtemp(prefix="ground-"))
        folder.chmod(0o755)
        marker = secrets.token_hex(16)
        for name, mode in (("secret", 0o644), ("victim", 0o666)):
            (folder / name).write_text(marker)
            (folder / name).chmod(mode)
        os.environ["ATTACK_MARKER"] = marker
        bystander = subprocess.Popen(["/bin/sleep", "3600"], env={"ATTACK_MARKER": marker})
        listeners = _listeners(folder, marker[:8])
        facts = {
            "SECRET": str(folder / "secret"),
            "VICTIM": str(folder / "victim"),
            "SOCKET": str(folder / "stream"),
            "ABSTRACT": f"attack-{marker[:8]}",
            "PORT": str(listeners["tcp"].getsockname()[1]),
            "UDP": str(listeners["udp"].getsockname()[1]),
            "DECOY": str(bystander.pid),
            "HOST": str(os.getpid()),
            "NESTED": "(" * 20000 + "1" + ")" * 20000,
        }
        ground = cls(folder, marker, bystander, listeners, facts)
        ground.tools = {tool: _digest(tool) for tool in tools}
        ground.before = ground._state()
        return ground

    def filled(self, program: str) -> str:
        """The program with the places of what it attacks."""
        for name, value in self.facts.items():
            program = program.replace(f"@{name}@", value)
        return program

    def damage(self) -> list[str]:
        """What is not as it was, in words."""
        found = [f"heard: {name}" for name, each in self.listeners.items() if _heard(each)]
        found += [
            f"tool changed: {tool}" for tool, was in self.tools.items() if _digest(tool) != was
        ]
        now = self._state()
        found += [f"{name} changed" for name, was in self.before.items() if now[name] != was]
        return found

    def removed(self) -> None:
        """Take it away."""
        self.bystander.kill()
        self.bystander.wait()
        for each in self.listeners.values():
            each.close()
        shutil.rmtree(self.folder)

    def _state(self) -> dict[str, object]:
        pid = self.bystander.pid
        alive = self.bystander.poll() is None
        victim = self.folder / "victim"
        facts = victim.stat()
        return {
            "bystander": alive,
            "bystander's limits": resource.prlimit(pid, resource.RLIMIT_NOFILE) if alive else None,
            "bystander's priority": os.getpriority(os.PRIO_PROCESS, pid) if alive else None,
            "bystander's cores": sorted(os.sched_getaffinity(pid)) if alive else None,
            "own priority": os.getpriority(os.PRIO_PROCESS, 0),
            "own limits": resource.getrlimit(resource.RLIMIT_NOFILE),
            "victim": (victim.read_text(), facts.st_mode, facts.st_nlink, facts.st_mtime_ns),
            "folder": sorted(self.folder.iterdir()),
            "shared segments": _segments(),
        }


def _segments() -> int:
    """Of System V's memory, those of programs: by the uids that are a sandbox's, or a test's."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return sum(60000 <= int(line.split()[7]) < 61000 for line in lines)


def _listeners(folder: Path, name: str) -> dict[str, socket.socket]:
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    found = {"tcp": tcp, "udp": udp}
    for kind, number in (("stream", socket.SOCK_STREAM), ("datagram", socket.SOCK_DGRAM)):
        suffix = ".datagram" if kind == "datagram" else ""
        for place in (f"{folder}/stream{suffix}", f"\0attack-{name}{suffix}"):
            listener = socket.socket(socket.AF_UNIX, number)
            listener.bind(place)
            found[f"{kind} {place!r}"] = listener
            if kind == "stream":
                listener.listen()
            if place.startswith("/"):
                Path(place).chmod(0o777)
    for each in found.values():
        each.setblocking(False)
    return found


def _heard(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            return bool(listener.recv(64))
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        facts = path.stat()
        content = hashlib.file_digest(opened, "sha256").hexdigest()
        return f"{content} {facts.st_mode} {facts.st_uid} {facts.st_mtime_ns}"
