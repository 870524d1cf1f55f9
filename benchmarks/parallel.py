"""Parallel functions: units with references in several languages, read from a folder of JSON."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transloop_verify.case import Side
from transloop_verify.matching import named

Row = Mapping[str, Any]


def rows(bench: Path) -> list[Row]:
    """All units of `dev/*.jsonl`, the files mixed, so that a limit takes of all."""
    found = [
        json.loads(line)
        for path in sorted((bench / "dev").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    return sorted(found, key=lambda row: hash_of(row["id"]))


def hash_of(text: str) -> int:
    """The same on every machine and in every run."""
    return zlib.crc32(text.encode())


def has(row: Row, *languages: str) -> bool:
    """Does the unit have a reference in each of these?"""
    return all((row["languages"].get(each) or {}).get("code") for each in languages)


def side_of(row: Row, language: str) -> Side:
    """A reference as a side. Raises NoCounterpart."""
    given = row["languages"][language]
    entry = named(given["entry_point"], given["code"], language)
    return Side(given["code"], language, entry, given["prelude"] or "")


def share(part: int, whole: int) -> float | None:
    """A part of a whole, to three digits."""
    return round(part / whole, 3) if whole else None
