"""What is said of an adapter that has come into use, and to whom it was said already."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from transloop_model.registry.card import Change
from transloop_model.registry.registry import Registry, Version
from transloop_settings import directories


@dataclass(frozen=True)
class News:
    """Another version is in use."""

    text: str
    known: bool
    """Some server has said so before."""


def news(registry: Registry, found: Version | None) -> News | None:
    """What there is to say of the version in use; marks it as said. None: nothing ever changed."""
    changes = registry.standing().changes
    if not changes:
        return None
    told = _read()
    known = told.get(registry.base_sha256) == changes[-1].time
    if not known:
        _write({**told, registry.base_sha256: changes[-1].time})
    return News(sentence(changes[-1], found), known)


def sentence(change: Change, found: Version | None) -> str:
    """Such as "adapter 7: +4.2 points python -> java, from 31 of your corrections"."""
    if found is None:
        return "No adapter is in use any more: the model translates alone."
    name = f"adapter {found.number}"
    if change.forced:
        return f"{name} is in use, against the gate"
    if change.action != "promoted" or found.verdict is None:
        return f"{name} is in use"
    gains = [str(each) for each in found.verdict.measured if not each.guarded]
    corrections = found.card.story.corrections
    of_yours = f", from {corrections} of your corrections" if corrections else ""
    return f"{name}: {', '.join(gains) or found.verdict.reason.rstrip('.')}{of_yours}"


def _file() -> Path:
    return directories.state() / "adapters-told.json"


def _read() -> dict[str, object]:
    try:
        found = json.loads(_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(told: dict[str, object]) -> None:
    fresh = _file().with_name(f"{_file().name}.{os.getpid()}.new")
    with suppress(OSError):  # a read-only home: the next session says it again
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(told))
        fresh.replace(_file())
