"""The records in what a program printed, by the protocol of `harness.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transloop_verify.case import Observation
from transloop_verify.value import Opaque, Value, from_plain


@dataclass(frozen=True)
class Reading:
    """What has been read so far."""

    first: int
    """Index of the first case that was to be run."""
    ready: bool = False
    refused: Observation | None = None
    """The side's own code raised this while it was loaded."""
    observations: tuple[Observation, ...] = ()
    """Of the cases from `first` on, without a gap."""


def read(stdout: bytes, nonce: str, first: int) -> Reading:
    """The records of one run. What is out of order is not ours, and ends the reading."""
    ready, found, at = False, list[Observation](), 0
    for match in re.finditer(rb"(?:^|\n)%s ([^\n]*)(?=\n)" % re.escape(nonce.encode()), stdout):
        printed = stdout[at : match.start()].decode("utf-8", "replace")
        at = match.end() + 1
        record = _record(match[1])
        if record.get("k") == "refused":
            return Reading(first, refused=_observation(record, ""))
        if record.get("k") == "ready" and not ready:
            ready = True
        elif ready and record.get("i") == first + len(found):
            found.append(_observation(record, printed))
        else:
            break
    return Reading(first, ready, None, tuple(found))


def _record(payload: bytes) -> dict[str, Any]:
    try:
        record = json.loads(payload)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _observation(record: dict[str, Any], printed: str) -> Observation:
    raised = record.get("k") != "returned"
    return Observation(
        "raised" if raised else "returned",
        value=None if raised else _value(record.get("v")),
        error=str(record.get("e", "")),
        message=str(record.get("m", "")),
        after=_values(record.get("a")),
        printed=printed,
        line=int(record.get("l") or 0),
    )


def _values(plain: Any) -> tuple[Value, ...]:
    return tuple(_value(each) for each in plain) if isinstance(plain, Sequence) else ()


def _value(plain: Any) -> Value:
    try:
        return from_plain(plain)
    except ValueError:
        return Opaque("it is no value of ours")
