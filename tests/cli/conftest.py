"""The `transloop` command as a user calls it: a real process, in a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-P", "-m", "transloop"]
Ran = subprocess.CompletedProcess[bytes]
Run = Callable[..., Ran]

GCD = '''\
import math


def gcd(a: int, b: int) -> int:
    """Greatest common divisor."""
    while b:
        a, b = b, a % b
    return a


def area(r: float) -> float:
    return math.pi * r * r
'''


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder that commands run in."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def gcd(work: Path) -> Path:
    """A Python file with two functions; `gcd` is in lines 4 to 8."""
    file = work / "gcd.py"
    file.write_text(GCD)
    return file


def without_model() -> dict[str, str]:
    """No model, a wide terminal, and no network."""
    return {
        **os.environ,
        "TRANSLOOP_ENGINE__BACKEND": "echo",
        "TRANSLOOP_OFFLINE": "1",
        "COLUMNS": "200",
    }


def ran_in(
    folder: Path,
    environment: dict[str, str],
    *arguments: object,
    stdin: bytes = b"",
    seconds: float = 60,
) -> Ran:
    """Run `transloop ARGUMENTS` to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=folder,
        env=environment,
        timeout=seconds,
        check=False,
    )


@pytest.fixture
def environment() -> dict[str, str]:
    """As `without_model`, in the home of the test."""
    return without_model()


@pytest.fixture
def run(work: Path, environment: dict[str, str]) -> Run:
    """Run `transloop ARGUMENTS` to its end; keywords are environment variables."""

    def ran(*arguments: object, stdin: bytes = b"", seconds: float = 60, **more: str) -> Ran:
        return ran_in(work, {**environment, **more}, *arguments, stdin=stdin, seconds=seconds)

    return ran
