"""Pointers with their lengths: `int sum(const int *values, int count)` takes one list."""

from __future__ import annotations

import re
from dataclasses import replace

from transloop_verify.case import Entry, Parameter
from transloop_verify.tables import table


def without_lengths(entry: Entry, language: str) -> Entry | None:
    """The entry with each pointer and the length behind it as one list; None if it has none.

    What a length is called stands in `types.toml`: an int right behind the pointer.
    """
    pattern = table(language, "types").get("length")
    if pattern is None:
        return None
    found: list[Parameter] = []
    for each in entry.parameters:
        if found and _is_length(found[-1], each, pattern):
            found[-1] = replace(found[-1], type=replace(found[-1].type, place="{}, {}_length"))
        else:
            found.append(each)
    return replace(entry, parameters=tuple(found)) if len(found) < len(entry.parameters) else None


def _is_length(before: Parameter, each: Parameter, pattern: str) -> bool:
    pointer = before.type.form == "array" and before.type.place == "{}"
    return pointer and each.type.kind == "int" and bool(re.fullmatch(pattern, each.name))


def with_result_length(entry: Entry, language: str) -> Entry:
    """The entry without a last parameter that only takes the length of its result."""
    pattern = table(language, "types").get("result_length")
    last = entry.parameters[-1] if entry.parameters else None
    if pattern is None or last is None or entry.result.form != "array":
        return entry
    if last.type.form != "array" or not re.fullmatch(pattern, last.name):
        return entry
    result = replace(entry.result, form="sized")
    return replace(entry, parameters=entry.parameters[:-1], result=result)
