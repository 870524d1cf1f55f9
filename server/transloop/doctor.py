"""`transloop doctor`: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from transloop.checks import Check


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check this installation; the exit code is 1 if something that is needed does not work."""
    from transloop.checks import checks

    found = list(_shown(checks()))
    failed = any(check.state == "fail" for check in found)
    if as_json:
        rows = [asdict(check) for check in found]
        told = {"ok": not failed, "checks": rows}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _print_table(found)
    raise typer.Exit(1 if failed else 0)


def _shown(steps: Iterator[Callable[[], Check]]) -> Iterator[Check]:
    """The results, with a spinner on stderr where a person sees it."""
    from rich.console import Console

    console = Console(stderr=True, force_terminal=sys.stderr.isatty())
    with console.status("looking at this machine") as status:
        for step in steps:
            result = step()
            status.update(f"{result.name}: {result.state}, going on")
            yield result


def _print_table(found: list[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    table = Table(box=None, pad_edge=False)
    for title in ("check", "", "found, and what to do"):
        table.add_column(title, overflow="fold")
    for check in found:
        advice = f"\n[bold]{escape(check.advice)}[/bold]" if check.advice else ""
        state = f"[{colours[check.state]}]{check.state}[/]"
        table.add_row(check.name, state, escape(check.detail) + advice)
    console = Console(highlight=False)
    console.print(table)
