"""The adapters of one context: loaded beside what is in use, tried out, kept for the way back."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from transloop_model.adapter import BASE_KEY, PROMPT_KEY, require_fit, require_whole
from transloop_model.llama import native
from transloop_model.llama.decode import Decoder
from transloop_model.llama.native import Entry, Model
from transloop_settings.errors import AdapterRefused, EngineError

TRIAL = "def f("
TRIAL_TOKENS = 2
"""What an adapter must be able to write. Requests wait for it: 20 ms a token with the 0.5B."""


@dataclass(frozen=True)
class Loaded:
    """An adapter in memory, and the file that it was read from."""

    path: str
    stamp: tuple[int, int]
    pointer: Any

    def is_of(self, path: str) -> bool:
        """Whether it is what is in the file now."""
        return self.path == path and self.stamp == _stamp(path)


class Adapters:
    """At most three: the one in use, the one before it, and one that waits to be used."""

    def __init__(self, model: Model, decoder: Decoder, base_sha256: str | None) -> None:
        self.model = model
        self.decoder = decoder
        self.context = decoder.context
        self.base_sha256 = base_sha256
        self.used: Loaded | None = None
        self.before: Loaded | None = None
        self.waiting: Loaded | None = None
        self._lock = threading.Lock()

    def load(self, path: str) -> None:
        """Read and check a file, from any thread, while the model computes.

        Raises:
            AdapterRefused: it is damaged, or of another model or prompt format.
        """
        with self._lock:
            if not self._found(path):
                fresh = self._read(path)
                self._free(self.waiting)
                self.waiting = fresh

    def use(self, path: str | None) -> None:
        """Compute with an adapter, or with none; the model must not be computing.

        Raises:
            AdapterRefused: as `load`, or nothing can be written with it. The old one stays.
        """
        with self._lock:
            new = (self._found(path) or self._read(path)) if path is not None else None
            if new is not None and new is self.used:
                return
            try:
                self._apply(new)
                if new is not None:
                    self._try_out(Path(new.path).name)
            except AdapterRefused:
                self._apply(self.used)
                self._keep_only(self.used, self.before, dropped=new)
                raise
            self._keep_only(new, self.used, dropped=self.before)

    def _found(self, path: str) -> Loaded | None:
        kept = (self.used, self.before, self.waiting)
        return next((each for each in kept if each and each.is_of(path)), None)

    def _read(self, path: str) -> Loaded:
        require_whole(Path(path))
        loaded = Loaded(path, _stamp(path), self.model.load_adapter(Path(path)))
        base = native.adapter_metadata(loaded.pointer, BASE_KEY) or ""
        version = native.adapter_metadata(loaded.pointer, PROMPT_KEY) or ""
        try:
            require_fit(Path(path).name, base, version, self.base_sha256)
        except AdapterRefused:
            self._free(loaded)
            raise
        return loaded

    def _apply(self, adapter: Loaded | None) -> None:
        self.context.apply_adapter(adapter.pointer if adapter else None)
        self.decoder.forget()

    def _try_out(self, name: str) -> None:
        """A short text, greedily: every logit must be a number."""
        tokens = self.model.tokenize(TRIAL, special=False)
        position = 0
        for _ in range(TRIAL_TOKENS):
            last = len(tokens) - 1
            self.context.abort(False)
            rows = [Entry(token, position + i, (0,), i == last) for i, token in enumerate(tokens)]
            try:
                self.context.decode(rows)
            except EngineError as error:
                raise AdapterRefused(f"Nothing can be written with {name}: {error}") from error
            logits = self.context.logits(last)
            if not np.isfinite(logits).all():
                raise AdapterRefused(
                    f"Nothing can be written with {name}: it computes what is no number.",
                    "Train it again.",
                )
            position += len(tokens)
            tokens = [int(logits.argmax())]
        self.decoder.forget()

    def _keep_only(
        self, used: Loaded | None, before: Loaded | None, dropped: Loaded | None
    ) -> None:
        """Free what is not needed any more."""
        known = (self.used, self.before, self.waiting, dropped)
        self.used, self.before, self.waiting = used, before, None
        for pointer in {id(each): each for each in known}.values():
            if pointer is not used and pointer is not before:
                self._free(pointer)

    @staticmethod
    def _free(adapter: Loaded | None) -> None:
        if adapter is not None:
            native.free_adapter(adapter.pointer)


def _stamp(path: str) -> tuple[int, int]:
    """Changes with the file. No file has a stamp of its own: nothing loaded has it."""
    try:
        facts = Path(path).stat()
    except OSError:
        return (-1, -1)
    return (facts.st_size, facts.st_mtime_ns)
