"""What a trainer that was killed leaves behind: children that would stay suspended for ever."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from transloop_settings import directories


def note(suspended: Iterable[psutil.Process]) -> None:
    """Which they would be, if this process was killed now."""
    told = [(each.pid, each.create_time()) for each in suspended if each.is_running()]
    new = _file().with_name(f"{_file().name}.new")
    with suppress(OSError, psutil.Error):
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(json.dumps(told))
        new.replace(_file())


def end() -> None:
    """End them. A pid that is another process's by now is not touched."""
    try:
        left = [(int(pid), float(born)) for pid, born in json.loads(_file().read_bytes())]
    except (OSError, ValueError, TypeError):
        return
    for pid, born in left:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if abs(process.create_time() - born) < 1:
                process.kill()


def _file() -> Path:
    return directories.state() / "training-suspended.json"
