"""`transloop run`: one program in the sandbox, and what came of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from transloop_settings.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from transloop_sandbox.job import Job, Limits, Result

LevelName = Literal["full", "landlock", "seatbelt"]

NOT_OK = 1


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The program.")],
    language: Annotated[
        str | None, typer.Option(metavar="LANG", help="Default: told by the suffix.")
    ] = None,
    stdin: Annotated[
        Path | None, typer.Option(metavar="F", help="A file that the program reads, or - .")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    wall: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds of time, at most.")
    ] = None,
    cpu: Annotated[float | None, typer.Option(metavar="S", help="Seconds of CPU time.")] = None,
    memory: Annotated[int | None, typer.Option(metavar="MB", help="Memory.")] = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", help="Processes and threads.")
    ] = None,
    scratch: Annotated[
        int | None, typer.Option(metavar="MB", help="Size of a writable /tmp; else nothing is.")
    ] = None,
    min_level: Annotated[
        LevelName | None, typer.Option(help="The weakest isolation that will do.")
    ] = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe-no-sandbox", help="Run it without any protection.")
    ] = False,
) -> None:
    """Compile and run a program in the sandbox: no network, no files of yours, within limits.

    The exit code is 0 if the verdict is `ok`, and 1 if it is another one.
    """
    from transloop_sandbox.sandbox import Sandbox
    from transloop_settings import settings

    limits = _limits(wall, cpu, memory, processes, scratch)
    job = _job(file, language, stdin, limits)
    chosen = settings.load(Path.cwd()).sandbox
    told = _console(stderr=True).print
    with Sandbox(1, min_level or chosen.min_level, unsafe, cache=False, told=told) as sandbox:
        result = sandbox.run(job)
    if as_json:
        typer.echo(json.dumps(as_plain(result), indent=2, ensure_ascii=False))
    else:
        _print(result)
    raise typer.Exit(0 if result.verdict == "ok" else NOT_OK)


def _limits(
    wall: float | None,
    cpu: float | None,
    memory: int | None,
    processes: int | None,
    scratch: int | None,
) -> Limits:
    """The usual limits, with what was asked for."""
    from transloop_sandbox.job import Limits

    asked = {
        "wall_seconds": wall,
        "cpu_seconds": cpu,
        "memory_mb": memory,
        "processes": processes,
        "scratch_mb": scratch,
    }
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if off := [name for name, value in given.items() if value <= 0 and name != "scratch_mb"]:
        raise UsageError(f"{off[0]} must be more than 0.")
    return Limits(**given)


def _job(file: Path, named: str | None, stdin: Path | None, limits: Limits) -> Job:
    from transloop_sandbox.job import File, Job
    from transloop_syntax.language import language, language_for, languages

    found = language(named) if named else language_for(file)
    if found is None:
        known = ", ".join(languages())
        raise UsageError(f"The suffix of {file} is of no language.", f"Give --language: {known}.")
    return Job(found.id, (File(file.name, _bytes(file)),), _input(stdin), limits=limits)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error


def _input(stdin: Path | None) -> bytes:
    if stdin is None:
        return b""
    if str(stdin) == "-":
        return typer.get_binary_stream("stdin").read()
    return _bytes(stdin)


def as_plain(result: Result) -> dict[str, Any]:
    """The result as JSON has it: bytes as text, features as an object."""
    plain = asdict(result)
    for name in ("stdout", "stderr"):
        plain[name] = plain[name].decode("utf-8", "replace")
    plain["isolation"]["features"] = dict(result.isolation.features)
    return plain


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False)


def _print(result: Result) -> None:
    """The program's output where it belongs, and the verdict on stderr."""
    stdout, stderr = (typer.get_binary_stream(name) for name in ("stdout", "stderr"))
    (stdout if result.phase == "run" else stderr).write(result.stdout)
    stdout.flush()
    stderr.write(result.stderr)
    stderr.flush()
    _console(stderr=True).print(_summary(result))


def _summary(result: Result) -> str:
    reason = f" ({result.reason})" if result.reason else ""
    used = result.usage + result.compile_usage
    return (
        f"{result.verdict}{reason}, {result.phase}: {used.wall_seconds:.2f} s, "
        f"{used.cpu_seconds:.2f} s CPU, {used.peak_mb:.0f} MB; "
        f"isolation: {result.isolation}"
    )
