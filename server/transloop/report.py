"""`transloop report`: what a training run did, why, and what came of it, as one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from transloop_trainer.control.runlog import RunLog

PAGE = "report.html"


def report(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Its number; otherwise the last one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; otherwise beside the run's log.")
    ] = None,
    only_list: Annotated[
        bool, typer.Option("--list", help="List the runs, and write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Write a page about a training run: gains, failures, data, decisions with reasons, cost."""
    rows = [_row(name) for name in _names()]
    if only_list:
        _list(rows, as_json)
        return
    _require_some(rows)
    from transloop_trainer.control.runlog import RunLog
    from transloop_trainer.report.page import write

    log = RunLog.open(run or rows[-1]["run"])
    path = (out or log.folder / PAGE).absolute()
    write(log, path)
    if as_json:
        typer.echo(json.dumps({**_facts(log), "path": str(path)}, indent=2))
        return
    if run is None and len(rows) > 1:
        console = _console(stderr=True)
        console.print(f"There are {len(rows)} runs; this is the last one, {log.name}.")
        console.print(_table(rows))
    typer.echo(path)


def _names() -> list[str]:
    from transloop_trainer.control import runlog

    return runlog.names()


def _require_some(rows: list[dict[str, Any]]) -> None:
    from transloop_settings.errors import UsageError

    if not rows:
        raise UsageError(
            "There are no training runs yet.",
            "Accept or correct some translations, then start one: transloop train --once",
        )


def _row(name: str) -> dict[str, Any]:
    from transloop_settings.errors import RunDamaged
    from transloop_trainer.control.runlog import RunLog

    try:
        return _facts(RunLog.open(name))
    except RunDamaged as error:
        return {"run": name, "state": "damaged", "damaged": str(error)}


def _facts(log: RunLog) -> dict[str, Any]:
    from transloop_trainer.report import story

    word, sentence = story.state(log)
    return {
        "run": log.name,
        "state": word,
        "began": log.facts.began,
        "policy": log.facts.policy,
        "model": log.facts.model,
        "directions": list(log.facts.directions),
        "decisions": len(log.decisions),
        "seconds": round(sum(each.outcome.seconds for each in log.steps), 1),
        "headline": story.headline(log) or sentence,
    }


# For people --------------------------------------------------------------------------------------


def _list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif rows:
        _console().print(_table(rows))
    else:
        _console(stderr=True).print("There are no training runs yet.")


def _table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    from transloop_trainer.report import words

    table = Table(box=None, pad_edge=False)
    for title in ("run", "state", "began", "policy", "directions", "what came of it"):
        table.add_column(title, overflow="fold", no_wrap=title in ("run", "began"))
    for row in rows:
        if "damaged" in row:
            table.add_row(row["run"], row["state"], "-", "-", "-", row["damaged"])
            continue
        directions = ", ".join(words.direction(each) for each in row["directions"])
        began = words.when(row["began"])
        told = (row["run"], row["state"], began, row["policy"], directions, row["headline"])
        table.add_row(*told)
    return table


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False)
