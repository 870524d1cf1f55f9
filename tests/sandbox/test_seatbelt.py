"""The profile for macOS, as text: it could not be run where it was written."""

from __future__ import annotations

from pathlib import Path

from transloop_sandbox import seatbelt
from transloop_sandbox.command import Command
from transloop_sandbox.job import Limits

PLACES = {"work": "/private/jobs/1", "tmp": "/private/scratch", "rust": '/opt/a "b"\\c'}


def lines(**command: object) -> list[str]:
    made = Command(("true",), Path("/private/jobs/1"), **command)  # type: ignore[arg-type]
    return seatbelt.profile(made, PLACES).splitlines()


def test_all_is_denied_that_is_not_named() -> None:
    assert lines()[:2] == ["(version 1)", "(deny default)"]
    assert not any("network" in line or "mach" in line for line in lines())


def test_a_run_writes_nothing_but_to_null() -> None:
    (writes,) = [line for line in lines() if "file-write*" in line]
    assert writes == '(allow file-write* (literal "/dev/null"))'


def test_a_compilation_writes_its_folder_and_its_scratch() -> None:
    (writes,) = [
        line
        for line in lines(work_writable=True, limits=Limits(scratch_mb=8))
        if "file-write*" in line
    ]
    assert '(subpath "/private/jobs/1")' in writes
    assert '(subpath "/private/scratch")' in writes


def test_only_the_system_the_binds_and_the_work_are_read() -> None:
    (reads,) = [line for line in lines() if "file-read*" in line]
    assert '(subpath "/private/jobs/1")' in reads
    assert "/private/scratch" not in reads
    assert '(subpath "/")' not in reads
    assert "/Users" not in reads


def test_a_path_cannot_end_its_own_quotes() -> None:
    (reads,) = [line for line in lines() if "file-read*" in line]
    assert '(subpath "/opt/a \\"b\\"\\\\c")' in reads
