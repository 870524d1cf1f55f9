"""`transloop eval`: how many translations are right, by running them; with and without an adapter.

The exit code is 1 where the harness's own test failed: then its figures mean nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transloop_settings.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from transloop_model.engine import Engine
    from transloop_settings.settings import Settings
    from transloop_trainer.evaluate.choice import Choice
    from transloop_trainer.evaluate.judging import Judge
    from transloop_trainer.evaluate.record import Arm, How, Outcome
    from transloop_trainer.evaluate.rows import Row
    from transloop_trainer.evaluate.run import Tell

BASE, CURRENT = "base", "current"
"""Stand for the model without an adapter, and for what is in use."""
SOUND, UNSOUND = 0, 1


class Set(StrEnum):
    """A part of the units; see `transloop_trainer.evaluate.divide`."""

    LEARN = "learn"
    VALIDATION = "validation"
    GATE = "gate"
    FINAL = "final"


def evaluate(
    bench: Annotated[
        Path, typer.Option(metavar="FILE", help="Units as JSON lines, or a folder of such files.")
    ],
    direction: Annotated[
        list[str], typer.Option(metavar="A:B", help="Such as python:java; may be repeated.")
    ],
    adapter: Annotated[
        str,
        typer.Option(
            metavar="X",
            help="An adapter: a file, a number or `current`; `base` is the model alone.",
        ),
    ] = BASE,
    against: Annotated[
        str | None, typer.Option(metavar="Y", help="Compare with this one, or with `base`.")
    ] = None,
    samples: Annotated[int, typer.Option(metavar="N", help="For pass@k, besides greedy.")] = 0,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Units of each direction.")] = None,
    part: Annotated[
        Set | None, typer.Option("--set", help="Only this set of the units, by a fixed hash.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="ID|PATH", help="Instead of the one of the settings.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Measure again what was measured before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Translate units whose right answer is known by tests, and count what passes.

    A run that is interrupted goes on where it was. Nothing is run outside of the sandbox.
    """
    from transloop_sandbox.sandbox import Sandbox
    from transloop_settings import settings
    from transloop_trainer.evaluate.judging import Judge
    from transloop_trainer.evaluate.record import How
    from transloop_trainer.evaluate.task import direction_of

    if samples < 0 or (limit is not None and limit < 1):
        raise UsageError("--samples must not be negative, and --limit must be more than 0.")
    if adapter == against:
        raise UsageError("--adapter and --against are the same.", "Give two that differ.")
    for each in direction:
        direction_of(each)
    rows = _rows(bench, part)
    chosen = settings.load(None, {"model": model} if model else None)
    console = _console(stderr=True)
    limits = (chosen.sandbox.workers, chosen.sandbox.min_level)
    asked = Asked(tuple(dict.fromkeys(direction)), How(samples), limit, fresh, chosen, console)
    try:
        with Sandbox(*limits, told=console.print) as sandbox:
            told = _measured(asked, rows, _arms(chosen, adapter, against), Judge(sandbox))
    except KeyboardInterrupt:
        console.print("interrupted; the same command goes on where this one was.")
        raise typer.Exit(130) from None
    told = {"bench": bench.name, "set": part, **told}
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _show(told, _console())
    raise typer.Exit(SOUND if told["sound"] else UNSOUND)


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    directions: tuple[str, ...]
    how: How
    limit: int | None
    fresh: bool
    settings: Settings
    console: Console


# What is evaluated -------------------------------------------------------------------------------


def _rows(bench: Path, part: Set | None) -> list[Row]:
    from transloop_trainer.evaluate.choice import of_set
    from transloop_trainer.evaluate.rows import read

    rows = read(bench)
    if part is None:
        return rows
    return of_set(rows, part.value)


def _arms(settings: Settings, adapter: str, against: str | None) -> list[tuple[Arm, Path | None]]:
    """What is evaluated, and what it is compared with, if anything."""
    from transloop_model import catalog
    from transloop_trainer.evaluate.record import Arm

    if settings.engine.backend == "llama":
        file = catalog.resolve(settings.model)
        model, digest = file.id, file.digest()
    else:  # an endpoint does not tell what weights it has
        model, digest = settings.engine.backend, ""
    found: list[tuple[Arm, Path | None]] = []
    for name in [each for each in (adapter, against) if each is not None]:
        path = _adapter(name, digest)
        made = None if path is None else catalog.sha256_of(path)
        found.append((Arm(_title(name), model, digest, made), path))
    return found


def _adapter(name: str, model: str) -> Path | None:
    """The file that a name stands for; a number or `current` is one of the model's registry.

    Raises:
        AdapterRefused: it is damaged, or none of ours. UsageError: there is none of this number.
    """
    from transloop_model.adapter import require_whole
    from transloop_model.registry.registry import Registry

    if name == BASE:
        return None
    if name == CURRENT:
        found = Registry(model).current()
        return found.path if found else None
    if name.isdecimal():
        return Registry(model).usable(int(name)).path
    require_whole(Path(name))
    return Path(name)


def _title(name: str) -> str:
    return f"adapter {name}" if name.isdecimal() else Path(name).stem


def _measured(
    asked: Asked, rows: Sequence[Row], arms: Sequence[tuple[Arm, Path | None]], judge: Judge
) -> dict[str, Any]:
    """The whole report, as plain data."""
    from transloop_model import prompt
    from transloop_trainer.evaluate.choice import choose
    from transloop_trainer.evaluate.selftest import selftest

    choices, tests = {}, {}
    for direction in asked.directions:
        with _status(asked.console, f"{direction}: trying the harness itself"):
            choices[direction] = choose(rows, direction, judge, asked.limit)
            tests[direction] = selftest(choices[direction].tasks, judge)
        if not tests[direction].sound:
            asked.console.print(f"{direction}: the harness is {tests[direction]}")
    outcomes = [asyncio.run(_done(asked, arm, path, choices, judge)) for arm, path in arms]
    return {
        "model": arms[0][0].model,
        "model_sha256": arms[0][0].model_sha256 or None,
        "prompt_version": prompt.VERSION,
        "arms": [{"name": arm.name, "adapter_sha256": arm.adapter_sha256} for arm, _ in arms],
        "sound": all(each.sound for each in tests.values()),
        "directions": {
            direction: {
                "selftest": {"sound": tests[direction].sound, **asdict(tests[direction])},
                "left_out": dict(choices[direction].left_out),
                **_summed(choices[direction], [each[direction] for each in outcomes]),
            }
            for direction in asked.directions
        },
        "pooled": _pooled(choices, outcomes),
    }


async def _done(
    asked: Asked, arm: Arm, adapter: Path | None, choices: Mapping[str, Choice], judge: Judge
) -> dict[str, list[Outcome]]:
    """The outcomes of one arm, by direction."""
    from transloop_settings import directories
    from transloop_trainer.evaluate.record import Record
    from transloop_trainer.evaluate.run import evaluate as run

    engine = await _engine(asked.settings, adapter)
    found = {}
    try:
        for direction, choice in choices.items():
            record = Record(directories.state() / "evaluations", arm.facts(direction, asked.how))
            if asked.fresh:
                record.forget()
            with _progress(asked.console, f"{arm.name}, {direction}", len(choice.tasks)) as tell:
                found[direction] = await run(engine, choice.tasks, judge, asked.how, record, tell)
    finally:
        await engine.close()
    return found


async def _engine(settings: Settings, adapter: Path | None) -> Engine:
    """The server's engine, with this adapter and no other."""
    from transloop_server.engines import make_engine

    engine = make_engine(settings.model_copy(update={"adapter": None}))
    try:
        await engine.use_adapter(adapter)
    except BaseException:
        await engine.close()
        raise
    return engine


def _summed(choice: Choice, outcomes: Sequence[Sequence[Outcome]]) -> dict[str, Any]:
    from transloop_trainer.evaluate.report import compared, summary

    told = {"arms": [summary(choice.tasks, each) for each in outcomes]}
    if len(outcomes) < 2:
        return {**told, "difference": None}
    return {**told, "difference": compared(choice.tasks, outcomes[0], outcomes[1])}


def _pooled(
    choices: Mapping[str, Choice], outcomes: Sequence[Mapping[str, Sequence[Outcome]]]
) -> dict[str, Any] | None:
    """The difference over all directions, where there are several."""
    from transloop_trainer.evaluate.statistics import difference

    if len(choices) < 2 or len(outcomes) < 2:
        return None
    ours, base = (
        [each.greedy.right for direction in choices for each in arm[direction]] for arm in outcomes
    )
    groups = [task.group for choice in choices.values() for task in choice.tasks]
    return difference(ours, base, groups)


# For people --------------------------------------------------------------------------------------


def _show(told: Mapping[str, Any], console: Console) -> None:
    for direction, found in told["directions"].items():
        console.print(_table(direction, told, found))
        test = found["selftest"]
        word = "sound" if test["sound"] else "NOT SOUND, the figures mean nothing"
        console.print(
            f"harness: {word}: {test['passed']} of {test['references']} references pass,"
            f" {test['noticed']} of {test['mutants']} mutants fail"
        )
        for unit, why in test["problems"].items():
            console.print(f"  {unit}: {why}")
        for why, count in found["left_out"].items():
            console.print(f"left out: {count} x {why}")
        _show_difference("", found["difference"], console)
    _show_difference("all directions: ", told["pooled"], console)


def _table(direction: str, told: Mapping[str, Any], found: Mapping[str, Any]) -> Table:
    """A column an arm: the shares, the ways to fail, and what is right by construct."""
    from rich.table import Table

    arms = found["arms"]
    table = Table("", *(each["name"] for each in told["arms"]), title=direction)
    table.add_row("units", *(str(each["units"]) for each in arms))
    table.add_row("by tests of their own", *(str(each["by_own_tests"]) for each in arms))
    table.add_row("pass@1, greedy", *(_with_interval(each) for each in arms))
    table.add_row("compiles", *(_percent(each["compile_rate"]) for each in arms))
    for name in [name for name in arms[0]["samples"] or () if name.startswith("pass_at")]:
        if not name.endswith("interval"):
            title = f"pass@{name.rpartition('_')[2]}, sampled"
            table.add_row(title, *(_percent(each["samples"][name]) for each in arms))
    for name in arms[0]["failures"]:
        table.add_row(name, *(str(each["failures"][name]) for each in arms))
    table.add_section()
    for name in arms[0]["constructs"]:
        counts = [each["constructs"][name] for each in arms]
        told_of = [f"{each['right']} of {each['units']}" for each in counts]
        table.add_row(name.replace("_", " "), *told_of)
    return table


def _with_interval(arm: Mapping[str, Any]) -> str:
    low, high = arm["clustered_interval"]
    return f"{_percent(arm['pass_at_1_greedy'])} ({100 * low:.1f} to {100 * high:.1f})"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _show_difference(title: str, found: Mapping[str, Any] | None, console: Console) -> None:
    if found is None:
        return
    low, high = found["clustered_interval"]
    console.print(
        f"{title}{found['points']:+.1f} points ({low:+.1f} to {high:+.1f}),"
        f" {found['only_ours']} gained, {found['only_the_baseline']} lost, p = {found['p_value']}"
    )


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False)


@contextmanager
def _status(console: Console, text: str) -> Iterator[None]:
    """Shows what is done, where a person sees it."""
    if not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


@contextmanager
def _progress(console: Console, title: str, count: int) -> Iterator[Tell]:
    """Shows how many units are done and right, where a person sees it."""
    right = 0
    if not console.is_terminal:
        yield lambda number, task, outcome: None
        return
    with console.status(title) as status:

        def tell(number: int, task: object, outcome: Outcome) -> None:
            nonlocal right
            right += outcome.greedy.right
            status.update(f"{title}: {number} of {count}, {right} right")

        yield tell
