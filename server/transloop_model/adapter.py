"""What an adapter's file says of itself, and whether it is whole.

The facts are strings of its GGUF header. One of them is a seal: the digest of all other bytes.
llama.cpp reads a file whose numbers are damaged without a word, and would translate with them.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from transloop_model import prompt
from transloop_settings.errors import AdapterRefused

BASE_KEY = "transloop.base_sha256"
"""Digest of the model file that it was trained on."""
PROMPT_KEY = "transloop.prompt_version"
"""Version of the prompt's format that it was trained with."""
DIRECTIONS_KEY = "transloop.directions"
"""What it was trained to do, such as `python:java`, separated by spaces."""
LINEAGE_KEY = "transloop.lineage_sha256"
"""Digest of the ids of all examples that it has seen."""
METRICS_KEY = "transloop.metrics"
"""What was measured of it, as a JSON object."""
SEAL_KEY = "transloop.seal"
UNSEALED = "0" * 64

_GGUF_STRING = 8


@dataclass(frozen=True)
class Said:
    """What an adapter's file says of itself; empty where it says nothing."""

    base_sha256: str
    prompt_version: str
    directions: tuple[str, ...]
    lineage_sha256: str


def said(path: Path) -> Said:
    """Read it without the `gguf` package, which is the trainer's. `require_whole` first."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        base, version, directions, lineage = (
            _value(content, key) for key in (BASE_KEY, PROMPT_KEY, DIRECTIONS_KEY, LINEAGE_KEY)
        )
    return Said(base, version, tuple(directions.split()), lineage)


def require_fit(name: str, base: str, version: str, expected_base: str | None) -> None:
    """Refuse an adapter of other weights or of another prompt format.

    Args:
        expected_base: digest of the model; None where it is not known.
    """
    if version != str(prompt.VERSION):
        raise AdapterRefused(
            f"{name} was trained on prompt format {version or 'unknown'}, "
            f"this is format {prompt.VERSION}.",
            "Train it again with this version of transloop.",
        )
    if not base or (expected_base and base != expected_base):
        raise AdapterRefused(
            f"{name} was trained on another model ({base[:12] or 'unnamed'}...).",
            "It needs the weights that it was trained on.",
        )


def seal(path: Path) -> None:
    """Write the seal into a file that has `UNSEALED` in its place."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        place = _place(content)
        content[place : place + len(UNSEALED)] = _digest(content, place).encode()


def require_whole(path: Path) -> None:
    """Compare every byte with the seal.

    Raises:
        AdapterRefused: it is not there, has no seal, is cut off or damaged.
    """
    again = "Train or copy it again."
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            place = _place(content)
            whole = (
                place > 0
                and content[place : place + len(UNSEALED)] == _digest(content, place).encode()
            )
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise AdapterRefused(f"{path.name} cannot be read: {error}.", again) from None
    if place < 0:
        raise AdapterRefused(f"{path.name} is not an adapter that transloop made.", again)
    if not whole:
        raise AdapterRefused(f"{path.name} is damaged or cut off: its seal does not fit.", again)


def _place(content: mmap.mmap) -> int:
    """Where the seal's digits begin, or -1."""
    key = SEAL_KEY.encode()
    head = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", _GGUF_STRING, len(UNSEALED))
    found = content.find(head)
    return found + len(head) if found >= 0 else -1


def _value(content: mmap.mmap, key: str) -> str:
    """A string of the header."""
    head = struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", _GGUF_STRING)
    found = content.find(head)
    if found < 0:
        return ""
    start = found + len(head) + 8
    (length,) = struct.unpack("<Q", content[start - 8 : start])
    return content[start : start + length].decode("utf-8", "replace")


def _digest(content: mmap.mmap, place: int) -> str:
    """SHA-256 of all bytes, as if the seal were not yet written."""
    with memoryview(content) as view:
        summed = hashlib.sha256(view[:place])
        summed.update(UNSEALED.encode())
        summed.update(view[place + len(UNSEALED) :])
    return summed.hexdigest()
