"""One worker: a process that runs one command after another in the sandbox, and nothing else.

It is single-threaded, because it forks. It ends when its pipe closes, so it outlives nobody; what
runs in its sandbox meanwhile is stopped.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import cast

from transloop_sandbox.command import Command
from transloop_sandbox.isolation import Backend, choose, grouped
from transloop_sandbox.job import Level
from transloop_sandbox.workers import STOP
from transloop_settings.errors import TransloopError


def main() -> None:
    """Serve `python -m transloop_sandbox.worker PIPE SLOT LEVEL UNSAFE`."""
    pipe, slot, minimum, unsafe = sys.argv[1:]
    connection: Connection[object, object] = Connection(int(pipe))
    try:
        chosen = choose(cast("Level", minimum), unsafe=unsafe == "1", slot=int(slot))
        backend = grouped(chosen)
    except TransloopError as error:
        connection.send(error)
        return
    with suppress(BrokenPipeError):  # who asked has ended, so there is nobody to tell
        connection.send(backend.isolation)
        _serve(connection, backend)


def _serve(connection: Connection[object, object], backend: Backend) -> None:
    """One command after another, until the pipe closes."""
    while isinstance(request := _received(connection), tuple | str):
        if request == STOP:
            continue  # for a command that had ended by then
        command, streams = cast("tuple[Command, bool]", request)
        tell = connection.send if streams else lambda chunk: None
        connection.send(backend(command, cancelled=lambda: _stopped(connection), on_stdout=tell))


def _received(connection: Connection[object, object]) -> object:
    try:
        return connection.recv()
    except EOFError:
        return None


def _stopped(connection: Connection[object, object]) -> bool:
    """While a command runs, all that can come is a stop, or the end of the pipe."""
    return connection.poll() and _received(connection) in (STOP, None)


if __name__ == "__main__":
    main()
