"""The model's process: reads requests on stdin, writes events to stdout, one at a time.

It ends when stdin closes, so it never outlives the process that started it, however that one died.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from transloop_model.engine import Event, Piece, Request
from transloop_model.llama import native, wire
from transloop_model.llama.adapters import Adapters
from transloop_model.llama.decode import Cancelled, Decoder
from transloop_model.llama.tokens import Tokens
from transloop_settings.errors import TransloopError

BATCH = 512
"""Prompt tokens read at once, when nobody cancels."""


STREAM_SECONDS = 0.1
"""How long text may wait to be sent together with the next."""


class Worker:
    """Answers the messages of one engine."""

    def __init__(self, config: wire.Configuration, out: BinaryIO) -> None:
        began = time.perf_counter()
        self.config = config
        self.out = out
        self.out_lock = threading.Lock()
        self.streamed = 0.0
        self.pieces: list[Piece] = []
        self.model = native.Model(Path(config.model))
        self.context = native.Context(self.model, config.context, config.threads, BATCH)
        self.decoder = Decoder(self.context)
        self.tokens = Tokens(self.model)
        self.adapters = Adapters(self.model, self.decoder, config.base_sha256)
        self.todo: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.cancels: dict[int, threading.Event] = {}
        self.current: int | None = None
        self.send(wire.pack(ready=True, facts=self.facts(time.perf_counter() - began)))

    def facts(self, load_seconds: float) -> dict[str, float | str]:
        """What a status line and a benchmark want to know."""
        return {
            "load_seconds": round(load_seconds, 3),
            "context": self.context.size,
            "threads": self.config.threads,
            "trained_context": self.model.trained_context,
            "resident_bytes": psutil.Process().memory_info().rss,
        }

    def send(self, line: bytes) -> None:
        """Write one message; called from both threads."""
        with self.out_lock:
            self.out.write(line)
            self.out.flush()

    def emit(self, number: int, event: Event) -> None:
        """Send an event of request `number`; text waits a little for more of it.

        Each message wakes the server, on a core that computes.
        """
        if not isinstance(event, Piece):
            self.send_pieces(number)
            self.streamed = 0.0  # the first token goes out at once
            self.send(wire.pack_event(number, event))
            return
        self.pieces.append(event)
        if (now := time.monotonic()) - self.streamed >= STREAM_SECONDS:
            self.streamed = now
            self.send_pieces(number)

    def send_pieces(self, number: int) -> None:
        """Send the text that waits."""
        if self.pieces:
            self.send(wire.pack_pieces(number, self.pieces))
            self.pieces = []

    def listen(self, lines: BinaryIO) -> None:
        """Thread: take messages while the model computes; end the process when nobody is left."""
        for line in lines:
            message = wire.unpack(line)
            match message["op"]:
                case "cancel":
                    self.cancel(message["id"])
                case "count":
                    tokens = self.model.tokenize(message["text"], special=False)
                    self.send(wire.pack(id=message["id"], count=len(tokens)))
                case "load":
                    asked = (message["id"], message["path"])
                    threading.Thread(target=self.load_adapter, args=asked, daemon=True).start()
                case "generate":
                    self.cancels[message["id"]] = threading.Event()
                    self.todo.put(message)
                case _:
                    self.todo.put(message)
        os._exit(0)  # the main thread may be deep inside llama.cpp

    def cancel(self, number: int) -> None:
        """Stop request `number` at once, in the middle of a computation if it is running."""
        if cancel := self.cancels.get(number):
            cancel.set()
            if self.current == number:
                self.context.abort(True)

    def work(self) -> None:
        """Main thread: do one thing after the other."""
        while True:
            message = self.todo.get()
            number = message["id"]
            try:
                if message["op"] == "adapter":
                    self.adapters.use(message["path"])
                    self.send(wire.pack(id=number, applied=True))
                else:
                    self.generate(number, wire.read_request(message["request"]))
            except TransloopError as error:
                self.send(wire.pack_error(number, error))

    def generate(self, number: int, request: Request) -> None:
        """Decode one request and send its events, or word that it was cancelled."""
        cancel = self.cancels[number]
        self.current = number
        self.pieces = []
        try:
            tokens = self.tokens.of_prompt(request.messages, request.answer_prefix)
            self.decoder.run(request, tokens, cancel, partial(self.emit, number))
        except Cancelled:
            self.send(wire.pack(id=number, cancelled=True))
        finally:
            self.current = None
            del self.cancels[number]

    def load_adapter(self, number: int, path: str) -> None:
        """Thread: read an adapter while the model computes."""
        try:
            self.adapters.load(path)
            self.send(wire.pack(id=number, loaded=True))
        except TransloopError as error:
            self.send(wire.pack_error(number, error))


def main() -> None:
    """Keep the real stdout for messages; whatever C code prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    config = wire.Configuration(**wire.unpack(sys.stdin.buffer.readline()))
    try:
        worker = Worker(config, out)
    except TransloopError as error:
        out.write(wire.pack_error(None, error))
        out.flush()
        return
    threading.Thread(target=worker.listen, args=(sys.stdin.buffer,), daemon=True).start()
    worker.work()


if __name__ == "__main__":
    main()
