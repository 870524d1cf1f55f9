"""Getting a compiler or interpreter as a package of pip or npm, into transloop's own folder.

The only place of this package that uses the network. The package managers know the user's index and
proxy, and check what they get. A tool gets its place by rename, and each step that was finished
before an interruption is not done again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock

from transloop_sandbox.recipe import Install, Tool
from transloop_sandbox.toolchains import advice, find, forget, installed
from transloop_sandbox.warm import require_open
from transloop_settings.errors import InstallFailed, ToolchainMissing

Progress = Callable[[int], None]
"""Hears how many bytes have come so far."""
POLL_SECONDS = 0.1


def install(name: str, tool: Tool, progress: Progress = lambda done: None) -> Path:
    """Get a tool, unless it is installed already. The folder that it is in.

    Raises:
        ToolchainMissing: no package has it; says what to do.
        InstallFailed: it could not be got; says why.
    """
    if tool.install is None:
        raise ToolchainMissing(f"transloop cannot get {name} itself.", advice(name, tool))
    if os.environ.get("TRANSLOOP_OFFLINE"):
        raise InstallFailed(f"{name} was not fetched.", "TRANSLOOP_OFFLINE is set.")
    target = installed(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    require_open(target.parent)
    work = target.with_name(f".{name}.install")
    with FileLock(f"{work}.lock"):
        if not (target / tool.program).exists():
            _fetch(tool.install, work, progress)
            _place(name, tool.program, work / "unpacked", tool.install.folder, target)
            shutil.rmtree(work)
    forget()
    if find(name, tool) is None:
        raise InstallFailed(f"{name} was installed, but does not start: {target / tool.program}.")
    return target


def remove(name: str) -> bool:
    """Delete an installed tool, and what an interrupted one left. True if there was one."""
    target = installed(name)
    there = target.exists()
    for each in (target, target.with_name(f".{name}.install")):
        shutil.rmtree(each, ignore_errors=True)
    forget()
    return there


def _fetch(wanted: Install, work: Path, progress: Progress) -> None:
    """Download and unpack; what is unpacked is complete, for it is renamed last."""
    unpacked, partial = work / "unpacked", work / "partial"
    if unpacked.exists():
        return
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if wanted.pip:
        _unzip(_wheel(wanted.pip, work, progress), partial)
    else:
        _npm(wanted.npm, partial, progress)
    partial.rename(unpacked)


def _place(name: str, program: str, unpacked: Path, folder: str, target: Path) -> None:
    found = next(unpacked.glob(folder), None)
    if found is None or not (found / program).exists():
        raise InstallFailed(f"The package of {name} does not hold {program}.")
    _open_up(found)
    shutil.rmtree(target, ignore_errors=True)
    found.rename(target)


def _open_up(folder: Path) -> None:
    """Readable for everybody: programs run under another uid than root's."""
    for parent, folders, files in os.walk(folder):
        for each in (Path(parent, name) for name in (*folders, *files)):
            if not each.is_symlink():
                each.chmod(each.stat().st_mode | (0o755 if each.is_dir() else 0o444))
    folder.chmod(0o755)


# pip ---------------------------------------------------------------------------------------------


def _wheel(requirement: str, work: Path, progress: Progress) -> Path:
    """The wheel of a requirement, which stays until all is done."""
    done, downloads = work / "wheel", work / "downloads"
    if not done.exists():
        shutil.rmtree(downloads, ignore_errors=True)
        command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-input", "--only-binary=:all:", "--dest", str(downloads), requirement]
        environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_RETRIES": "2"}
        _run(command, {**environment, "TMPDIR": str(_temporary(work))}, work, progress)
        downloads.rename(done)
    return next(done.glob("*.whl"))


def _temporary(work: Path) -> Path:
    """pip downloads here first, where its progress can be seen, and renames."""
    folder = work / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _unzip(wheel: Path, folder: Path) -> None:
    """Unpack, with the permissions to execute, which `zipfile` leaves out."""
    try:
        with zipfile.ZipFile(wheel) as opened:
            for each in opened.infolist():
                path = Path(opened.extract(each, folder))
                if each.external_attr >> 16 & 0o111:
                    path.chmod(0o755)
    except zipfile.BadZipFile as error:
        shutil.rmtree(wheel.parent)
        raise InstallFailed(f"{wheel.name} is damaged: {error}.", "Try again.") from error


# npm ---------------------------------------------------------------------------------------------


def _npm(requirement: str, folder: Path, progress: Progress) -> None:
    npm = shutil.which("npm") or _own_npm()
    if npm is None:
        raise InstallFailed(
            f"npm is needed for {requirement}.", "Run: transloop toolchains install"
        )
    command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit"]
    _run([*command, "--no-fund", "--no-save", "--silent", requirement], {}, folder, progress)


def _own_npm() -> str | None:
    """The one that comes with the Node that transloop has installed."""
    program = installed("node") / "bin" / "npm"
    return str(program) if program.exists() else None


# Both --------------------------------------------------------------------------------------------


def _run(command: list[str], environment: dict[str, str], folder: Path, progress: Progress) -> None:
    """Run a package manager to its end; it never outlives an interrupted installation."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            while process.poll() is None:
                progress(sum(_sizes(folder)))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_SECONDS)
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        said = log.read()
    if process.returncode != 0:
        raise InstallFailed(f"{command[-1]} could not be got: {_reason(said)}.")


def _sizes(folder: Path) -> Iterator[int]:
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                yield Path(parent, name).lstat().st_size


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()] or lines
    return errors[-1].rstrip(".") if errors else "no reason given"
