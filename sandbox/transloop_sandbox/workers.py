"""The client's side of a worker process: starts it, gives it commands, and survives its death."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from socket import socketpair

from transloop_sandbox.command import Command, Outcome
from transloop_sandbox.job import Isolation, Level
from transloop_settings.errors import SandboxError, TransloopError

PROGRAM = "transloop_sandbox.worker"
STOP = "stop"
"""Sent for a command that runs."""
POLL_SECONDS = 0.02
"""How soon a cancellation is seen."""
START_SECONDS = 60.0
"""The first worker on a machine probes its sandbox, which takes a second or two."""


class Worker:
    """An `Execute` whose work is done by another process; used by one thread at a time."""

    def __init__(self, slot: int, minimum: Level, unsafe: bool) -> None:
        self._arguments = (str(slot), minimum, str(int(unsafe)))
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[object, object] | None = None
        self._isolation: Isolation | None = None

    def isolation(self) -> Isolation:
        """How programs are kept in. Starts the process if need be.

        Raises:
            SandboxError: not as safely as was asked for, or the process does not start.
        """
        self._connected()
        assert self._isolation is not None  # noqa: S101  # it is the first message
        return self._isolation

    def __call__(
        self,
        command: Command,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_stdout: Callable[[bytes], None] | None = None,
    ) -> Outcome:
        """The outcome of the command; one with an `error` if the process died meanwhile."""
        isolation = self.isolation()
        try:
            self.begin(command, streams=on_stdout is not None)
            return self._followed(cancelled, on_stdout or (lambda chunk: None))
        except (EOFError, OSError):
            self.close()
            return Outcome(isolation, error="the worker process died")
        except BaseException:  # an interrupt: what runs must not go on behind our back
            self.close()
            raise

    def begin(self, command: Command, *, streams: bool) -> None:
        """Start a command. What comes of it is in the messages."""
        self._connected().send((command, streams))

    def message(self) -> bytes | Outcome | None:
        """A piece of stdout, or at last the outcome; None if nothing came for a moment.

        Raises:
            EOFError: the process died.
        """
        received = self._received(self._connected(), POLL_SECONDS)
        assert isinstance(received, bytes | Outcome | None)  # noqa: S101  # nothing else is sent
        return received

    def stop(self) -> None:
        """Stop the command; its outcome still comes."""
        self._connected().send(STOP)

    def close(self) -> None:
        """End the process, and with it what it runs."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None

    def _followed(
        self, cancelled: Callable[[], bool], on_stdout: Callable[[bytes], None]
    ) -> Outcome:
        stopped = False
        while True:
            match self.message():
                case bytes(chunk):
                    on_stdout(chunk)
                case Outcome() as outcome:
                    return outcome
                case None if not stopped and cancelled():
                    self.stop()
                    stopped = True

    def _received(self, connection: Connection[object, object], seconds: float) -> object:
        """The next message; None if there is none yet. A dead process may have left its pipe open
        to what it has forked, so its end is asked for, too."""
        if connection.poll(seconds):
            return connection.recv()
        if self._process is None or self._process.poll() is not None:
            raise EOFError
        return None

    def _connected(self) -> Connection[object, object]:
        if self._connection is None:
            self._connection = self._started()
        return self._connection

    def _first(self, connection: Connection[object, object]) -> object:
        """What the process says when it is ready, or why it is not; None if it says nothing."""
        deadline = time.monotonic() + START_SECONDS
        with suppress(EOFError):
            while time.monotonic() < deadline:
                if (first := self._received(connection, POLL_SECONDS)) is not None:
                    return first
        return None

    def _started(self) -> Connection[object, object]:
        ours, theirs = socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", PROGRAM, str(theirs.fileno()), *self._arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us; we end it
            )
        connection: Connection[object, object] = Connection(ours.detach())
        first = self._first(connection)
        if isinstance(first, Isolation):
            self._isolation = first
            return connection
        connection.close()
        self.close()
        if isinstance(first, TransloopError):
            raise first
        raise SandboxError("The worker that runs programs did not start.", "See above for why.")
