"""Language-neutral types: what a parameter or a result may be, as far as anybody declared it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "any",  # nobody said
    "null",  # void, None, ()
    "bool",
    "int",
    "float",
    "char",  # one character, a string of length 1 as a value
    "string",
    "bytes",
    "list",  # of items[0]; arrays, slices and vectors, too
    "tuple",  # of items
    "set",  # of items[0]
    "map",  # from items[0] to items[1]
    "optional",  # items[0], or null
    "union",  # one of items
    "record",  # name and fields
    "unsupported",  # spelled, and no value can be made of it: a callback, a stream, a pointer
]


@dataclass(frozen=True)
class Type:
    """A type. `spelled` is how its language writes it, which a literal of it needs."""

    kind: Kind
    items: tuple[Type, ...] = ()
    bits: int | None = None
    """Of an int or float; None: unbounded, or nobody knows."""
    signed: bool = True
    name: str = ""
    fields: tuple[tuple[str, Type], ...] = ()
    spelled: str = ""
    mutable: bool = True
    """False: the callee cannot change it for its caller (by value, or const)."""
    form: str = ""
    """Which of the language's literal forms makes one, if not that of its kind."""
    place: str = "{}"
    """How an argument of it is passed: `&mut {}`."""


ANY = Type("any")
