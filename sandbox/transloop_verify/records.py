"""The record types that a program declares: structs, data classes and interfaces, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from transloop_syntax.source import Source
from transloop_verify.captures import matched
from transloop_verify.tables import table
from transloop_verify.type import Type
from transloop_verify.types import parse_type

_NESTED = 3
"""Levels of records in records; a list that links to itself has no end."""


def records_of(source: Source) -> Mapping[str, Type]:
    """Name -> record type, for those whose fields are declared and can be filled from outside.

    Each match of the queries in `entry.toml` names one field of one record.
    """
    language = source.language.id
    declared: dict[str, dict[str, str]] = {}
    for query in table(language, "entry").get("records", ()):
        for found in matched(source, query):
            fields = declared.setdefault(found["name"], {})
            fields.setdefault(found["field"], found["type"])
    for query in table(language, "entry").get("no_records", ()):
        for found in matched(source, query):
            declared.pop(found["name"], None)
    known: dict[str, Type] = {}
    for _ in range(_NESTED if declared else 0):
        known = {name: _record(name, fields, language, known) for name, fields in declared.items()}
    return known


def generics_of(source: Source) -> Mapping[str, Type]:
    """Type parameters, and the type that stands for each of them in our calls."""
    rules = table(source.language.id, "entry")
    if "generics" not in rules:
        return {}
    stands = parse_type(rules["generic"], source.language.id)
    return {found["name"]: stands for found in matched(source, rules["generics"])}


def aliases_of(source: Source, known: Mapping[str, Type]) -> Mapping[str, Type]:
    """Other names of types, in order: an alias may name one above it."""
    language = source.language.id
    found: dict[str, Type] = {}
    for query in table(language, "entry").get("aliases", ()):
        for each in matched(source, query):
            meant = parse_type(each["type"], language, {**known, **found})
            if meant.kind != "unsupported" and each["name"] not in known:
                found[each["name"]] = replace(meant, spelled=each["name"])
    return found


def records_in(wanted: Type) -> Iterator[Type]:
    """The records that a type is made of, inner ones first."""
    for each in (*wanted.items, *(inner for _, inner in wanted.fields)):
        yield from records_in(each)
    if wanted.kind == "record":
        yield wanted


def _record(name: str, fields: Mapping[str, str], language: str, known: Mapping[str, Type]) -> Type:
    typed = ((field, parse_type(spelled, language, known)) for field, spelled in fields.items())
    return Type("record", name=name, fields=tuple(typed), spelled=name)
