"""A supervisor of its own, for tests that end it, cancel what it runs, or give it other children.

`python supervised.py LEVEL run|cancel|beside FOLDER` runs the folder's `main.py` and prints a JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from transloop_sandbox import canary, isolation
from transloop_sandbox.command import Command
from transloop_sandbox.job import Limits

CANCEL_AFTER = 0.5


def main() -> None:
    level, action, folder = sys.argv[1:]
    backend = next(
        each.backend for each in isolation.candidates() if each.backend.isolation.level == level
    )
    python, binds = canary.interpreter()
    command = Command(
        argv=(python, "-I", "-S", "{work}/main.py"),
        work=Path(folder),
        binds=binds,
        limits=Limits(memory_mb=128, processes=16, wall_seconds=60),
    )
    other = subprocess.Popen(["/bin/sleep", "60"]) if action == "beside" else None
    began = time.monotonic()
    cancel_at = began + CANCEL_AFTER if action == "cancel" else float("inf")
    seen = backend(command, cancelled=lambda: time.monotonic() > cancel_at)
    told = {
        "killed": seen.killed,
        "stdout": seen.stdout.decode(),
        "late": time.monotonic() - cancel_at,
        "other": other is not None and other.poll() is None,
    }
    if other is not None:
        other.kill()
        other.wait()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
