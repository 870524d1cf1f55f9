"""The folders that jobs work in. What a program left there is hostile until it was looked at."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from transloop_sandbox.job import File
from transloop_sandbox.toolchains import closed
from transloop_settings.errors import UsageError

NAME = "transloop-"
STALE_SECONDS = 86400.0
ARTEFACT_BYTES = 256 << 20
ARTEFACTS = 5000


@contextlib.contextmanager
def work_folder() -> Iterator[Path]:
    """A folder that is removed afterwards, whatever was done to what is in it."""
    folder = new_folder()
    try:
        yield folder
    finally:
        remove(folder)


def new_folder() -> Path:
    """A folder that the sandbox's uid may pass through, without seeing what else is there."""
    folder = Path(tempfile.mkdtemp(prefix=f"{NAME}{os.getpid()}-", dir=_place()))
    folder.chmod(0o711)
    return folder


def sweep() -> None:
    """Remove what processes left that were killed: folders a day old, whose process is gone."""
    for folder in _place().glob(f"{NAME}*"):
        pid = re.match(rf"{NAME}(\d+)-", folder.name)
        with contextlib.suppress(OSError):
            facts = folder.lstat()
            ours = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
            if pid and ours and time.time() - facts.st_mtime > STALE_SECONDS:
                _remove_of_dead(int(pid[1]), folder)


def _remove_of_dead(pid: int, folder: Path) -> None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        remove(folder)


def write(files: Sequence[File], folder: Path, mode: int = 0o644) -> None:
    """Write files to a new folder. UsageError if a path leads elsewhere."""
    folder.mkdir(mode=0o755)
    for file in files:
        path = folder / safe(file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = file.content
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        path.chmod(mode)


def contents(folder: Path, most: int) -> dict[str, bytes] | None:
    """All that is in a folder of ours, unless it is more than that."""
    found = {path.relative_to(folder).as_posix(): path for path, _ in _files(folder)}
    if sum(path.stat().st_size for path in found.values()) > most:
        return None
    return {name: path.read_bytes() for name, path in found.items()}


def safe(path: str) -> PurePosixPath:
    """A path below the work folder, and nothing else."""
    pure = PurePosixPath(path)
    if (
        not path
        or "\0" in path
        or pure.is_absolute()
        or ".." in pure.parts
        or not pure.parts
        or path.startswith("-")
    ):
        raise UsageError(f"{path!r} is no path below a program's folder.")
    return pure


def artefacts(folder: Path, patterns: Sequence[str]) -> dict[str, Path]:
    """The regular files that match, by their path below the folder. Links are not followed.

    Only what nobody else can still reach counts: a second hard link might lead outside.
    """
    found: dict[str, Path] = {}
    size = 0
    for path, facts in _files(folder):
        name = path.relative_to(folder).as_posix()
        if not any(fnmatch(name, each) for each in patterns):
            continue
        if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
            found[name] = path
            size += facts.st_size
        if size > ARTEFACT_BYTES or len(found) > ARTEFACTS:
            return {}
    return found


def move(found: dict[str, Path], target: Path) -> None:
    """Move artefacts, if there are any, to a new folder where only we may write."""
    if found:
        target.mkdir(mode=0o755)
    for name, path in found.items():
        goal = target / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        path.rename(goal)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            os.chown(goal, 0, 0)
        goal.chmod(0o555)


def remove(folder: Path) -> None:
    """Delete a tree of any depth, and with any permissions."""
    pending = [folder]
    number, lifted = 0, secrets.token_hex(8)
    while pending:
        current = pending.pop()
        current.chmod(0o700)
        with os.scandir(current) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    Path(entry).unlink()
                elif current == folder:
                    pending.append(Path(entry))
                else:  # lifted to the top, so that no path grows too long
                    number += 1
                    Path(entry).chmod(0o700)
                    pending.append(Path(entry).rename(folder / f"{lifted}-{number}"))
        if current != folder:
            current.rmdir()
    folder.rmdir()


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """All entries but folders; a folder that is deeper than any compiler makes is left out."""
    pending = [(folder, 0)]
    while pending:
        current, depth = pending.pop()
        current.chmod(0o700)
        with os.scandir(current) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield Path(entry), entry.stat(follow_symlinks=False)
                elif depth < 32:
                    pending.append((Path(entry), depth + 1))


def _place() -> Path:
    """The temporary folder, unless the sandbox's uid cannot come in there."""
    usual = Path(tempfile.gettempdir())
    # What is made there is made by `mkdtemp`, so nobody can have put it there before.
    return Path("/var/tmp") if closed(usual) else usual  # noqa: S108
