"""Numbers as people read them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any


def lasted(seconds: float) -> str:
    """Such as `2 h 05 min`, `12 min` or `40 s`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 100 else f"{minutes} min"


def when(seconds: float) -> str:
    """A time of day, with its date."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def percent(share: float | None) -> str:
    """A share; nothing where there is none."""
    return "" if share is None else f"{100 * share:.0f} %"


def points(value: float) -> str:
    """A difference, in points of 100."""
    return f"{value:+.1f}".replace("-", "−")  # a minus as wide as the plus above it


def between(interval: tuple[float, float]) -> str:
    """An interval of points."""
    return f"{points(interval[0])} to {points(interval[1])}"


def direction(name: str) -> str:
    """Such as `python → java`."""
    return name.replace(":", " → ")


def sentence(told: str) -> str:
    """As it is in the log, with arrows that are not torn at the end of a line."""
    return told.replace(" -> ", " → ")


def construct(name: str | None) -> str:
    """Such as `string formatting`."""
    return name.replace("_", " ") if name else "whatever there is"


def counts(found: Mapping[str, int], most: int = 6) -> str:
    """How often what; the most frequent first, and how many others there are."""
    ranked = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    told = [f"{count} × {name}" for name, count in ranked[:most]]
    rest = sum(count for _, count in ranked[most:])
    return ", ".join([*told, *([f"{rest} others"] if rest else [])])


def numbers(changes: Mapping[str, Any]) -> str:
    """Fields and their values."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())


def several(count: int, noun: str) -> str:
    """Such as `1 pair` or `3 pairs`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
