"""Language-neutral values: what goes into a function and what comes out of it.

Python's own `None, bool, int, float, str, bytes, list, tuple` stand for themselves; the classes
here stand for what Python could not hold or would not keep in order. `encode` and `decode` are the
form that every harness writes and reads:

    null, true, 12345678901234567890, 1.5, "text"   as in JSON; an integer has no point, a float has
    {"f": "nan" | "inf" | "-inf"}                   floats that JSON lacks
    {"b": "00ff"}                                   bytes
    [..]   {"t": [..]}   {"s": [..]}                list or array, tuple, set
    {"m": [[key, value], ..]}                       map, in its order
    {"r": ["Name", [["field", value], ..]]}         record: an object or struct with named fields
    {"?": "reason"}                                 what cannot be expressed, such as a cycle
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = (
    "bool | int | float | str | bytes | list[Value] | tuple[Value, ...]"
    " | SetValue | MapValue | RecordValue | Opaque | None"
)


@dataclass(frozen=True)
class SetValue:
    """A set; the order of its items says nothing."""

    items: tuple[Value, ...]


@dataclass(frozen=True)
class MapValue:
    """A map; a comparison does not look at its order."""

    pairs: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True)
class RecordValue:
    """An object or struct, by its fields."""

    name: str
    fields: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Opaque:
    """What cannot be expressed, and why. Never equal to anything: it makes a case unchecked."""

    reason: str


def encode(value: Value) -> str:
    """The value on one line, in the form above."""
    return json.dumps(_plain(value), separators=(",", ":"))


def decode(text: str) -> Value:
    """The value of one line. Raises ValueError for what no harness of ours writes."""
    return from_plain(json.loads(text))


def _plain(value: Value) -> Any:
    match value:
        case float():
            if math.isnan(value) or math.isinf(value):
                return {"f": str(value)}
            return value
        case None | bool() | int() | str():
            return value
        case bytes():
            return {"b": value.hex()}
        case list():
            return [_plain(each) for each in value]
        case tuple():
            return {"t": [_plain(each) for each in value]}
        case SetValue():
            return {"s": [_plain(each) for each in value.items]}
        case MapValue():
            return {"m": [[_plain(key), _plain(each)] for key, each in value.pairs]}
        case RecordValue():
            return {"r": [value.name, [[name, _plain(each)] for name, each in value.fields]]}
        case Opaque():
            return {"?": value.reason}


def from_json(data: Any) -> Value:
    """The value of foreign JSON, in which an object is a map; `from_plain` reads our own.

    Raises:
        ValueError: it is nothing that JSON can hold.
    """
    match data:
        case None | bool() | int() | float() | str():
            return data
        case list():
            return [from_json(each) for each in data]
        case dict():
            return MapValue(tuple((str(key), from_json(each)) for key, each in data.items()))
    raise ValueError(f"not JSON: {data!r}")


def from_plain(plain: Any) -> Value:
    """The value of what JSON was read as. Raises ValueError as `decode` does."""
    match plain:
        case None | bool() | int() | float() | str():
            return plain
        case list():
            return [from_plain(each) for each in plain]
        case {"f": str(text)} if text in ("nan", "inf", "-inf"):
            return float(text)
        case {"b": str(text)}:
            return bytes.fromhex(text)
        case {"t": list(items)}:
            return tuple(from_plain(each) for each in items)
        case {"s": list(items)}:
            return SetValue(tuple(from_plain(each) for each in items))
        case {"m": list(pairs)}:
            return MapValue(tuple((from_plain(key), from_plain(each)) for key, each in pairs))
        case {"r": [str(name), list(pairs)]}:
            return RecordValue(name, tuple((str(field), from_plain(each)) for field, each in pairs))
        case {"?": str(reason)}:
            return Opaque(reason)
    raise ValueError(f"not a value: {plain!r}")
