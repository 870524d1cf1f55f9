"""`transloop toolchains`: the compilers and interpreters here, and getting those that lack."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="List and install compilers and interpreters.")

Languages = Annotated[
    list[str] | None, typer.Argument(metavar="[LANG]...", help="Default: all languages.")
]


@app.command("list")
def list_toolchains(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What each language needs, and where it is."""
    from transloop_sandbox.recipe import recipes

    rows = [row for language in recipes() for row in _rows(language)]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        _print_table(rows)


@app.command()
def install(languages: Languages = None) -> None:
    """Get what pip or npm can give, and make what is made once for each compiler.

    The exit code is 1 if a language that was named cannot be run afterwards.
    """
    from transloop_sandbox.recipe import recipes
    from transloop_settings import settings
    from transloop_syntax.language import language

    wanted = [language(name).id for name in languages or recipes()]
    for each in wanted:
        _get(each)
    ready = [each for each in wanted if _lacks(each) is None]
    with _sandbox(settings.load().sandbox.min_level) as prepare:
        for each in ready:
            prepare(each)
    if not languages:
        _prune(ready)
    for each in wanted:
        _console().print(f"{each}: {_lacks(each) or 'ready'}")
    raise typer.Exit(1 if languages and len(ready) < len(wanted) else 0)


@app.command()
def remove(name: Annotated[str, typer.Argument(metavar="TOOL", help="Such as go.")]) -> None:
    """Delete a tool that transloop has installed; those of the machine stay."""
    from transloop_sandbox import install as installing

    there = installing.remove(name)
    _console().print(f"{name}: {'removed' if there else 'was not installed by transloop'}.")


def _get(language: str) -> None:
    """Install the tools of a language that are missing, where a package has them."""
    from transloop_sandbox import install as installing
    from transloop_sandbox.recipe import recipe
    from transloop_sandbox.toolchains import find

    for name, tool in recipe(language).tools.items():
        if tool.install is None or find(name, tool) is not None:
            continue
        package = tool.install.pip or tool.install.npm
        with _shown(f"{name}, from {package}") as progress:
            installing.install(name, tool, progress)


def _lacks(language: str) -> str | None:
    """What a language lacks, and how to get it; None: it is ready."""
    from transloop_sandbox.toolchains import toolchain
    from transloop_settings.errors import ToolchainMissing

    try:
        toolchain(language)
    except ToolchainMissing as error:
        return str(error)
    return None


def _prune(ready: list[str]) -> None:
    """Forget what was made for compilers that have been replaced."""
    from transloop_sandbox import warm
    from transloop_sandbox.recipe import recipe
    from transloop_sandbox.toolchains import toolchain

    chosen = [recipe(each) for each in ready]
    warm.prune(warm.place(each, name, toolchain(each.id)) for each in chosen for name in each.warm)


@contextlib.contextmanager
def _sandbox(minimum: Any) -> Iterator[Callable[[str], None]]:
    """Makes what a language's first program would have to wait for."""
    from transloop_sandbox.sandbox import Sandbox

    with Sandbox(minimum=minimum, cache=False, told=_console().print) as sandbox:
        yield sandbox.prepare


def _rows(language: str) -> Iterator[dict[str, Any]]:
    from transloop_sandbox.recipe import recipe
    from transloop_sandbox.toolchains import advice, find, tools_of

    for name, tool in tools_of(recipe(language)).items():
        found = find(name, tool)
        yield {
            "language": language,
            "tool": name,
            "optional": tool.optional,
            "version": found.version if found else None,
            "path": str(found.program) if found else None,
            "advice": None if found else advice(name, tool),
        }


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("language", "tool", "version", "where, or how to get it"):
        table.add_column(title, overflow="fold")
    for row in rows:
        missing = "not needed" if row["optional"] else "missing"
        where = row["path"] or row["advice"]
        table.add_row(row["language"], row["tool"], row["version"] or missing, where)
    _console(stderr=False).print(table)


def _console(stderr: bool = True) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False)


@contextlib.contextmanager
def _shown(what: str) -> Iterator[Callable[[int], None]]:
    """How far an installation is, on stderr where a person sees it."""
    console = _console()
    console.print(what)
    with console.status(what) as status:
        yield lambda done: status.update(f"{what}: {done / 1e6:,.0f} MB")
