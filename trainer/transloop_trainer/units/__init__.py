"""Small functions that come with transloop, as units to be judged on: everyday code, no puzzles.

They have no tests of their own: a translation is judged by running both sides. Nothing is trained
on them, so they guard an adapter, and decide on it, where a person has no benchmark.
"""

from __future__ import annotations

from pathlib import Path

from transloop_trainer.evaluate.rows import Row, read


def rows() -> list[Row]:
    """All of them, the languages mixed, always in the same order."""
    return read(Path(__file__).parent)
