"""The counterpart of a source's entry point in a candidate: what it is called there, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transloop_verify.case import Entry, Parameter
from transloop_verify.entry import entries
from transloop_verify.literals import bare
from transloop_verify.sized import without_lengths
from transloop_verify.tables import table


class NoCounterpart(ValueError):
    """The candidate has nothing that could be called in the source's place; says why."""


def matching(source: Entry, code: str, language: str) -> Entry:
    """The entry point of a candidate that answers to `source`.

    By name first (snake, camel and Pascal case are one name; a class may stand around it), then the
    only function, then the only one with as many parameters. Raises NoCounterpart.
    """
    found = entries(code, language)
    if not found:
        raise NoCounterpart("it has no function that could be called")
    count = len(source.parameters)
    named = [each for each in found if bare(each.name) == bare(source.name)]
    exact = [each for each in named if each.name == source.name] or named
    for choice in (exact, named, found):
        fitting = [fit for each in choice if (fit := _fit(each, count, language)) is not None]
        if len(fitting) == 1 or (fitting and choice is not found):
            return fitting[-1]
    if named and taking(named[0], count, language) != named[0]:
        return taking(named[0], count, language)
    raise NoCounterpart(_reason(source, named, found))


def taking(entry: Entry, count: int, language: str) -> Entry:
    """The entry with so many parameters, where its language lets callers leave out the others."""
    if not table(language, "entry").get("lenient") or len(entry.parameters) <= count:
        return entry
    return replace(entry, parameters=entry.parameters[:count])


def named(name: str, code: str, language: str) -> Entry:
    """The entry point of this name; `Owner.name` names a method. Raises NoCounterpart."""
    owner, _, short = name.rpartition(".")
    found = [
        each
        for each in entries(code, language)
        if each.name == short and (not owner or each.owner == owner)
    ]
    if found:
        return found[0]
    listed = ", ".join(f"`{_label(each)}`" for each in entries(code, language))
    raise NoCounterpart(f"there is no `{name}`; there are {listed or 'no functions'}")


def _fit(entry: Entry, count: int, language: str) -> Entry | None:
    """The entry if it takes so many arguments; in C a list may bring its length along."""
    if _takes(entry.parameters, count):
        return entry
    sized = without_lengths(entry, language)
    return sized if sized is not None and _takes(sized.parameters, count) else None


def _takes(parameters: Sequence[Parameter], count: int) -> bool:
    required = sum(not each.default for each in parameters)
    return required <= count <= len(parameters)


def _reason(source: Entry, named: Sequence[Entry], found: Sequence[Entry]) -> str:
    count = len(source.parameters)
    if named:
        other = len(named[0].parameters)
        return f"`{named[0].name}` takes {other} arguments, the source {count}"
    listed = ", ".join(f"`{_label(each)}`" for each in found[:5])
    return f"none of its functions answers to `{source.name}` with {count} arguments: {listed}"


def _label(entry: Entry) -> str:
    return f"{entry.owner}.{entry.name}" if entry.owner else entry.name
