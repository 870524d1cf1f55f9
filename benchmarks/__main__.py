"""`python -m benchmarks`: measure, print, and write `benchmarks/results/<name>.json`."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import engine, machine, server
from transloop_model import catalog

RESULTS = Path(__file__).parent / "results"


def main(
    rounds: Annotated[int, typer.Option(help="Rounds of each measurement.")] = 5,
    model: Annotated[str, typer.Option(help="Catalog id or path.")] = "qwen2.5-coder-0.5b-instruct",
    name: Annotated[str, typer.Option(help="Name of the result file.")] = "speed",
) -> None:
    """Measure speed and memory of the engine and of the whole server.

    Leave the machine alone meanwhile: llama.cpp shares the cores badly.
    """
    found = catalog.resolve(model)
    console = Console()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    result: dict[str, Any] = {}
    for title, values in chain(
        [("machine", machine.describe(found))],
        server.measure(found, rounds),
        engine.measure(found, rounds),
    ):
        console.print(_table(title, values))
        result[title] = values
        path.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"Written to {path}")


def _table(title: str, values: dict[str, Any]) -> Table:
    table = Table(title=title.replace("_", " "), show_header=False, title_justify="left")
    for key, value in values.items():
        table.add_row(key.replace("_", " "), str(value))
    return table


if __name__ == "__main__":
    typer.run(main)
