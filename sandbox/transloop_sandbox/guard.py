"""A process between the supervisor and a program, where no pid namespace can end all in one.

A program that forks without end outruns whoever kills its processes one by one. The guard kills
them all in one call, which is dangerous where it could reach others: so it either has a uid of its
own, or is bound by Landlock to signal nobody outside, and it makes sure of that before it starts
anything. It also ends the program if the supervisor dies, of whatever cause.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import NoReturn

from transloop_sandbox import kernel

SCOPED_SINCE = 6
"""The version of Landlock that can bind signals."""


def guarded(uid: int | None, abi: int) -> None:
    """Fork: returns in the child, which becomes the program. The parent stays as its guard.

    Raises:
        OSError: it could reach others, so there is no guard.
    """
    if abi >= SCOPED_SINCE:
        kernel.scope_signals()
    supervisor = os.getppid()
    _require_bound(uid, supervisor)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, _end)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:
        raise OSError("the supervisor is gone")
    program = os.fork()
    if program == 0:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        return
    _keep(program)


def _require_bound(uid: int | None, supervisor: int) -> None:
    """Killing all must not kill the user's session, or the machine."""
    if uid and os.getresuid() == (uid, uid, uid):
        return
    try:
        os.kill(supervisor, 0)
    except PermissionError:
        return
    raise OSError("signals cannot be bound to the program on this machine")


def _keep(program: int) -> NoReturn:
    """Wait for the program; then end what it has left, and end as it did."""
    os.closerange(0, 64)  # its pipes are its own
    status = 0
    try:
        ended = 0
        while ended != program:
            ended, status = os.wait()
    finally:
        code = os.waitstatus_to_exitcode(status)
        _end(code=128 - code if code < 0 else code)


def _end(number: int = 0, frame: object = None, code: int = 128 + signal.SIGKILL) -> NoReturn:
    """Kill everything that we can reach but ourselves, and see it dead."""
    try:
        with suppress(ChildProcessError):
            while True:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(-1, signal.SIGKILL)
                os.wait()
    finally:
        os._exit(code)


def sweep(uid: int) -> None:
    """Kill all of a uid that is a sandbox's own; for root, where the guard is gone."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(uid, uid, uid)
            if uid and os.getresuid() == (uid, uid, uid):
                os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
