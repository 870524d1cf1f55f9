"""What the engine and its process say to each other: one JSON object a line, both ways."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from transloop_model import engine
from transloop_model.engine import Event, Request
from transloop_settings import errors
from transloop_settings.errors import TransloopError

LINE_LIMIT = 1 << 26
"""Bytes of the longest message: a long answer with log-probabilities is one line."""

_EVENTS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (engine.Started, engine.Evaluated, engine.Piece, engine.Finished, engine.Done)
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


def read_event(message: dict[str, Any]) -> Event:
    """The event in a message."""
    event: Event = _EVENTS[message["event"]].validate_python(message["data"])
    return event


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
