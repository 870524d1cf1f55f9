"""The level `none`: limits of CPU time, memory, output and wall time, and no protection at all.

Only by the explicit `unsafe`; every result says so.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from transloop_sandbox import kernel, view
from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.guard import SCOPED_SINCE, guarded
from transloop_sandbox.job import Isolation
from transloop_sandbox.launch import Start
from transloop_sandbox.outcome import outcome
from transloop_sandbox.supervisor import supervise


@dataclass(frozen=True)
class Unconfined:
    """An `Execute` that keeps nothing in."""

    isolation: Isolation = Isolation("none", "none")

    def __call__(
        self,
        command: Command,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_stdout: Callable[[bytes], None] = lambda chunk: None,
    ) -> Outcome:
        places = {bind.name: str(bind.source) for bind in command.binds}
        places |= {"work": str(command.work), "tmp": tempfile.gettempdir()}
        environment = view.environment(command, places)
        argv = view.filled(command.argv, places)
        program = shutil.which(argv[0], path=environment["PATH"]) or argv[0]
        abi = kernel.landlock_abi() if sys.platform == "linux" else 0
        bound = abi >= SCOPED_SINCE
        start = Start(
            argv=(program, *argv[1:]),
            environment=environment,
            folder=str(command.work),
            rlimits=view.rlimits(command.limits, writable=command.work_writable),
            keeper=bound,
            guard=(lambda: guarded(None, abi)) if bound else None,
        )
        seen = supervise(
            start, command.limits, command.stdin, cancelled=cancelled, on_stdout=on_stdout
        )
        return outcome(seen, self.isolation)
