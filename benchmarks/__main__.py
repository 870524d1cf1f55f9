"""`python -m benchmarks`: measure, print, and write `benchmarks/results/<part>.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import machine

RESULTS = Path(__file__).parent / "results"


class Part(StrEnum):
    """What can be measured; each has a result file of its own."""

    SPEED = "speed"
    SANDBOX = "sandbox"
    VERIFY = "verify"
    DELIVERED = "delivered"
    OUTCOMES = "outcomes"
    SWAP = "swap"
    FINETUNE = "finetune"
    SYNTHESIS = "synthesis"
    PAUSING = "pausing"


NEED_BENCH = (Part.VERIFY, Part.DELIVERED, Part.FINETUNE, Part.SYNTHESIS)


def main(
    parts: Annotated[
        list[Part] | None, typer.Argument(help="Default: all of them.", show_default=False)
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds of each measurement.")] = 5,
    model: Annotated[str, typer.Option(help="Catalog id or path.")] = "qwen2.5-coder-0.5b-instruct",
    bench: Annotated[
        Path | None,
        typer.Option(help="Parallel functions; the parts that need them are left out without."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(help="Units of `verify` and `delivered`, examples of `finetune`, sources."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what `delivered` has measured already.")
    ] = False,
) -> None:
    """Measure `speed` (engine and server), the `sandbox`, how well it can `verify`, what is
    `delivered`, what following its `outcomes` costs, what a `swap` blocks, how fast it can
    `finetune`, how many pairs `synthesis` makes in an hour, and how fast training makes way
    (`pausing`).

    Leave the machine alone meanwhile: llama.cpp shares the cores badly.
    """
    console = Console()
    RESULTS.mkdir(exist_ok=True)
    for part in parts or list(Part):
        if part in NEED_BENCH and bench is None:
            console.print(f"{part}: left out, it needs --bench with a folder of parallel functions")
            continue
        path = RESULTS / f"{part}.json"
        result: dict[str, Any] = {}
        for title, values in _measured(part, model, rounds, bench, limit, resume):
            console.print(_table(title, values))
            result[title] = values
            path.write_text(json.dumps(result, indent=2) + "\n")
        console.print(f"Written to {path}")


def _measured(
    part: Part, model: str, rounds: int, bench: Path | None, limit: int | None, resume: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement of a part as it ends, and first what it is made on."""
    if part is Part.VERIFY and bench is not None:
        from benchmarks import verify

        return chain([("machine", machine.here())], verify.measure(bench, limit))
    if part is Part.SANDBOX:
        from benchmarks import sandbox

        return chain([("machine", machine.here())], sandbox.measure(rounds))
    if part is Part.OUTCOMES:
        from benchmarks import outcomes

        return chain([("machine", machine.here())], outcomes.measure(rounds))
    from benchmarks import delivered, engine, server
    from transloop_model import catalog

    found = catalog.resolve(model)
    about = [("machine", machine.describe(found))]
    if part is Part.PAUSING:
        from benchmarks import pausing

        return chain(about, pausing.measure(found, rounds))
    if part is Part.SWAP:
        from benchmarks import swap

        return chain(about, swap.measure(found))
    if part is Part.DELIVERED and bench is not None:
        return chain(about, delivered.measure(bench, found, limit, resume=resume))
    if part is Part.FINETUNE and bench is not None:
        from benchmarks import finetune

        return chain(about, finetune.measure(found, bench, rounds, limit))
    if part is Part.SYNTHESIS and bench is not None:
        from benchmarks import synthesis

        return chain(about, synthesis.measure(found, bench, limit))
    return chain(about, server.measure(found, rounds), engine.measure(found, rounds))


def _table(title: str, values: dict[str, Any]) -> Table:
    table = Table(title=title.replace("_", " "), show_header=False, title_justify="left")
    for key, value in values.items():
        table.add_row(key.replace("_", " "), str(value))
    return table


if __name__ == "__main__":
    typer.run(main)
