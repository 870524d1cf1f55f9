"""`transloop adapters`: the versions of the model's adapters, and which of them is in use."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from transloop_model.registry.card import Change
    from transloop_model.registry.registry import Damaged, Registry, Version

app = typer.Typer(no_args_is_help=True, help="Show, compare, promote and exchange adapters.")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Number = Annotated[int, typer.Argument(metavar="N", help="A number of: transloop adapters list")]
Model = Annotated[
    str | None, typer.Option("--model", metavar="ID", help="Default: the model of the settings.")
]


@app.command("list")
def list_adapters(model: Model = None, as_json: Json = False) -> None:
    """All versions; those that saw a seed which was forgotten since are marked."""
    registry = _registry(model)
    marked = _marked() if registry.numbers() else {}
    standing = registry.standing()
    rows = [_row(each, standing.number, marked) for each in registry.versions()]
    if as_json:
        _print_json({"in_use": standing.number, "pinned": standing.pinned, "adapters": rows})
        return
    if not rows:
        _console(stderr=True).print("There are no adapters yet.")
        return
    _table(rows)
    for text in _remarks(rows, standing.pinned):
        _console(stderr=True).print(text)


@app.command()
def show(number: Number, model: Model = None, as_json: Json = False) -> None:
    """Everything that is known of a version: measures, data, seeds, the gate's verdict."""
    registry = _registry(model)
    found = registry.version(number)
    told = _facts(found)
    changes = [each for each in registry.standing().changes if each.number == number]
    told["changes"] = [asdict(each) for each in changes]
    told["marked"] = _marked().get(found.card.sha256)
    if as_json:
        _print_json(told)
        return
    for key, value in told.items():
        _console().print(f"{key:16} {_plain(key, value)}")


@app.command()
def diff(one: Number, other: Number, model: Model = None, as_json: Json = False) -> None:
    """What differs between two versions: measures, data, seeds, settings."""
    registry = _registry(model)
    sides = [_leaves(_facts(registry.version(each))) for each in (one, other)]
    keys = dict.fromkeys((*sides[0], *sides[1]))
    rows = {
        key: [side.get(key) for side in sides]
        for key in keys
        if sides[0].get(key) != sides[1].get(key)
    }
    if as_json:
        _print_json(rows)
        return
    for key, (left, right) in rows.items():
        _console().print(f"{key:32} {_plain(key, left)} | {_plain(key, right)}")


@app.command()
def promote(
    number: Number,
    force: Annotated[
        bool, typer.Option("--force", help="Against the gate, or without it; it is written down.")
    ] = False,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Use a version from now on, if the gate has said so. Running servers swap at once."""
    from transloop_model.registry import promotion

    registry = _registry(model)
    found = registry.version(number)
    why = _marked().get(found.card.sha256) or ""
    change = promotion.promote(registry, number, force=force, remark=why)
    if change.forced:
        _console(stderr=True).print(f"Warning: {change.reason} This is written down.")
    _tell(change, as_json)


@app.command()
def rollback(model: Model = None, as_json: Json = False) -> None:
    """Use what was in use before; what saw a forgotten seed or is damaged is passed over."""
    from transloop_model.registry import promotion

    _tell(promotion.rollback(_registry(model), _marked()), as_json)


@app.command()
def pin(
    off: Annotated[bool, typer.Option("--off", help="Let the trainer promote again.")] = False,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Keep what is in use: nothing is promoted by itself."""
    from transloop_model.registry import promotion

    _tell(promotion.pin(_registry(model), not off), as_json)


@app.command()
def export(
    number: Number,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="It must not exist yet.")],
    model: Model = None,
) -> None:
    """Write a version to one file. It holds what was learned from your code."""
    from transloop_model.catalog import sha256_of
    from transloop_model.registry import parcel

    parcel.export(_registry(model).version(number), file)
    _console(stderr=True).print(f"{file}: SHA-256 {sha256_of(file)}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An exported version.")],
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Make a version of an exported file; it is not promoted, and the gate's word stays there."""
    from transloop_model.registry import parcel
    from transloop_model.registry.card import descendant
    from transloop_seeds.lineage import Descent
    from transloop_seeds.store import Store

    found = parcel.import_(file, _registry(model))
    if found.card.story.seeds:  # some may be known here, or forgotten
        name = descendant(found.card.sha256)
        Store().descend(Descent(seed, name, "trained") for seed in found.card.story.seeds)
    if as_json:
        _print_json(_facts(found))
    else:
        _console(stderr=True).print(f"It is adapter {found.number}, and not in use.")


# Shared by the commands --------------------------------------------------------------------------


def _registry(model: str | None) -> Registry:
    from transloop_model import catalog
    from transloop_model.registry.registry import Registry
    from transloop_settings import settings

    return Registry(catalog.resolve(model or settings.load().model).digest())


def _marked() -> Mapping[str, str]:
    """Digests of the adapters that must not be used any more, and why."""
    from transloop_model.registry.card import descendant
    from transloop_seeds.store import Store

    prefix = descendant("")
    found = Store().descent(marked_only=True)
    return {
        each.descendant.removeprefix(prefix): f"it saw a seed that was {each.marked}"
        if each.marked == "forgotten"
        else f"it saw a seed that has {each.marked}"
        for each in found
        if each.descendant.startswith(prefix)
    }


def _row(found: Version | Damaged, in_use: int | None, marked: Mapping[str, str]) -> dict[str, Any]:
    from transloop_model.registry.registry import Damaged

    row = {"number": found.number, "in_use": found.number == in_use}
    if isinstance(found, Damaged):
        return {**row, "damaged": found.reason, "marked": None}
    verdict = found.verdict
    return {
        **row,
        "damaged": None,
        "made": found.card.made,
        "directions": list(found.card.directions),
        "gate": None if verdict is None else verdict.promote,
        "reason": verdict.reason if verdict else "not judged",
        "measured": [str(each) for each in verdict.measured] if verdict else [],
        "seeds": len(found.card.story.seeds),
        "imported": found.card.imported,
        "marked": marked.get(found.card.sha256),
        "sha256": found.card.sha256,
    }


def _remarks(rows: list[dict[str, Any]], pinned: bool) -> list[str]:
    """What a person should do or know besides."""
    told = [str(row["damaged"]) for row in rows if row["damaged"]]
    told += [f"Adapter {row['number']}: {row['marked']}." for row in rows if row["marked"]]
    if any(row["in_use"] and row["marked"] for row in rows):
        told.append("To use one that never saw it: transloop adapters rollback")
    if pinned:
        told.append("What is in use is pinned: nothing is promoted by itself.")
    return told


def _facts(found: Version) -> dict[str, Any]:
    told = asdict(found.card)
    return {
        **told.pop("story"),
        **told,
        "verdict": asdict(found.verdict) if found.verdict else None,
        "path": str(found.path),
    }


def _leaves(value: Any, name: str = "") -> dict[str, Any]:
    """Nested tables as one, with dotted names."""
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, Any] = {}
    for key, each in value.items():
        found |= _leaves(each, f"{name}.{key}" if name else key)
    return found


# For people and for programs ---------------------------------------------------------------------


def _tell(change: Change, as_json: bool) -> None:
    if as_json:
        _print_json(asdict(change))
        return
    what = "the model alone" if change.number is None else f"adapter {change.number}"
    reason = f" ({change.reason.rstrip('.')})" if change.reason else ""
    _console(stderr=True).print(f"{change.action.capitalize()}: {what}{reason}.")


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("adapter", "state", "made", "directions", "seeds", "the gate"):
        table.add_column(title, overflow="fold", no_wrap=title in ("adapter", "made"))
    for row in rows:
        number, state = str(row["number"]), _state(row)
        if row["damaged"]:
            table.add_row(number, state, "-", "-", "-", "-")
        else:
            directions = ", ".join(row["directions"])
            told = (_when(row["made"]), directions, str(row["seeds"]), row["reason"])
            table.add_row(number, state, *told)
    _console().print(table)


def _state(row: Mapping[str, Any]) -> str:
    words = [
        "in use" if row["in_use"] else "",
        "damaged" if row["damaged"] else "",
        "marked" if row["marked"] else "",
        "imported" if row.get("imported") else "",
    ]
    return ", ".join(filter(None, words)) or "kept"


def _plain(key: str, value: Any) -> str:
    if key == "made" and value:
        return _when(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


def _console(stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False)
