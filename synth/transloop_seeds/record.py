"""An event as it is written: reduced to what may be kept, without secrets, code apart by digest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transloop_seeds.event import (
    About,
    Accepted,
    Edited,
    Event,
    Failed,
    Harvested,
    Ignored,
    Imported,
    Rejected,
    Reverted,
    Shown,
    Superseded,
)
from transloop_seeds.permission import Permission
from transloop_seeds.redaction import redact
from transloop_settings.settings import Level

DAY = 86_400.0
MEASURES = frozenset({
    "cases", "agreed", "held_out", "reached", "branches", "killed", "run", "made", "score",
    "seconds", "first_seconds", "coverage", "mutants",
    "survival", "at_30", "at_120", "at_300", "at_600", "at_save", "at_close",
})  # fmt: skip
"""Of the evidence, the numbers that say nothing about the code; these are always kept."""


@dataclass(frozen=True)
class Record:
    """A row of the log, and the texts that belong to it."""

    event: Event
    level: Level
    measures: Mapping[str, Any]
    redacted: int = 0
    expires: float | None = None
    source: str | None = None
    draft: str | None = None
    final: str | None = None
    details: str | None = None
    seed: str | None = None
    content: Mapping[str, str] = field(default_factory=dict)
    """Text by digest."""


def record(event: Event, permission: Permission) -> Record:
    """What is written of an event. The level must not be `off`: then nothing is."""
    about = event.about
    measures = _measures(about.evidence)
    # What was asked for one by one is kept until it is forgotten.
    asked_for = isinstance(event, Harvested | Imported)
    expires = None if asked_for else event.time + permission.retention_days * DAY
    if permission.level != "all":
        return Record(event, permission.level, measures, expires=expires)
    private = redact(_private(event))
    code, draft, final = (_whole(private.plain[key]) for key in ("code", "draft", "final"))
    details = {"of": digest(code), **private.plain["details"]}  # so that no other code shares them
    texts = {digest(text): text for text in (code, draft, final, _json(details)) if text}
    return Record(
        event,
        "all",
        measures,
        redacted=private.count,
        expires=expires,
        source=digest(code),
        draft=digest(draft) if draft else None,
        final=digest(final) if final else None,
        details=digest(_json(details)),
        seed=seed_digest(about, code, details["needs"], final) if _leaves_seed(event) else None,
        content=texts,
    )


def digest(text: str) -> str:
    """The name of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def seed_digest(about: About, code: str, needs: list[str], final: str) -> str:
    """The id of a seed: the same code in the same languages is the same seed."""
    target = about.target if final else None
    parts = [about.source.language, _plain(code), [_plain(each) for each in needs]]
    return digest(_json([*parts, target, _plain(final)]))


def _leaves_seed(event: Event) -> bool:
    return isinstance(event, Accepted | Edited | Harvested | Imported)


def texts_of(event: Event) -> tuple[str, str]:
    """The draft and the final text, each empty where there is none."""
    match event:
        case Edited(draft=draft, final=final) | Imported(draft=draft, final=final):
            return draft, final
        case Accepted(final=final):
            return "", final
        case Shown() | Rejected() | Reverted() | Superseded() | Ignored():
            return event.draft, ""
    return "", ""


def _private(event: Event) -> dict[str, Any]:
    """Everything of an event that may show the person's code."""
    source, (draft, final) = event.about.source, texts_of(event)
    details = {
        "names": list(source.names),
        "signature": source.signature,
        "needs": list(source.needs),
        "path": source.path,
        "evidence": dict(event.about.evidence),
        "reason": event.reason if isinstance(event, Failed) else "",
    }
    return {"code": source.code, "draft": draft, "final": final, "details": details}


def _measures(evidence: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in evidence.items():
        if key not in MEASURES:
            continue
        if isinstance(value, Mapping):
            found[key] = _measures(value)
        elif isinstance(value, bool | int | float):
            found[key] = value
    return found


def _plain(text: str) -> str:
    """Line ends and blanks at the ends of lines make no other seed."""
    return "\n".join(line.rstrip() for line in text.strip("\r\n").splitlines())


def word(text: str) -> str:
    """A name or a digest as it is; anything else, such as a path, by its digest alone."""
    return text if re.fullmatch(r"[\w.:+-]{0,100}", text) else digest(text)


def _whole(text: str) -> str:
    """Without halves of characters, which no file in UTF-8 can hold."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
