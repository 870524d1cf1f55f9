"""What is free goes back to the system, though something behind it is still in use."""

from __future__ import annotations

import platform

import psutil
import pytest

from transloop_trainer import memory

PIECE, PIECES = 100_000, 3_000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is free")
def test_free_memory_goes_back() -> None:
    def resident() -> int:
        return int(psutil.Process().memory_info().rss)

    pieces = [bytes(PIECE) for _ in range(PIECES)]
    kept = pieces[::100]
    pieces.clear()
    before = resident()
    memory.give_back()
    assert before - resident() > PIECE * PIECES / 2
    assert all(len(each) == PIECE for each in kept)
