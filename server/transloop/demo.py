"""`transloop demo`: the real language server translates sample code, played by a small editor.

It claims nothing that it does not show: what failed is shown as failed. Both sides of each sample
are run in the sandbox, and the verdict is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transloop_settings import settings
from transloop_settings.errors import TransloopError

if TYPE_CHECKING:
    from rich.console import Console

    from transloop.demo_client import Editor
    from transloop_settings.settings import Settings
    from transloop_syntax.language import Language

EACH_TO = {"python": "javascript", "java": "python"}
"""Where a sample goes if nobody says; by the sample's language."""
_WORDS = {
    "verified": "verified",
    "failed": "behave otherwise",
    "compile_error": "do not compile",
    "unchecked": "could not be checked",
}


def demo(
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="LANG", help="May be given several times."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also save one of the translations as an SVG picture.")
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop/--no-loop", help="End with a short training run.")
    ] = True,
) -> None:
    """Translate a few samples as an editor would; then say how to set up yours."""
    from rich.console import Console

    console = Console(highlight=False)
    targets = _languages(to or [])
    try:
        chosen = settings.load()
        _get_model(console, chosen)
        with tempfile.TemporaryDirectory(prefix="transloop-demo-") as folder:
            place = Path(folder).resolve()
            trains = loop and _can_train(console, chosen)
            shown = asyncio.run(_play(console, place, targets, trains))
    except KeyboardInterrupt:
        console.print("Interrupted.")
        raise typer.Exit(130) from None
    _print_summary(console, shown)
    if picture is not None:
        _save_picture(picture, next(each for each in shown if each.parses))
    _print_next(console)
    raise typer.Exit(0 if any(each.code for each in shown) else 1)


@dataclass(frozen=True)
class Piece:
    """One declaration of a sample, as a person would select it; rows are 0-based, inclusive."""

    path: Path
    name: str
    language: Language
    rows: tuple[int, int]
    code: str


@dataclass(frozen=True)
class Shown:
    """What became of one piece."""

    piece: Piece
    target: Language
    job: dict[str, Any]
    code: str = ""
    """Empty: it was not translated."""
    seconds: float = 0.0
    """From the click to the file."""

    @property
    def parses(self) -> bool:
        """As far as a grammar can tell."""
        from transloop_syntax.outline import syntax_problem

        return bool(self.code) and syntax_problem(self.code, self.target) is None


def _languages(names: list[str]) -> list[Language]:
    from transloop_syntax.language import language

    return [language(name) for name in names]


def _get_model(console: Console, chosen: Settings) -> None:
    """Say what will be downloaded before it is."""
    from transloop import models
    from transloop_model import catalog

    if chosen.engine.backend != "llama":
        console.print(f"engine.backend is “{chosen.engine.backend}”: no model is downloaded.")
        return
    if Path(chosen.model).expanduser().is_file():
        return
    row = catalog.entry(chosen.model)
    if not row.installed():
        size = f"{row.bytes / 1e6:,.0f} MB" if row.bytes else "of unknown size"
        console.print(
            f"This downloads the model {row.id} ({size}, licence {row.licence}) to {row.path}. "
            "Once it is there, nothing leaves this machine.",
            soft_wrap=True,
        )
    models.pull(row.id, None)


def _can_train(console: Console, chosen: Settings) -> bool:
    """Whether the loop can be shown, said where it cannot."""
    from transloop.train import missing

    if chosen.engine.backend != "llama":
        return False
    if packages := missing():
        console.print(f"Without {', '.join(packages)} nothing is trained: the loop is left out.")
    return not packages


# Playing -----------------------------------------------------------------------------------------


async def _play(
    console: Console, folder: Path, targets: list[Language], trains: bool
) -> list[Shown]:
    from transloop.demo_client import editor_with_server
    from transloop.demo_learning import CONSENT, show_learning
    from transloop.demo_loop import DIRECTION, show_loop
    from transloop_syntax.language import languages

    workspace, seeds = folder / "workspace", folder / "seeds"
    workspace.mkdir()
    pieces = list(_samples(workspace))
    console.print(f"{len(pieces)} samples; the language server starts and loads the model.\n")
    options = {
        "placement": "beside",
        "targets": list(languages()),
        "trusted": [str(workspace)],  # samples of ours
        "verify": {"mode": "balanced"},
        "engine": {"idle_seconds": 3600.0},  # the loop's length: the swap is of a model that runs
    }
    own = {
        "TRANSLOOP_SEEDS_DIR": str(seeds),
        "TRANSLOOP_STATE_DIR": str(folder / "state"),
        "TRANSLOOP_ADAPTERS_DIR": str(folder / "adapters"),
    }
    async with editor_with_server(workspace, options, **own) as editor:
        editor.answers = CONSENT
        shown = [
            await _show(console, editor, piece, target)
            for piece in pieces
            for target in targets or _languages([EACH_TO[piece.language.id]])
            if target != piece.language
        ]
        await show_learning(console, editor, shown, seeds)
        if trains:
            source, target = _languages(DIRECTION.split(":"))
            piece = next(each for each in pieces if each.language == source)
            again = functools.partial(_show, console, editor, piece, target)
            await show_loop(console, editor, folder, own, again)
        return shown


def _samples(folder: Path) -> Iterator[Piece]:
    """Copy the samples to a workspace, and find what a person would select in them."""
    from transloop_syntax.declarations import names_of, top_level
    from transloop_syntax.language import language_for
    from transloop_syntax.source import Source

    files = (resources.files(__package__) / "samples").iterdir()
    for file in sorted(files, key=lambda each: each.name):
        path = folder / file.name
        spoken = language_for(path)
        if spoken is None:
            continue
        text = file.read_text("utf-8")
        path.write_text(text, "utf-8")
        source = Source(text, spoken)
        for item in top_level(source.root, spoken):
            if item.part in ("function", "class"):
                rows = (item.first, item.last)
                start, end = source.lines(*rows)
                name = next(iter(names_of(item, spoken)), path.name)
                yield Piece(path, name, spoken, rows, text[start:end])


async def _show(console: Console, editor: Editor, piece: Piece, target: Language) -> Shown:
    """Translate one piece and print both sides."""
    title = f"{piece.name} ({piece.language.name}) to {target.name}"
    began = time.perf_counter()
    with console.status(title) if console.is_terminal else contextlib.nullcontext():
        try:
            uri = editor.open_file(piece.path)
            job = await editor.translate(uri, piece.rows, target)
        except TransloopError as error:
            job = {"state": "failed", "message": str(error)}
    placed = job.get("placed")
    code = editor.text_of(placed).rstrip("\n") if placed and job["state"] == "done" else ""
    shown = Shown(piece, target, job, code, time.perf_counter() - began)
    _print_shown(console, title, shown)
    return shown


# Telling -----------------------------------------------------------------------------------------


def _print_shown(console: Console, title: str, shown: Shown) -> None:
    from rich.syntax import Syntax
    from rich.table import Table
    from rich.text import Text

    console.rule(Text(title, "bold"), align="left")
    table = Table(box=None, expand=True, pad_edge=False, show_header=False)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    theme = "ansi_dark"
    left = Syntax(shown.piece.code, shown.piece.language.fence, theme=theme, word_wrap=True)
    right = Syntax(shown.code, shown.target.fence, theme=theme, word_wrap=True)
    table.add_row(left, right if shown.code else Text("not translated", "red"))
    console.print(table)
    console.print(Text(_facts(shown), _colour(shown)))
    console.print()


def _colour(shown: Shown) -> str:
    verdict = shown.job.get("verdict")
    if not shown.parses or verdict in ("failed", "compile_error"):
        return "red"
    return "green" if verdict == "verified" else "dim"


def _save_picture(path: Path, shown: Shown) -> None:
    """The README's picture; without the web font that rich would have its readers fetch."""
    from rich.console import Console

    console = Console(record=True, width=160, file=io.StringIO(), force_terminal=True)
    _print_shown(console, f"{shown.piece.name}: Translate to {shown.target.name}", shown)
    picture = console.export_svg(title="transloop")
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL), "utf-8")


def _facts(shown: Shown) -> str:
    job = shown.job
    if not shown.code:
        return str(job.get("message", "no reason given"))
    return (
        f"{job['message']} First token after {job['first_token_seconds']:.1f} s, then "
        f"{job['tokens_per_second']:.0f} tokens/s; {shown.seconds:.1f} s from click to file."
    )


def _print_summary(console: Console, shown: list[Shown]) -> None:
    done = [each for each in shown if each.code]
    parse = sum(each.parses for each in done)
    words = Counter(each.job.get("verdict") or "not run" for each in done)
    verdicts = ", ".join(f"{count} {_WORDS.get(word, word)}" for word, count in words.items())
    console.rule(align="left")
    console.print(
        f"{len(done)} of {len(shown)} were translated, {parse} of them parse. Both sides were run "
        f"on inputs made for the original: {verdicts or 'none'}. “Verified” means the same on "
        "every input that was tried, which is no proof: read what you keep.",
        soft_wrap=True,
    )


def _print_next(console: Console) -> None:
    """The set-up of this installation, to be copied: no wrapping, no colours."""
    from transloop.editors import neovim_lines, vscode_lines

    told = {
        "Neovim 0.11 or newer, in init.lua": neovim_lines(),
        "VS Code": vscode_lines(),
    }
    for title, lines in told.items():
        console.print(f"\n[bold]{title}[/bold]\n")
        for line in lines:
            console.print(line, soft_wrap=True, markup=False)
    console.print(
        "\nThen select code and ask for its code actions: `gra` in Neovim, Ctrl+. in VS Code."
    )
