"""Keeps what the trainer says of itself up to date, and tells people what is new."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psutil

from transloop_model import training
from transloop_model.training import Training

SECONDS = 0.5
"""Between two writes, unless something begins or ends."""


class Status:
    """Where this trainer is; safe to be told by several threads."""

    def __init__(self, told: Callable[[str], None] = lambda said: None) -> None:
        self.now = Training(os.getpid(), psutil.Process().create_time())
        self._told = told
        self._lock = threading.Lock()
        self._written = 0.0

    def update(self, **fields: Any) -> None:
        """Other values; what begins or ends is written at once, the rest now and then."""
        with self._lock:
            before = self.now
            self.now = replace(before, **fields, updated=time.time())
            at_once = (before.phase, before.paused) != (self.now.phase, self.now.paused)
            if at_once or time.monotonic() - self._written >= SECONDS:
                self._write()

    def say(self, said: str, **fields: Any) -> None:
        """Something that a person should read, in a sentence."""
        with self._lock:
            self.now = replace(self.now, said=said, **fields, updated=time.time())
            self._write()
        self._told(said)

    def paused(self, reason: str) -> None:
        """Why nothing computes now; empty: it goes on."""
        self.update(paused=reason)

    def _write(self) -> None:
        self._written = time.monotonic()
        training.write(self.now)
