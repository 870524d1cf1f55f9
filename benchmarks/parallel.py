"""Parallel functions: units with references in several languages, read from a folder of JSON."""

from __future__ import annotations

from pathlib import Path

from transloop_trainer.evaluate.rows import Row, read
from transloop_verify.case import Side
from transloop_verify.matching import named


def rows(bench: Path) -> list[Row]:
    """All units of `dev/*.jsonl`, the files mixed, so that a limit takes of all."""
    return read(bench / "dev")


def has(row: Row, *languages: str) -> bool:
    """Does the unit have a reference in each of these?"""
    return all((row["languages"].get(each) or {}).get("code") for each in languages)


def side_of(row: Row, language: str) -> Side:
    """A reference as a side. Raises NoCounterpart."""
    given = row["languages"][language]
    entry = named(given["entry_point"], given["code"], language)
    return Side(given["code"], language, entry, given["prelude"] or "")
