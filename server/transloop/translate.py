"""`transloop translate`: a file, lines of it, standard input or a folder, into another language.

The code alone goes to stdout; everything else goes to stderr.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transloop.newfile import require_new, write_new
from transloop.translator import NOT_RUN, Found, Mode, Order, Translator, opened
from transloop_settings.errors import (
    EndpointFailed,
    EngineCrashed,
    ModelError,
    TransloopError,
    UsageError,
)

if TYPE_CHECKING:
    from transloop.folder import Planned
    from transloop.selection import Place, Selection
    from transloop_model.engine import Engine
    from transloop_translate.translation import Report, Translation


def translate(
    place: Annotated[
        str, typer.Argument(metavar="FILE[:A-B]", help="A file, lines of it, a folder, or - .")
    ],
    to: Annotated[str, typer.Option("--to", metavar="LANG", help="The language to write.")],
    source: Annotated[
        str | None, typer.Option("--from", metavar="LANG", help="Default: told by the suffix.")
    ] = None,
    signature: Annotated[
        str | None, typer.Option(help="The declaration that the translation must have.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A new file; for a folder, a folder.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: one object, or one a line for a folder.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(metavar="ID|PATH", help="Instead of the one of the settings.")
    ] = None,
    mode: Annotated[
        Mode | None,
        typer.Option(help="Run both sides in the sandbox, and look for a translation that holds."),
    ] = None,
) -> None:
    """Translate code. Existing files are never overwritten; without --mode nothing is run.

    Lines grow to the whole function, class or statements that they are part of.
    """
    with _failures_told(as_json):
        from transloop.selection import place_of

        given = place_of(place)
        order = _order(given, to, source, signature, as_json, model, mode)
        if Path(given.name).is_dir():
            complete = _folder(order, Path(given.name), output)
        else:
            complete = _file(order, given, output)
    raise typer.Exit(0 if complete else 1)


def _order(
    place: Place,
    to: str,
    source: str | None,
    signature: str | None,
    as_json: bool,
    model: str | None,
    mode: Mode | None,
) -> Order:
    from transloop.selection import workspace_of
    from transloop_settings import settings
    from transloop_syntax.language import language

    source = language(source).id if source else None
    loaded = settings.load(workspace_of(Path(place.name)), {"model": model} if model else None)
    return Order(language(to), source, signature, as_json, loaded, mode)


@contextlib.contextmanager
def _failures_told(as_json: bool) -> Iterator[None]:
    try:
        yield
    except TransloopError as error:
        if not as_json:
            raise
        _print_json({"error": _error(error)})
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        _say("interrupted; the file at hand was not written.")
        raise typer.Exit(130) from None


# One file ----------------------------------------------------------------------------------------


def _file(order: Order, place: Place, output: Path | None) -> bool:
    from transloop.selection import select

    if output:
        require_new(output)
    selection = select(place, order.source)  # before the loop, where Ctrl-C would not end a read
    if selection.unit.language == order.target.id:
        raise UsageError(f"{place} is {order.target.name} already.", "Choose another --to.")
    found, facts = asyncio.run(_translate_one(order, selection))
    _hand_over(order, found, selection, output, facts)
    return True


async def _translate_one(order: Order, selection: Selection) -> tuple[Found, dict[str, Any]]:
    async with opened(order, _say) as translator:
        with _progress(f"Translating to {order.target.name}") as report:
            found = await translator.translated(selection, report)
        return found, _facts(found, selection, translator.engine)


def _hand_over(
    order: Order,
    found: Found,
    selection: Selection,
    output: Path | None,
    facts: dict[str, Any],
) -> None:
    translation = found.translation
    if output:
        _write(output, translation, selection)
        _say(f"written to {output}")
    for note in (*selection.notes, *translation.notes):
        _say(f"note: {note}")
    stats = translation.stats
    _say(f"{stats.tokens} tokens in {stats.seconds:.1f} s. {found.told}")
    if order.as_json:
        _print_json({**facts, "output": str(output) if output else None})
    elif not output:
        typer.echo(translation.code.encode())


# A folder ----------------------------------------------------------------------------------------


def _folder(order: Order, folder: Path, output: Path | None) -> bool:
    """Translate file by file; True if none failed."""
    from transloop.folder import plan
    from transloop_syntax.language import language

    if output is None:
        raise UsageError("A folder needs a folder for its translations.", "Give it with -o.")
    if order.signature:
        raise UsageError("One --signature does not fit all files of a folder.")
    source = language(order.source) if order.source else None
    began = time.monotonic()
    counts = asyncio.run(_translate_all(order, plan(folder, output, source, order.target)))
    told = ", ".join(f"{count} {what}" for what, count in counts.items())
    ran = "" if order.mode else " Not run: check them yourself."
    _say(f"{told}, in {time.monotonic() - began:.1f} s.{ran}")
    return not counts["failed"]


async def _translate_all(order: Order, files: list[Planned]) -> Counter[str]:
    counts = Counter[str]()
    async with opened(order, _say) as translator:
        for number, planned in enumerate(files, 1):
            with _progress(f"({number}/{len(files)}) {planned.source}") as report:
                counts[await _one_of_many(translator, order, planned, report, counts)] += 1
    return counts


async def _one_of_many(
    translator: Translator, order: Order, planned: Planned, report: Report, counts: Counter[str]
) -> str:
    """Translate one file; what became of it, in the words of the summary."""
    from transloop.selection import Place, read, select

    place = Place(str(planned.source))
    try:
        if planned.clash:
            raise UsageError(f"{planned.output} is for the translation of {planned.clash}.")
        if planned.output.exists():
            return "already there"
        if not read(place).strip():
            return "empty"
        selection = select(place, order.source)
        found = await translator.translated(selection, report)
        planned.output.parent.mkdir(parents=True, exist_ok=True)
        _write(planned.output, found.translation, selection)
    except TransloopError as error:
        engine_failed = isinstance(error, ModelError | EngineCrashed | EndpointFailed)
        if engine_failed and not counts["translated"]:
            raise  # every other file would fail the same way
        _report_failure(order, planned, error)
        return "failed"
    for note in found.translation.notes:
        _say(f"{planned.source}: note: {note}")
    if order.mode:
        _say(f"{planned.source}: {found.told}")
    if order.as_json:
        facts = _facts(found, selection, translator.engine)
        _print_json({**facts, "output": str(planned.output)})
    return "translated"


def _report_failure(order: Order, planned: Planned, error: TransloopError) -> None:
    _say(f"{planned.source}: {error}")
    if order.as_json:
        _print_json({"file": str(planned.source), "error": _error(error)})


# What goes out -----------------------------------------------------------------------------------


def _write(path: Path, found: Translation, selection: Selection) -> None:
    from transloop_server.placement import file_text

    write_new(path, file_text(found.code, selection.eol).encode())


def _facts(found: Found, selection: Selection, engine: Engine) -> dict[str, Any]:
    from transloop import plain
    from transloop_model import catalog, prompt

    state = engine.state()
    known = catalog.entries().get(state.model)
    translation = found.translation
    stats = translation.stats
    judged = plain.delivered(found.delivered) if found.delivered else {"verdict": NOT_RUN}
    rounded = {key: round(value, 3) for key, value in asdict(stats).items()}
    return {
        "file": str(selection.place),
        "code": translation.code,
        "source": selection.unit.language,
        "target": translation.target,
        "unit": {
            "kind": selection.unit.kind,
            "names": list(selection.unit.names),
            "start_line": selection.first,
            "end_line": selection.last,
        },
        "notes": [*selection.notes, *translation.notes],
        **judged,
        "model": state.model,
        "model_sha256": known.sha256 if known else None,
        "adapter": state.adapter,
        "prompt_version": prompt.VERSION,
        "stats": {**rounded, "tokens_per_second": round(stats.tokens_per_second, 1)},
    }


def _error(error: TransloopError) -> dict[str, str]:
    return {
        "class": type(error).__name__,
        "message": str(error.args[0]),
        "advice": error.advice,
    }


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False).encode())


def _say(text: str) -> None:
    typer.echo(f"transloop: {text}", err=True)


@contextlib.contextmanager
def _progress(title: str) -> Iterator[Report]:
    """Shows how far it is, where a person sees it."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(title)) as status:
        yield lambda progress: status.update(f"{escape(title)}: {progress}")
