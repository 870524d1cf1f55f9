"""What a run leaves behind: values, and each of them as one line of JSON.

It is read as strictly as it was written: a log that is read generously would tell of a run that
never was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from transloop_settings.errors import RunDamaged
from transloop_trainer.control.decision import Decision, Outcome
from transloop_trainer.control.state import State

VERSION = 1
"""Of the log; another one is refused."""


@dataclass(frozen=True)
class Facts:
    """What a run is about; written once, at its beginning."""

    policy: str
    model: str
    """What people call it."""
    base_sha256: str
    """Digest of the model file."""
    against: str
    """Digest of the adapter that was in use; empty: the model alone."""
    directions: tuple[str, ...]
    guarded: tuple[str, ...]
    seconds: float
    """Of work that it may take."""
    recipe: str
    seed: int
    began: float
    """Seconds since 1970."""


@dataclass(frozen=True)
class Decided:
    """A decision, and what it was made from."""

    at: float
    """Seconds since 1970. The clock may have been moved in between; nothing is decided by it."""
    state: State
    """Its steps are those before in the log, and are not written again."""
    decision: Decision


@dataclass(frozen=True)
class Done:
    """What the last decision came to."""

    at: float
    outcome: Outcome


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    at: float
    promoted: int | None
    """The adapter that is in use since; None: what was in use still is."""
    reason: str
    """One sentence, for people."""
    failed: bool = False
    """It ended by an error, and not by a decision."""


Entry = Facts | Decided | Done | Ended

_KINDS: dict[str, type[Entry]] = {
    "run": Facts,
    "decided": Decided,
    "done": Done,
    "ended": Ended,
}
_ADAPTERS: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(made) for kind, made in _KINDS.items()}


def line(entry: Entry) -> bytes:
    """An entry as a line, with its end."""
    kind = next(kind for kind, made in _KINDS.items() if type(entry) is made)
    told = _ADAPTERS[kind].dump_python(entry, mode="json")
    written = {kind: told} if kind != "run" else {"version": VERSION, kind: told}
    return (json.dumps(written, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def entry(text: bytes, number: int) -> Entry:
    """The entry that a line holds.

    Raises:
        RunDamaged: it is none; names the line and what is wrong with it.
    """
    try:
        given = json.loads(text)
    except ValueError:
        raise _damaged(number, "it is no JSON") from None
    if not isinstance(given, dict):
        raise _damaged(number, "it is no table")
    version = given.pop("version", VERSION)
    if version != VERSION:
        raise RunDamaged(f"The log is of version {version!r}.", "Use the transloop that wrote it.")
    if len(given) != 1 or (kind := next(iter(given))) not in _ADAPTERS:
        raise _damaged(number, f"it is none of {', '.join(_KINDS)}")
    try:
        found: Entry = _ADAPTERS[kind].validate_json(
            json.dumps(given[kind]), strict=True, extra="forbid"
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, (kind, *first["loc"])))
        raise _damaged(number, f"{where}: {first['msg']}") from None
    return found


def _damaged(number: int, why: str) -> RunDamaged:
    return RunDamaged(
        f"Line {number} of the run's log is not what was written: {why}.",
        "Delete the run's folder, or restore it; other runs are not touched.",
    )
