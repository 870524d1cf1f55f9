"""What the engine and its process say to each other: one JSON object a line, both ways."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from transloop_model import engine
from transloop_model.engine import Event, Piece, Request
from transloop_settings import errors
from transloop_settings.errors import TransloopError

LINE_LIMIT = 1 << 26
"""Bytes of the longest message: a long answer with log-probabilities is one line."""

PIECES = "Pieces"
_EVENTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (engine.Started, engine.Evaluated, engine.Finished, engine.Done)
}
_REQUEST = TypeAdapter(Request)


@dataclass(frozen=True)
class Configuration:
    """What the process is started with, as its first line of input."""

    model: str
    context: int
    threads: int
    base_sha256: str | None
    """Digest that an adapter must have been trained on; None accepts what names no base."""


def pack(**fields: Any) -> bytes:
    """One message as a line."""
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def unpack(line: bytes) -> dict[str, Any]:
    """The message of a line."""
    message: dict[str, Any] = json.loads(line)
    return message


def pack_event(number: int, event: Event) -> bytes:
    """An event of request `number`."""
    return pack(id=number, event=type(event).__name__, data=asdict(event))


def pack_pieces(number: int, pieces: Sequence[Piece]) -> bytes:
    """Text of request `number` in one message: one for each piece takes eight times the CPU."""
    return pack(id=number, event=PIECES, data=[(each.candidate, each.text) for each in pieces])


def read_events(message: dict[str, Any]) -> Sequence[Event]:
    """The events in a message."""
    if message["event"] == PIECES:
        return [Piece(candidate, text) for candidate, text in message["data"]]
    return [_EVENTS[message["event"]].validate_python(message["data"])]


def read_request(data: dict[str, Any]) -> Request:
    """The request in a message."""
    return _REQUEST.validate_python(data)


def pack_error(number: int | None, error: TransloopError) -> bytes:
    """An error that crosses the process border with its class, message and advice."""
    return pack(id=number, error=type(error).__name__, message=error.args[0], advice=error.advice)


def read_error(message: dict[str, Any]) -> TransloopError:
    """The error in a message."""
    kind: type[TransloopError] = getattr(errors, message["error"])
    return kind(message["message"], message["advice"])
