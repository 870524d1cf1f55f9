"""Pages belong to one server: two windows do not overwrite each other's, and none is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from transloop_server import pages


def test_another_servers_pages_are_others_and_stay(home: Path) -> None:
    ask = "from transloop_server import pages; print(pages.folder(), flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", ask], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout
    theirs = Path(other.stdout.readline().strip())
    (theirs / "job-1-gcd.md").touch()
    (pages.folder() / "job-1-gcd.md").touch()
    assert theirs != pages.folder()
    pages.forget()
    assert [each.name for each in theirs.parent.iterdir()] == [theirs.name]
    other.communicate("\n", timeout=20)
    pages.forget()
    assert list(theirs.parent.iterdir()) == []


def test_what_is_not_ours_is_left_and_nothing_is_no_mistake(home: Path) -> None:
    pages.forget()
    mine = pages.folder().with_name("mine")
    mine.mkdir()
    pages.forget()
    assert mine.is_dir()
