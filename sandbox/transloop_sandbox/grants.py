"""Remembers which levels held on this machine, until it is started again or something changes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from transloop_sandbox.job import Isolation
from transloop_settings import directories

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def granted(isolation: Isolation, program: Path | None) -> bool:
    """Whether exactly this has held since the machine was started."""
    try:
        told = json.loads(_place(isolation).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(told == {"of": _of(isolation, program)})


def remember(isolation: Isolation, program: Path | None) -> None:
    """Write it down, whole or not at all. Where that is not possible, the canary runs again."""
    place = _place(isolation)
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False) as file:
            json.dump({"of": _of(isolation, program)}, file)
        Path(file.name).replace(place)


def forget() -> None:
    """Let every level be probed again."""
    for place in (directories.state() / "sandbox").glob("*.json"):
        place.unlink(missing_ok=True)


def _place(isolation: Isolation) -> Path:
    name = f"{isolation.level}-{isolation.backend}-{os.getuid()}"
    return directories.state() / "sandbox" / f"{name}.json"


def _of(isolation: Isolation, program: Path | None) -> str:
    """A digest of all that the grant depends on."""
    facts = [repr(isolation), sys.version, *map(_stamp, _files(program))]
    with suppress(OSError):
        facts.append(_BOOT.read_text(encoding="ascii"))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _files(program: Path | None) -> Iterator[Path]:
    """The program, and our own code: the canary judged what it does today."""
    if program is not None:
        yield program
    yield from sorted(Path(__file__).parent.glob("*.py"))


def _stamp(file: Path) -> str:
    facts = file.stat()
    return f"{file} {facts.st_size} {facts.st_mtime_ns}"
