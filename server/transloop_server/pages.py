"""Where pages are that people look at: in a folder of this server alone, which goes with it.

Two windows have servers of their own, whose jobs have the same names. And a page shows code, of
which nothing is kept that nobody has agreed to.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

from transloop_settings import directories


def folder() -> Path:
    """The folder of this server's pages. Raises OSError."""
    own = _all() / str(os.getpid())
    own.mkdir(parents=True, exist_ok=True)
    return own


def forget() -> None:
    """Remove this server's pages, and what servers left that were killed."""
    for each in _all().iterdir() if _all().is_dir() else ():
        mine = each.name == str(os.getpid())
        if mine or (each.name.isdigit() and not psutil.pid_exists(int(each.name))):
            shutil.rmtree(each, ignore_errors=True)


def _all() -> Path:
    return directories.state() / "pages"
