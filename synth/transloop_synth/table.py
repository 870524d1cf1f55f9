"""Pairs as parquet, through `datasets`: the same columns in every file, however few its rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from transloop_settings.errors import PairsUnusable
from transloop_synth import lines
from transloop_synth.pair import Pair

_LISTS = ("needs", "names", "parents", "seeds", "constructs")
_NUMBERS = {"cases": "int64", "order": "int64", "mutants": "float64", "right": "float64"}


def write(path: Path, pairs: Sequence[Pair]) -> None:
    """Replace a file by one with these rows. Raises PairsUnusable."""
    from datasets import Dataset, Features, List, Value, disable_progress_bars

    disable_progress_bars()
    columns = {
        each.name: List(Value("string"))
        if each.name in _LISTS
        else Value(_NUMBERS.get(each.name, "string"))
        for each in fields(Pair)
    }
    rows = Dataset.from_list([_plain(pair) for pair in pairs], features=Features(columns))
    new = path.with_name(f"{path.name}.new")
    with lines.writing(path):
        rows.to_parquet(new)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(path)


def read(path: Path) -> list[Pair]:
    """The rows of a file. Raises PairsUnusable where it is damaged or holds something else."""
    from pyarrow import ArrowException, parquet

    try:
        rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        return [Pair(**_given(row)) for row in rows]
    except (OSError, ArrowException, TypeError, ValueError) as error:
        raise PairsUnusable(
            f"{path} holds no pairs: {error}.", "Remove it; its pairs can be made again."
        ) from error


def _plain(pair: Pair) -> dict[str, Any]:
    return {name: list(v) if name in _LISTS else v for name, v in asdict(pair).items()}


def _given(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(v or ()) if name in _LISTS else v for name, v in row.items()}
