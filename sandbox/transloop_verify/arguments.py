"""One argument of one call, as the harness of its language writes it."""

from __future__ import annotations

from dataclasses import dataclass

from transloop_verify.literals import form_of, literal
from transloop_verify.tables import table
from transloop_verify.type import Type
from transloop_verify.value import Value


@dataclass(frozen=True)
class Argument:
    """The texts that make, pass and show an argument."""

    literal: str
    declared: str
    """The statement that makes a variable of it; empty where the language needs none."""
    passed: str
    """In the call."""
    after: str
    """What shows it once the call is over."""
    shared: str
    """The parameter that takes it, where all cases share one function that calls ..."""
    handed: str
    """... and how it is handed over to that function."""


def argument(value: Value, wanted: Type, language: str, name: str) -> Argument:
    """The value as the argument `name`. Raises Unexpressed."""
    made = literal(value, wanted, language)
    form = form_of(wanted, language)
    rules = table(language, "literals").get("argument", {})
    count = len(value) if isinstance(value, (str, bytes, list, tuple)) else 0
    keys = {
        "name": name,
        "type": wanted.spelled,
        "literal": made,
        "n": count,
        "capacity": max(1, count),
        "a": wanted.items[0].spelled if wanted.items else "",
    }
    moved = not wanted.mutable and not wanted.place.startswith("&") and "moved" in rules
    after = rules.get("moved", "") if moved else form.get("after", rules.get("after", ""))
    place = wanted.place.replace("{}", name)
    return Argument(
        literal=made,
        declared=str(form.get("declared", rules.get("declared", ""))).format(**keys),
        passed=str(form.get("passed", "{place}")).format(place=place, **keys),
        after=str(after).format(**keys),
        shared=str(form.get("shared", rules.get("shared", ""))).format(**keys),
        handed=str(form.get("handed", rules.get("handed", ""))).format(**keys),
    )
