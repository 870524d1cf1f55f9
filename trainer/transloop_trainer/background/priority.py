"""The lowest priority for this process and all that it starts: others come first without asking."""

from __future__ import annotations

import sys
from contextlib import suppress

import psutil


def lower() -> None:
    """Of the processor and, where the system knows it, of the disk. It cannot be taken back."""
    process = psutil.Process()
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.nice(psutil.IDLE_PRIORITY_CLASS)
        else:
            process.nice(19)
        if sys.platform == "linux":
            process.ionice(psutil.IOPRIO_CLASS_IDLE)
