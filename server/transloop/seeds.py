"""`transloop seeds`: what can be learned from. Nothing of it leaves the machine.

Adding seeds by hand (`harvest`, `import`) is consent for these; `consent` is about translations.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from transloop_settings.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from transloop_seeds.permission import Permission
    from transloop_seeds.seed import Seed
    from transloop_seeds.store import Added, Store

app = typer.Typer(no_args_is_help=True, help="Show, add, exchange and forget what is learned from.")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="An id, or its beginning.")]


@app.command("list")
def list_seeds(as_json: Json = False) -> None:
    """The seeds: code that can be learned from."""
    found = _store().seeds()
    if as_json:
        _print_json([_summary(each) for each in found])
    elif not found:
        _console(stderr=True).print("There are no seeds yet.")
    else:
        _table(found)


@app.command()
def show(name: Id, as_json: Json = False) -> None:
    """Everything that is stored about a seed, exactly as it is stored."""
    store = _store()
    stored = store.about(store.seed(name).id)
    if as_json:
        _print_json(stored)
        return
    console = _console()
    for title, rows in (
        ("seed", [stored["seed"]]),
        ("event", stored["events"]),
        ("descendant", stored["descendants"]),
    ):
        for row in rows:
            console.rule(title, align="left")
            _print_row(row, console)


@app.command()
def stats(as_json: Json = False) -> None:
    """How much is stored, and what may be."""
    from transloop_seeds import consent
    from transloop_settings import settings

    store = _store()
    asked = consent.read()
    workspace = _workspace(Path.cwd())
    told = {
        **store.counts(),
        "file": str(store.database.path),
        "bytes": sum(each.stat().st_size for each in store.database.path.parent.glob("seeds.db*")),
        "damaged": [str(each) for each in store.database.damaged()],
        "consent": asked.problem or asked.level(workspace) or "not asked yet",
        "level": settings.load(workspace).learn.level,
    }
    if as_json:
        _print_json(told)
        return
    console = _console()
    for key, value in told.items():
        console.print(f"{key:12} {_told(key, value)}")


@app.command()
def harvest(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or a folder.")],
    limit: Annotated[int, typer.Option(metavar="N", help="Stop after so many are kept.")] = 100,
    seconds: Annotated[float, typer.Option(metavar="S", help="Stop after this long.")] = 600.0,
    as_json: Json = False,
) -> None:
    """Take functions out of a code base: those that stand alone and can be tested.

    Each is run in the sandbox. What is kept is on the disk at once, so this can be interrupted.
    """
    from transloop.harvest import Harvest, candidates
    from transloop.harvest import harvest as run
    from transloop_sandbox.sandbox import Sandbox
    from transloop_seeds.ignore import ignore_for
    from transloop_settings import settings
    from transloop_verify.evidence import Effort

    workspace = _workspace(path)
    chosen = settings.load(workspace)
    permission = _asked_for(workspace)
    store, state = _store(), Harvest()
    ignore = ignore_for(workspace, chosen.learn.ignore)
    console = _console(stderr=True)
    limits = (chosen.sandbox.workers, chosen.sandbox.min_level)
    with _status(console) as told, Sandbox(*limits, told=console.print) as sandbox:
        run(
            candidates(path, workspace, ignore, state),
            sandbox,
            state,
            kept=lambda event: bool(store.add([event], permission).new),
            told=told,
            limit=limit,
            seconds=seconds,
            effort=Effort(cases=16, seconds=4.0, mutant_seconds=1.0),
        )
    if as_json:
        _print_json(state.plain())
        return
    console.print(
        f"Kept {state.kept} of {state.functions} functions in {state.files} files;"
        f" {state.run} were run, {state.seconds:.0f} s."
    )
    for reason, count in state.reasons.most_common(12):
        console.print(f"  {count:5} {reason}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines; - for stdin.")],
    as_json: Json = False,
) -> None:
    """Add the seeds of a file (see docs/seeds.schema.json): all, or none if one is wrong."""
    from transloop_seeds import exchange

    permission = _asked_for(_workspace(Path.cwd()))
    try:
        with nullcontext(sys.stdin) if str(file) == "-" else file.open(encoding="utf-8") as lines:
            events = exchange.read(lines)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"Nothing was imported: {file} is not text in UTF-8.") from error
    _tell_added(_store().add(events, permission), as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines; - for stdout.")],
    schema: Annotated[
        bool, typer.Option("--schema", help="Write the JSON Schema of a line instead.")
    ] = False,
) -> None:
    """Write all seeds to a file, which this command alone makes; it holds your code."""
    from transloop_seeds import exchange

    found = [] if schema else _store().seeds()
    text = exchange.schema() if schema else "".join(exchange.lines(found))
    if str(file) == "-":
        sys.stdout.write(text)
    else:
        _write(file, text)
    if not schema:
        _console(stderr=True).print(f"{len(found)} seeds were exported.")


@app.command()
def forget(
    names: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every seed.")] = False,
    as_json: Json = False,
) -> None:
    """Remove seeds with all of their code, and mark everything that was made of them."""
    if bool(names) == every:
        raise UsageError("Name the seeds to forget, or give --all.")
    store = _store()
    ids = [each.id for each in store.seeds()] if every else [store.seed(n).id for n in names or ()]
    gone: dict[str, None] = {}
    marked: dict[str, None] = {}
    wiped = True
    for each in ids:
        if each not in gone:  # it may have gone with another of the same code
            done = store.forget(each)
            gone.update(dict.fromkeys(done.seeds))
            marked.update(dict.fromkeys(done.marked))
            wiped = done.wiped
    _wipe_pairs(store)
    if as_json:
        _print_json({"forgotten": list(gone), "marked": list(marked)})
        return
    console = _console(stderr=True)
    console.print(f"{len(gone)} seeds are forgotten; {len(marked)} descendants are marked.")
    if any(name.startswith("adapter:") for name in marked):
        console.print(
            "Adapters have seen them. To use one that has not: transloop adapters rollback. "
            "To train anew without them: transloop train --once"
        )
    if not wiped:
        console.print("A program still reads the old state. Wipe it with: transloop seeds purge")
    for path in store.database.damaged():
        console.print(f"{path} is a damaged copy and may still hold them. Delete it yourself.")


@app.command()
def purge(as_json: Json = False) -> None:
    """Remove code that is past its retention, and give the space back."""
    from transloop_settings import settings

    gone = _store().purge(settings.load().learn.retention_days)
    if as_json:
        _print_json({"expired": gone.seeds, "texts": gone.texts, "marked": gone.marked})
        return
    _console(stderr=True).print(
        f"{len(gone.seeds)} seeds had expired; {gone.texts} texts are removed."
    )


@app.command()
def consent(
    level: Annotated[
        str | None, typer.Argument(metavar="LEVEL", help="all, no-code or off.")
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="For this folder only; default: wherever nothing was said.")
    ] = None,
) -> None:
    """Say what may be kept of your translations, or show what you said."""
    from transloop_seeds import consent as stored
    from transloop_settings.settings import Level

    found = stored.read()
    if level is not None:
        for known in get_args(Level):
            if level == known:
                found = stored.answer(known, workspace)
                break
        else:
            raise UsageError(f"{level} is none of {', '.join(get_args(Level))}.")
    console = _console()
    console.print(found.problem or f"{'everywhere':12} {found.level(None) or 'not asked yet'}")
    for where, said in found.answers.items():
        if where != stored.EVERYWHERE:
            console.print(f"{said:12} {where}")


# Shared by the commands --------------------------------------------------------------------------


def _store() -> Store:
    from transloop_seeds.store import Store

    return Store(told=lambda message: _console(stderr=True).print(message))


def _wipe_pairs(store: Store) -> None:
    """Remove what was grown out of forgotten seeds; a trainer that runs does it by itself."""
    from transloop_model import training
    from transloop_trainer.loop.folders import all_pairs

    running = training.read()
    if running is not None and running.alive:
        return
    for folder in filter(Path.exists, all_pairs()):
        from transloop_synth.dataset import Dataset

        Dataset(folder, store).forget()


def _workspace(path: Path) -> Path:
    from transloop.selection import workspace_of

    return workspace_of(path)


def _asked_for(workspace: Path) -> Permission:
    """Whoever adds seeds by hand agrees to it; what the settings forbid stays forbidden."""
    from transloop_seeds.permission import Permission
    from transloop_settings import settings

    learn = settings.load(workspace).learn
    if learn.level != "all":
        raise UsageError(
            f"Seeds hold code, and learn.level is {learn.level} here.",
            "Set it to all, for this folder or for you.",
        )
    return Permission("all", retention_days=learn.retention_days)


def _write(file: Path, text: str) -> None:
    """Readable for its owner alone; an existing file is not overwritten."""
    try:
        with file.open("x", encoding="utf-8") as out:
            file.chmod(0o600)
            out.write(text)
    except FileExistsError as error:
        raise UsageError(f"{file} exists.", "Name another file.") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from error


def _tell_added(added: Added, as_json: bool) -> None:
    if as_json:
        told = {"new": added.new, "known": added.known, "forgotten": added.forgotten}
        _print_json({**told, "redacted": added.redacted})
        return
    console = _console(stderr=True)
    console.print(f"{len(added.new)} seeds are new, {added.known} were known.")
    if added.forgotten:
        console.print(f"{added.forgotten} had been forgotten, and stay so.")
    if added.redacted:
        console.print(f"{added.redacted} secrets were taken out.")


# For people and for programs ---------------------------------------------------------------------


def _summary(seed: Seed) -> dict[str, Any]:
    return {
        "id": seed.id,
        "time": seed.time,
        "origin": seed.origin,
        "source": seed.source_language,
        "target": seed.target_language,
        "names": list(seed.names),
        "path": seed.path,
        "verdict": seed.verdict,
        "redacted": seed.redacted,
    }


def _table(found: list[Seed]) -> None:
    from rich.table import Table
    from rich.text import Text

    from transloop_seeds.seed import SHORT

    table = Table(box=None, pad_edge=False)
    for title in ("id", "when", "origin", "languages", "what", "where", "verdict"):
        table.add_column(title, overflow="fold", no_wrap=title in ("id", "when"))
    for seed in found:
        languages = seed.source_language + (
            f" -> {seed.target_language}" if seed.target_language else ""
        )
        told = (seed.id[:SHORT], _when(seed.time), seed.origin, languages)
        table.add_row(*map(Text, (*told, ", ".join(seed.names), seed.path or "", seed.verdict)))
    _console().print(table)


def _told(key: str, value: Any) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{count} {name}" for name, count in value.items())
    elif key in ("first", "last") and value:
        value = _when(value)
    return str(value) if value or value == 0 else "-"


def _print_row(row: dict[str, Any], console: Console) -> None:
    """Columns first, each on a line; then the texts as they are."""
    for key, value in row.items():
        if key != "texts" and value is not None:
            console.print(f"{key:16} {value}")
    for key, text in row.get("texts", {}).items():
        shown = text if isinstance(text, str) else json.dumps(text, indent=2, ensure_ascii=False)
        console.print(f"--- {key}")
        console.print(shown)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False)


@contextmanager
def _status(console: Console) -> Iterator[Callable[[str], None]]:
    """Shows how far it is, where a person sees it."""
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("") as status:
        yield status.update
