"""What is made once for each version of a language's tools, in the sandbox, and then only read.

A precompiled header, the export data of a standard library, a compiler's daemon: they save a
compiler most of its work. Each is made on first use, has a digest of every file, and gets its place
by rename, so half of one is never used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock

from transloop_sandbox import fill, folders
from transloop_sandbox.cache import key_of
from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.job import File, Limits
from transloop_sandbox.recipe import Recipe, Warm
from transloop_sandbox.toolchains import Toolchain, closed
from transloop_settings import directories
from transloop_settings.errors import InstallFailed

MANIFEST = "manifest.json"
_SEEN: set[Path] = set()
"""What this process has looked at: some have hundreds of files."""
Told = Callable[[str], None]


def warm(
    chosen: Recipe,
    name: str,
    toolchain: Toolchain,
    execute: Callable[[Command], Outcome],
    told: Told = lambda text: None,
) -> Path:
    """The folder of what is made once, which is made now if it is not there.

    Args:
        told: hears what people have to wait for.

    Raises:
        InstallFailed: it could not be made; says why.
    """
    folder = place(chosen, name, toolchain)
    used = folder / chosen.warm[name].folder
    if folder in _SEEN or intact(folder):
        _SEEN.add(folder)
        return used
    folder.parent.mkdir(parents=True, exist_ok=True)
    require_open(folder.parent)
    with FileLock(f"{folder}.lock"):
        if not intact(folder):  # another process may have made it while this one waited
            told(f"making {chosen.warm[name].about}, once")
            shutil.rmtree(folder, ignore_errors=True)
            _make(chosen, name, toolchain, execute, folder)
    return used


def checked(
    chosen: Recipe,
    name: str,
    toolchain: Toolchain,
    execute: Callable[[Command], Outcome],
    told: Told = lambda text: None,
) -> Path:
    """As `warm`, but every byte is read, and what is damaged is made again."""
    folder = place(chosen, name, toolchain)
    if intact(folder) and not verified(folder):
        _SEEN.discard(folder)
        shutil.rmtree(folder)
    return warm(chosen, name, toolchain, execute, told)


def place(chosen: Recipe, name: str, toolchain: Toolchain) -> Path:
    """Where it is, or will be: another place for every version of the tools and of the recipe."""
    made = chosen.warm[name]
    content = {key: _content(value) for key, value in made.files.items()}
    key = key_of(toolchain.stamp, made.argv, content, dict(made.environment), made.keep)
    return directories.toolchains().resolve() / "warm" / f"{chosen.id}-{name}-{key[:16]}"


def intact(folder: Path) -> bool:
    """Whether each file is there in its right size; `verified` reads every byte."""
    try:
        files = json.loads((folder / MANIFEST).read_bytes())
        return all((folder / name).stat().st_size == size for name, (size, _) in files.items())
    except (OSError, ValueError):
        return False


def verified(folder: Path) -> bool:
    """Whether every byte is what was made."""
    files = json.loads((folder / MANIFEST).read_bytes())
    return all(_digest(folder / name) == digest for name, (_, digest) in files.items())


def prune(current: Iterable[Path]) -> None:
    """Delete what was made for tools that are no longer here; `current` is what stays."""
    folder = directories.toolchains().resolve() / "warm"
    kept = {each.name for each in current}
    for each in folder.iterdir() if folder.is_dir() else ():
        if each.is_dir() and each.name not in kept:
            shutil.rmtree(each)
            each.with_name(f"{each.name}.lock").unlink(missing_ok=True)


def require_open(folder: Path) -> None:
    """InstallFailed if programs could not read what is put here."""
    if closed(folder.resolve()):
        raise InstallFailed(
            f"{folder} lies where programs, which do not run as root, cannot come in.",
            "Set TRANSLOOP_HOME to a folder that others may enter, or to none.",
        )


def _make(
    chosen: Recipe,
    name: str,
    toolchain: Toolchain,
    execute: Callable[[Command], Outcome],
    folder: Path,
) -> None:
    made = chosen.warm[name]
    with folders.work_folder() as outer:
        work = outer / "work"
        folders.write([File(path, _content(text)) for path, text in made.files.items()], work)
        outcome = execute(_command(made, toolchain, work))
        found = folders.artefacts(work, made.keep) if outcome.exit_code == 0 else {}
        if not found:
            raise InstallFailed(f"{made.about} could not be made: {_why(outcome)}.")
        fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
        folders.move(found, fresh)
        manifest = {each: _facts(fresh / each) for each in found}
        (fresh / MANIFEST).write_text(json.dumps(manifest))
        fresh.rename(folder)


def _command(made: Warm, toolchain: Toolchain, work: Path) -> Command:
    places = fill.of_tools(toolchain)
    limits = Limits(
        cpu_seconds=made.cpu_seconds,
        wall_seconds=made.cpu_seconds * 5,  # on a busy machine, too
        memory_mb=made.memory_mb,
        processes=500,
        scratch_mb=512,
    )
    return Command(
        argv=fill.arguments(made.argv, places, toolchain.tools),
        work=work,
        work_writable=True,
        binds=fill.binds(toolchain, {}, (*made.argv, *made.environment.values())),
        environment=fill.environment(made.environment, places),
        limits=limits,
    )


def _content(text: str) -> str:
    """The text, or that of a file of this package: `@daemons/...`."""
    if not text.startswith("@"):
        return text
    return (Path(__file__).parent / text[1:]).read_text("utf-8")


def _facts(path: Path) -> tuple[int, str]:
    return path.stat().st_size, _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _why(outcome: Outcome) -> str:
    if outcome.error or outcome.killed:
        return outcome.error or f"ended at its limit ({outcome.killed})"
    said = (outcome.stderr or outcome.stdout).decode("utf-8", "replace").strip()
    return said.splitlines()[-1] if said else f"exit {outcome.exit_code}"
