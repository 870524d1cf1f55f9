"""When two calls did the same. The rules, all of them:

* An int and a float that are equal are the same where one of the languages has only numbers, where
  one side declares a float, and where the target must declare what the source need not: `6 / 2` is
  3.0 in Python, and an int for whoever says `int` in Java. The other way round it is a mistake.
* Floats may differ by 1e-9 of their size or by 1e-12; by 1e-5 or 1e-6 where one side computes with
  32 bits. NaN is NaN; -0.0 is 0.0.
* Lists, tuples and arrays are sequences: the same items in the same order.
* Sets and maps have no order. A record and a map are the same if their fields and keys are, as
  text; fields of two records without regard to naming convention (`first_name` is `firstName`).
  A field that is missing is null. Names of records are not compared.
* A character is a text of length 1; where characters are numbers, it is its code. Bytes are a list
  of numbers, or text in UTF-8 where text is made of bytes.
* True is 1 and False is 0 where a language has no truth values of its own (C).
* Two calls that raised did the same, whatever the type and message: the languages share neither.
* Printed text is the same if its lines are, without blanks at their ends or empty lines at the end.
* Arguments after the call are compared where both sides could have changed them for the caller;
  there, too, an int may be a float and a text a list of characters, as each side was given its own.
* What cannot be expressed (`Opaque`) is the same as nothing, not even itself: see `opaque`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from transloop_verify.case import Observation, Side
from transloop_verify.literals import bare
from transloop_verify.shown import shown
from transloop_verify.tables import table
from transloop_verify.type import Type
from transloop_verify.value import MapValue, Opaque, RecordValue, SetValue, Value, encode

_SHOWN = 120
"""Characters of a value in a reason."""


@dataclass(frozen=True)
class Rules:
    """What is the same, for two sides."""

    any_number: bool = False
    """An int may be a float."""
    single: bool = False
    """Someone computes with floats of 32 bits."""
    codes: bool = False
    """Someone's characters are numbers and its text bytes."""
    truths: bool = False
    """Someone has 0 and 1 for truth."""
    letters: bool = False
    """A list of characters may be a text."""
    shared: tuple[bool, ...] = ()
    """For each argument: could both sides have changed it for the caller?"""
    names: tuple[str, ...] = ()
    """Of the arguments, in the source."""


def rules_for(source: Side, target: Side) -> Rules:
    """The rules that hold between two sides."""
    tables = [table(side.language, "literals") for side in (source, target)]
    entries = (source.entry, target.entry)
    types = [entry.result for entry in entries]
    types += [parameter.type for entry in entries for parameter in entry.parameters]
    pairs = list(zip(source.entry.parameters, target.entry.parameters, strict=False))
    return Rules(
        any_number=any(each.get("numbers_only") for each in tables)
        or any(_has_float(entry.result) for entry in entries)
        or (tables[1]["checked"] and not tables[0]["checked"]),
        single=any(_has_single(each) for each in types),
        codes=any(each.get("codes") for each in tables),
        truths=any(each.get("truths") for each in tables),
        shared=tuple(mine.type.mutable and yours.type.mutable for mine, yours in pairs),
        names=tuple(mine.name for mine, _ in pairs),
    )


def differs(source: Observation, target: Observation, rules: Rules = Rules()) -> str | None:
    """What the target did otherwise, in words for a user; None if it did the same."""
    if source.kind != target.kind:
        return f"{_told('the source', source)}, {_told('the target', target)}"
    if source.kind == "returned" and not same(source.value, target.value, rules):
        return f"the source returned {shown(source.value)}, the target {shown(target.value)}"
    if source.kind in ("returned", "raised") and _lines(source.printed) != _lines(target.printed):
        return f"the source printed {_quoted(source)}, the target {_quoted(target)}"
    if source.kind != "returned":
        return None
    for shared, name, mine, yours in zip(
        rules.shared, rules.names, source.after, target.after, strict=False
    ):
        if shared and not same(mine, yours, replace(rules, any_number=True, letters=True)):
            return f"the source left `{name}` as {shown(mine)}, the target as {shown(yours)}"
    return None


def opaque(observation: Observation, rules: Rules = Rules()) -> str | None:
    """Why a call cannot be compared at all; None if it can."""
    watched = [observation.value]
    watched += [
        each for each, shared in zip(observation.after, rules.shared, strict=False) if shared
    ]
    return next((reason for each in watched if (reason := _opaque(each))), None)


def same(one: Value, other: Value, rules: Rules = Rules()) -> bool:
    """Are two values the same, by the rules above?"""
    if isinstance(one, Opaque) or isinstance(other, Opaque):
        return False
    if one is None or other is None:
        return one is other
    if isinstance(one, bool) or isinstance(other, bool):
        truth = isinstance(one, bool) and isinstance(other, bool)
        numbers = rules.truths and isinstance(one, int) and isinstance(other, int)
        return one == other if truth or numbers else False
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return _same_number(one, other, rules)
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    if isinstance(one, (MapValue, RecordValue)) and isinstance(other, (MapValue, RecordValue)):
        return _same_map(one, other, rules)
    if isinstance(one, SetValue) and isinstance(other, SetValue):
        return _same_items(one.items, other.items, rules)
    return _same_sequence(one, other, rules)


def _same_number(one: float, other: float, rules: Rules) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    if isinstance(one, int) != isinstance(other, int) and not rules.any_number:
        return False
    try:
        one, other = float(one), float(other)
    except OverflowError:
        return False
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    relative, absolute = (1e-5, 1e-6) if rules.single else (1e-9, 1e-12)
    return math.isclose(one, other, rel_tol=relative, abs_tol=absolute)


def _same_sequence(one: Value, other: Value, rules: Rules) -> bool:
    mine, yours = _items(one, other, rules), _items(other, one, rules)
    if mine is None or yours is None or len(mine) != len(yours):
        return rules.codes and _same_code(one, other)
    return all(same(a, b, rules) for a, b in zip(mine, yours, strict=True))


def _items(value: Value, beside: Value, rules: Rules) -> list[Value] | None:
    """The value as a sequence, if it is one beside the other."""
    match value:
        case list() | tuple():
            return list(value)
        case bytes():
            if isinstance(beside, str):
                return [value.decode("utf-8", "replace")] if rules.codes else None
            return list(value)
        case str() if rules.codes and isinstance(beside, bytes):
            return [value]
        case str() if rules.codes and isinstance(beside, list):
            return [ord(each) for each in value]
        case str() if rules.letters and isinstance(beside, list):
            return [*value]
    return None


def _same_code(one: Value, other: Value) -> bool:
    """A character and its code."""
    for text, code in ((one, other), (other, one)):
        if isinstance(text, str) and len(text) == 1 and isinstance(code, int):
            return ord(text) == code
    return False


def _same_items(mine: tuple[Value, ...], yours: tuple[Value, ...], rules: Rules) -> bool:
    """Each item of one has its own match in the other."""
    if len(mine) != len(yours):
        return False
    left = list(yours)
    for each in mine:
        found = next((at for at, other in enumerate(left) if same(each, other, rules)), None)
        if found is None:
            return False
        left.pop(found)
    return True


def _same_map(one: MapValue | RecordValue, other: MapValue | RecordValue, rules: Rules) -> bool:
    if isinstance(one, MapValue) and isinstance(other, MapValue):
        pairs = tuple(tuple(each) for each in one.pairs)
        return _same_items(pairs, tuple(tuple(each) for each in other.pairs), rules)
    mine, yours = _by_text(one), _by_text(other)
    loose = isinstance(one, RecordValue) and isinstance(other, RecordValue)
    if loose:
        mine = {bare(key): each for key, each in mine.items()}
        yours = {bare(key): each for key, each in yours.items()}
    keys = {*mine, *yours}
    return all(same(mine.get(key), yours.get(key), rules) for key in keys)


def _by_text(value: MapValue | RecordValue) -> dict[str, Value]:
    """Fields or pairs by their key as text, as languages with text keys only have them."""
    if isinstance(value, RecordValue):
        return dict(value.fields)
    return {key if isinstance(key, str) else encode(key): each for key, each in value.pairs}


def _opaque(value: Value) -> str | None:
    inside: list[Value] = []
    match value:
        case Opaque():
            return value.reason
        case list() | tuple():
            inside = list(value)
        case SetValue():
            inside = list(value.items)
        case MapValue():
            inside = [each for pair in value.pairs for each in pair]
        case RecordValue():
            inside = [each for _, each in value.fields]
    return next((reason for each in inside if (reason := _opaque(each))), None)


def _has_float(wanted: Type) -> bool:
    return wanted.kind == "float" or any(map(_has_float, wanted.items))


def _has_single(wanted: Type) -> bool:
    single = wanted.kind == "float" and wanted.bits == 32
    return single or any(map(_has_single, wanted.items))


def _lines(printed: str) -> list[str]:
    return [line.rstrip() for line in printed.rstrip().splitlines()]


def _told(who: str, observation: Observation) -> str:
    match observation.kind:
        case "returned":
            return f"{who} returned {shown(observation.value)}"
        case "raised":
            return f"{who} raised {observation.error}: {observation.message}".rstrip(": ")
        case "timeout":
            return f"{who} did not come to an end"
        case "memory":
            return f"{who} ran out of memory"
    return f"{who} {observation.kind}: {observation.error}"


def _quoted(observation: Observation) -> str:
    return f"{observation.printed!r:.{_SHOWN}}"
