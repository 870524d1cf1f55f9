"""What happens to a translation, as values: the events of the log.

shown        the person sees a translation
accepted     it stays as it is
edited       it stays, corrected: the draft and the final text
rejected     it was refused, or undone at once
reverted     it had stayed for a while, and was taken out
superseded   another candidate took its place
cancelled    the person stopped it
failed       no usable code came of it
ignored      nothing happened to it; says nothing about its quality
survived     what was accepted or edited is not followed any further: how much of it was left when
harvested    a function was taken out of a code base, without a translation
imported     a seed came from a file
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from uuid import uuid4

Origin = Literal["editor", "command", "harvest", "import"]


def new_id() -> str:
    """An id for a translation that no other server on this machine gives."""
    return uuid4().hex


@dataclass(frozen=True)
class Source:
    """The code that was translated."""

    code: str
    language: str
    names: tuple[str, ...] = ()
    """What it declares."""
    signature: str | None = None
    needs: tuple[str, ...] = ()
    """What it uses from around it, each as text."""
    path: str | None = None
    """Relative to its workspace; never an absolute one."""


@dataclass(frozen=True)
class About:
    """What an event is about: one translation, and how it was made."""

    translation: str
    """See `new_id`. All events of one translation carry the same."""
    source: Source
    target: str | None = None
    """The id of the language it was translated to; None where nothing was translated."""
    origin: Origin = "editor"
    model: str = ""
    """The digest of the model's file."""
    adapter: str = ""
    """The adapter's digest; empty without one. Never a path."""
    prompt: str = ""
    """The version of the prompt's format."""
    verdict: str = "unchecked"
    """One word, such as `verified`."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What the verdict rests on, as plain JSON."""
    latency: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage, such as `first_token`, `code`, `verdict`."""
    learn: bool = True
    """False: the person said "do not learn from this", and nothing of it is written."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a translation."""

    kind: ClassVar[str]
    about: About
    time: float = field(default_factory=time.time, kw_only=True)
    """Seconds since 1970."""


@dataclass(frozen=True)
class Shown(Event):
    """The person sees it."""

    kind = "shown"
    draft: str


@dataclass(frozen=True)
class Accepted(Event):
    """It stays as it is."""

    kind = "accepted"
    final: str
    explicit: bool = False
    """By a command, and not only by leaving it there."""


@dataclass(frozen=True)
class Edited(Event):
    """It stays, corrected. Verdict and evidence are those of the final text."""

    kind = "edited"
    draft: str
    final: str
    explicit: bool = False


@dataclass(frozen=True)
class Rejected(Event):
    """It was refused, or undone at once."""

    kind = "rejected"
    draft: str
    explicit: bool = False


@dataclass(frozen=True)
class Reverted(Event):
    """It had stayed for a while, and was taken out."""

    kind = "reverted"
    draft: str


@dataclass(frozen=True)
class Superseded(Event):
    """Another candidate took its place."""

    kind = "superseded"
    draft: str
    by: str = ""
    """The id of the translation that did."""


@dataclass(frozen=True)
class Cancelled(Event):
    """The person stopped it."""

    kind = "cancelled"


@dataclass(frozen=True)
class Failed(Event):
    """No usable code came of it."""

    kind = "failed"
    reason: str


@dataclass(frozen=True)
class Ignored(Event):
    """Nothing happened to it. Never a negative."""

    kind = "ignored"
    draft: str


@dataclass(frozen=True)
class Survived(Event):
    """It is not followed any further. The evidence's `survival` says how much was left when."""

    kind = "survived"


@dataclass(frozen=True)
class Harvested(Event):
    """A function was taken out of a code base."""

    kind = "harvested"


@dataclass(frozen=True)
class Imported(Event):
    """A seed came from a file; `final` is empty where it has no translation."""

    kind = "imported"
    final: str = ""
    draft: str = ""


KINDS: Mapping[str, type[Event]] = {
    each.kind: each
    for each in (
        Shown, Accepted, Edited, Rejected, Reverted, Superseded, Cancelled, Failed, Ignored,
        Survived, Harvested, Imported,
    )
}  # fmt: skip
"""Every kind of event by its word."""
