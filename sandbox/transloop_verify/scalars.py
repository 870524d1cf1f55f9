"""Numbers and text as a language writes them: special floats, ranges, escapes."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from transloop_verify.type import Type
from transloop_verify.value import Value


class Unexpressed(ValueError):
    """The value has no literal of this type in this language; says why."""


def in_range(value: Value, wanted: Type) -> bool:
    """Does an int fit into the type's bits?"""
    if wanted.bits is None or not isinstance(value, int):
        return True
    low = -(1 << wanted.bits - 1) if wanted.signed else 0
    return low <= value < low + (1 << wanted.bits)


def float_text(value: float, form: Mapping[str, Any], wanted: Type) -> str:
    """A float by its form, which may have one of its own for 32 bits. Raises Unexpressed."""
    if wanted.bits == 32 and math.isfinite(value):
        value = _as_single(value)
    special = {"nan": "nan", "inf": "inf", "-inf": "least", "-0.0": "zero"}.get(str(value))
    sized = form.get(str(wanted.bits), form)
    if special and special in sized:
        return str(sized[special]).format(type=wanted.spelled)
    return str(sized.get("text", "{value}")).format(value=repr(value), type=wanted.spelled)


def largest_char(wanted: Type) -> int:
    """The last code point that a character of this type holds; of 8 bits, all of ASCII."""
    return {8: 0x7F, 16: 0xFFFF}.get(wanted.bits or 0, 0x10FFFF)


def is_surrogate(character: str) -> bool:
    """Is it half of a pair, which is no text in most languages?"""
    return "\ud800" <= character <= "\udfff"


def quoted(value: str, rules: Mapping[str, Any]) -> tuple[str, int]:
    """The text in quotes, by the table `escapes`, and its length in the language's own units.

    Raises Unexpressed for a lone surrogate where text cannot hold one.
    """
    if not rules["surrogates"] and any(map(is_surrogate, value)):
        raise Unexpressed("a lone surrogate is no text here")
    named: Mapping[str, str] = rules["named"]
    pieces, length = [], 0
    for each in value:
        units = _units(each, rules["units"])
        length += len(units)
        if each in named:
            pieces.append(named[each])
        elif " " <= each <= "~":
            pieces.append(each)
        else:
            pieces += [_escape(rules, unit) for unit in units]
    quote = rules["quote"]
    return f"{quote}{''.join(pieces)}{quote}", length


def _as_single(value: float) -> float:
    """The value if a float of 32 bits is near it. Raises Unexpressed where it is too large."""
    try:
        (single,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        raise Unexpressed(f"{value} does not fit into 32 bits") from None
    return value if single else math.copysign(0.0, value)


def _units(character: str, kind: str) -> Sequence[int]:
    """A character as what the language's strings are made of."""
    if kind == "points":
        return [ord(character)]
    if kind == "utf8":
        return list(character.encode("utf-8", "surrogatepass"))
    data = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _escape(rules: Mapping[str, Any], unit: int) -> str:
    for limit, template in rules["by_size"]:
        if unit <= limit:
            return str(template).format(unit)
    raise Unexpressed(f"U+{unit:04X} has no escape here")
