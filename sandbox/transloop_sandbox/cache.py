"""What need not be done again: artefacts of compilers and results, by what they follow from.

A key is a digest of everything that the value depends on, so a value is never stale, and may be
thrown away at any time. Several processes share the folder; its size is bounded. A cache that
cannot be read or written costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import diskcache

BYTES = 1 << 30
"""Upper bound of the folder; the values that were stored first go first."""


class _Plain(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Holds text and bytes. A pickle in the folder, whoever put it there, is never read."""

    def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> Any:
        if not isinstance(value, str | bytes):
            raise TypeError(f"not text or bytes: {type(value).__name__}")
        return super().store(value, read, key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode == diskcache.core.MODE_PICKLE:
            raise OSError("a pickle in the cache")
        return super().fetch(mode, filename, value, read)

    def get(self, key: Any, raw: bool) -> Any:
        if not raw:
            raise OSError("a pickle in the cache")
        return super().get(key, raw)


class Cache:
    """Values by key, in a folder that several processes share."""

    def __init__(self, folder: Path, size: int = BYTES) -> None:
        self._folder = folder
        self._size = size
        self._opened: Any = None
        self._opening = threading.Lock()

    def text(self, key: str) -> str | None:
        """The text of a key, if it is there."""
        found = self._get(key)
        return found if isinstance(found, str) else None

    def put_text(self, key: str, value: str) -> None:
        """Remember a text."""
        self._put(key, value)

    def files(self, key: str) -> dict[str, bytes] | None:
        """The files of a key, if they are there."""
        found = self._get(key)
        return _unpacked(found) if isinstance(found, bytes) else None

    def put_files(self, key: str, files: Mapping[str, bytes]) -> None:
        """Remember files by name."""
        self._put(key, _packed(files))

    def close(self) -> None:
        """Let go of the folder, on this thread: each has its own connection."""
        if self._opened is not None:
            self._opened.close()

    def _disk(self) -> Any:
        with self._opening:
            if self._opened is None:
                folder = str(self._folder)
                self._opened = diskcache.Cache(folder, disk=_Plain, size_limit=self._size)
        return self._opened

    def _get(self, key: str) -> Any:
        try:
            return self._disk().get(key)
        except (OSError, sqlite3.Error, diskcache.Timeout):
            return None

    def _put(self, key: str, value: str | bytes) -> None:
        try:
            self._disk().set(key, value)
        except (OSError, sqlite3.Error, diskcache.Timeout):
            return  # a full or read-only disk


def key_of(*parts: object) -> str:
    """A digest of the parts: of numbers, texts, bytes, and tuples and dicts of them."""
    summed = hashlib.sha256()
    for part in parts:
        plain = part if isinstance(part, bytes) else json.dumps(part, default=_hashed).encode()
        summed.update(len(plain).to_bytes(8, "big") + plain)
    return summed.hexdigest()


def _hashed(value: object) -> str:
    if isinstance(value, bytes):
        return f"bytes {hashlib.sha256(value).hexdigest()}"
    raise TypeError(f"no part of a key: {type(value).__name__}")


def _packed(files: Mapping[str, bytes]) -> bytes:
    index = json.dumps([[name, len(content)] for name, content in files.items()]).encode()
    return b"\n".join([index, b"".join(files.values())])


def _unpacked(packed: bytes) -> dict[str, bytes] | None:
    """The files; None if a part is missing, as after a full disk."""
    head, _, rest = packed.partition(b"\n")
    index = cast("list[tuple[str, int]]", json.loads(head))
    if len(rest) != sum(size for _, size in index):
        return None
    files: dict[str, bytes] = {}
    for name, size in index:
        files[name], rest = rest[:size], rest[size:]
    return files
