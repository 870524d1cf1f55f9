"""From what the supervisor saw to an `Outcome`: exit codes and signals told apart."""

from __future__ import annotations

import os
import signal

from transloop_sandbox.command import Outcome
from transloop_sandbox.job import Isolation
from transloop_sandbox.supervisor import Seen


def outcome(seen: Seen, isolation: Isolation) -> Outcome:
    """The same at every level: a shell's or bubblewrap's 128 + n is the signal n."""
    code = os.waitstatus_to_exitcode(seen.status)
    number = -code if code < 0 else code - 128
    is_signal = number in {int(each) for each in signal.valid_signals()}
    return Outcome(
        isolation=isolation,
        exit_code=None if is_signal else code,
        signal=number if is_signal else None,
        killed=seen.killed,
        oom=seen.oom,
        stdout=seen.stdout,
        stderr=seen.stderr,
        usage=seen.usage,
        survivors=seen.survivors,
        error=seen.error,
    )
