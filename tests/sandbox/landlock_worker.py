"""A worker on a machine without bubblewrap: started by tests in place of the usual one."""

from __future__ import annotations

from collections.abc import Iterator

from transloop_sandbox import isolation, worker
from transloop_sandbox.isolation import Candidate

ALL = isolation.candidates


def weaker(slot: int = 0) -> Iterator[Candidate]:
    """What is left of this machine's candidates."""
    return (each for each in ALL(slot) if each.backend.isolation.level == "landlock")


if __name__ == "__main__":
    isolation.candidates = weaker
    worker.main()
