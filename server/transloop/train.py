"""`transloop train`: the background trainer. It starts when a person says so, and makes way.

Exit codes: 0 the run has ended, whatever it came to; 2 there is nothing to learn from, or the
request is off; 9 the training failed; 130 interrupted: the same command goes on where it was.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transloop_settings import settings as stored
from transloop_settings.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from transloop_model.engine import Engine
    from transloop_model.training import Training
    from transloop_settings.settings import Settings
    from transloop_trainer.loop.desk import Desk
    from transloop_trainer.loop.plan import Plan
    from transloop_trainer.loop.stopping import End

NEEDED = ("torch", "transformers", "peft", "accelerate", "datasets", "gguf", "optuna")
TEACHER_IDLE = 60.0
"""Seconds without a request until its memory is free: it is wanted for the training."""
WATCHING = 0.5
"""Seconds between two looks of --status."""


def train(
    once: Annotated[
        bool, typer.Option("--once", help="Do one run now, or go on with the last one.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Begin when enough is new and nobody translates.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show what the trainer does, until it ends.")
    ] = False,
    pause: Annotated[
        bool, typer.Option("--pause", help="Nothing is computed from now on.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after --pause.")] = False,
    direction: Annotated[
        list[str] | None,
        typer.Option(metavar="A:B", help="What is to be learned; may be repeated."),
    ] = None,
    guard: Annotated[
        list[str] | None,
        typer.Option(metavar="A:B", help="What must not get worse; default: the ways back."),
    ] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="fixed, rules or learned.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME", help="smoke, small, full or preferences.")
    ] = None,
    bench: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Units with tests, to learn from and to measure on."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Of work that a run may take.")] = None,
    seed: Annotated[int, typer.Option(help="For whatever is drawn.")] = 0,
    teacher: Annotated[
        str | None, typer.Option(metavar="ID|PATH", help="A stronger model for synthesis.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Learn from your seeds: synthesize, train, measure, and use what is measurably better.

    Training pauses while any translation is served, on battery, and when you say so.
    """
    if sum((once, watch, status, pause, resume)) != 1:
        raise UsageError("Give one of --once, --watch, --status, --pause and --resume.")
    if pause or resume:
        _wish(pause, as_json)
    elif status:
        _show_status(as_json)
    else:
        chosen = stored.load()
        asked = _plan(chosen, direction, guard, policy, recipe, bench, seconds, seed)
        _start(chosen, asked, teacher, watch, as_json)


def _plan(
    chosen: Settings,
    direction: list[str] | None,
    guard: list[str] | None,
    policy: str | None,
    recipe: str | None,
    bench: Path | None,
    seconds: float | None,
    seed: int,
) -> Plan:
    """What the command line says, else the settings. Raises UsageError for what cannot be."""
    _require_train()
    from transloop_trainer.control import policies
    from transloop_trainer.evaluate.sizes import SIZES
    from transloop_trainer.loop import sets
    from transloop_trainer.loop.plan import Plan

    train = chosen.train
    name, how = policy or train.policy, recipe or train.recipe
    policies.policy(name)
    if how not in SIZES:
        raise UsageError(f"There is no recipe {how}.", f"Known: {', '.join(SIZES)}.")
    if seconds is not None and seconds <= 0:
        raise UsageError("--seconds must be more than 0.")
    if bench is not None and not bench.exists():
        raise UsageError(f"There is nothing at {bench}.", "Give a file of units, or a folder.")
    return Plan(
        sets.required(direction or train.directions),
        sets.required(guard or ()),
        name,
        how,
        seconds or 3600 * train.run_hours,
        bench.resolve() if bench else None,
        seed,
    )


def missing() -> list[str]:
    """The packages that training needs and this installation has not."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def _require_train() -> None:
    if packages := missing():
        raise UsageError(
            f"Training needs {', '.join(packages)}, which are not installed.",
            'Run: pip install "/path/to/transloop[train]"',
        )


# Running -----------------------------------------------------------------------------------------


def _start(chosen: Settings, asked: Plan, teacher: str | None, watch: bool, as_json: bool) -> None:
    from transloop_trainer.background.alone import alone

    if chosen.engine.backend != "llama":
        raise UsageError(
            f"engine.backend is {chosen.engine.backend}: its weights are not on this machine.",
            "Training needs engine.backend = llama.",
        )
    console = _console(stderr=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it wants it to resume
    try:
        with alone(console.print):
            asyncio.run(_run(chosen, asked, teacher, watch, console, as_json))
    except KeyboardInterrupt:
        console.print("interrupted; the same command goes on where this one was.")
        raise typer.Exit(130) from None


async def _run(
    chosen: Settings,
    asked: Plan,
    teacher: str | None,
    watch: bool,
    console: Console,
    as_json: bool,
) -> None:
    from transloop_trainer.background.watching import Changes, News, idle_for
    from transloop_trainer.loop.plan import unfinished

    async with desk(chosen, console.print, teacher=teacher, idle_only=watch) as made:
        news = News(made.store)
        if not watch:
            news.seen()
            _tell(await once(made, asked, chosen.train.disk_mb), as_json)
            return
        changes = Changes(made.store.database.path)
        try:
            while True:
                left = unfinished(made.model.digest(), asked) is not None
                enough = left or news.count() >= chosen.train.seeds
                if enough and idle_for(60 * chosen.train.idle_minutes):
                    news.seen()
                    _tell(await once(made, asked, chosen.train.disk_mb), as_json)
                made.status.update(phase="waiting", said=_waits(news, chosen))
                await changes.wait()
        finally:
            changes.close()


def _waits(news: Any, chosen: Settings) -> str:
    return f"{news.count()} of {chosen.train.seeds} new verified seeds"


async def once(made: Desk, asked: Plan, disk_mb: int) -> End:
    """One run, or the rest of the last one."""
    from transloop_trainer.loop.run import Run, begin

    log = await asyncio.to_thread(begin, made, asked)
    return await Run(made, log, disk_mb << 20).go_on()


@asynccontextmanager
async def desk(
    chosen: Settings,
    told: Callable[[str], None],
    *,
    teacher: str | None = None,
    idle_only: bool = False,
) -> AsyncIterator[Desk]:
    """All that a run works with, at the lowest priority; closed however it ends."""
    from transloop_model import catalog
    from transloop_model.registry.registry import Registry
    from transloop_sandbox.sandbox import Sandbox
    from transloop_seeds.store import Store
    from transloop_server.engines import make_engine
    from transloop_trainer.background import priority
    from transloop_trainer.background.hours import Hours
    from transloop_trainer.background.reasons import Reasons
    from transloop_trainer.background.status import Status
    from transloop_trainer.background.supervisor import Supervisor
    from transloop_trainer.loop.desk import Desk

    train, hours, status = chosen.train, Hours(), Status(told)
    model = catalog.resolve(chosen.model)
    status.update(phase="deciding")
    priority.lower()
    reasons = Reasons(hours, train.day_hours, train.on_battery, idle_only)
    engines = [make_engine(chosen.model_copy(update={"adapter": None}))]
    if teacher:
        brief = chosen.engine.model_copy(update={"idle_seconds": TEACHER_IDLE})
        given = {"adapter": None, "model": teacher, "engine": brief}
        engines.append(make_engine(chosen.model_copy(update=given)))
    limits = (chosen.sandbox.workers, chosen.sandbox.min_level)
    with (
        Supervisor(reasons.look, hours, train.memory_mb << 20, status.paused) as supervisor,
        Sandbox(*limits, told=told) as sandbox,
    ):
        for each in engines:
            supervisor.follow_model(_pid_of(each))
        registry, store = Registry(await asyncio.to_thread(model.digest)), Store(told=told)
        try:
            yield Desk(
                engines[0], model, sandbox, registry, store, supervisor, status, *engines[1:]
            )
        finally:
            for each in engines:
                await each.close()
            store.close()
            status.update(phase="ended")


def _pid_of(engine: Engine) -> Callable[[], int | None]:
    return lambda: engine.state().pid


def _tell(end: End, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(end)))


# Status ------------------------------------------------------------------------------------------


def _wish(pause: bool, as_json: bool) -> None:
    from transloop_model import training

    try:
        training.pause(pause)
    except OSError as error:
        raise UsageError(f"That could not be written down: {error.strerror or error}.") from None
    found = training.read()
    running = found is not None and found.alive
    if as_json:
        typer.echo(json.dumps({"paused": pause, "running": running}))
        return
    now = "" if running else " No trainer is running."
    text = "Paused, until: transloop train --resume." if pause else "Not paused any more."
    _console(stderr=True).print(f"{text}{now}")


def _show_status(as_json: bool) -> None:
    from rich.live import Live

    from transloop_model import training

    found = training.read()
    if as_json:
        told = None if found is None else {"running": found.alive, **asdict(found)}
        typer.echo(json.dumps({"paused_by_you": training.is_paused(), "trainer": told}, indent=2))
        return
    console = _console()
    if found is None:
        console.print("Nothing was trained on this machine yet. See: transloop train --help")
        return
    if not (console.is_terminal and found.alive):
        console.print(_view(found))
        return
    try:
        with Live(_view(found), console=console, auto_refresh=False) as live:
            while found is not None and found.alive:
                live.update(_view(found), refresh=True)
                time.sleep(WATCHING)
                found = training.read()
    except KeyboardInterrupt:
        return


def _view(found: Training) -> RenderableType:
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    scores = ", ".join(f"{100 * score:.1f} % {name}" for name, score in found.scores.items())
    left = f"{found.seconds / 60:.0f} min, {found.seconds_left / 60:.0f} left"
    rows = {
        "trainer": f"{found} (process {found.pid})" if found.alive else "not running",
        "run": f"{found.run}: {', '.join(found.directions)}" if found.run else "",
        "decision": f"{found.round}. {found.decision}: {found.reason}" if found.decision else "",
        "step": f"{found.step} of {found.steps}" if found.steps else "",
        "loss": "" if found.loss is None else f"{found.loss:.3f}",
        "pass@1": scores,
        "work": left if found.run else "",
        "last": found.said,
    }
    for name, text in rows.items():
        if text:
            table.add_row(name, text)
    return table


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False)
