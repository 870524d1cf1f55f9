"""Parts of a drawing (SVG). Colours are the page's, so they follow the light and the dark."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

Numbers = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """From values to places on the drawing."""

    values: Numbers
    places: Numbers

    def __call__(self, value: float) -> float:
        """Where a value is."""
        low, high = self.values
        part = (value - low) / ((high - low) or 1.0)
        return round(self.places[0] + part * (self.places[1] - self.places[0]), 1)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values, about so many."""
        low, high = self.values
        rough = (high - low) / most or 1.0
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(each * power for each in (1, 2, 5, 10) if each * power > 0.99 * rough)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return [round(at * step, 10) for at in range(first, last + 1)]


def around(values: Iterable[float], least: float, step: float, most: float = 1.0) -> Numbers:
    """A range that holds all values, with round ends, no smaller than `least`."""
    found = list(values) or [0.0]
    low, high = min(found), max(found)
    missing = max(0.0, least - (high - low)) / 2
    down = max(0.0, math.floor((low - missing) / step + 1e-9) * step)
    up = min(most, math.ceil((high + missing) / step - 1e-9) * step)
    return down, up if up > down else down + step


def drawing(name: str, size: Numbers, title: str, told: str, parts: Iterable[Markup]) -> Markup:
    """A whole drawing; `title` and `told` are what is read out."""
    return Markup(
        '<svg class="chart" viewBox="0 0 {1:g} {2:g}" role="img" '
        'aria-labelledby="{0}-title {0}-told" style="max-width:{1:g}px">'
        '<title id="{0}-title">{3}</title><desc id="{0}-told">{4}</desc>{5}</svg>'
    ).format(name, *size, title, told, Markup("").join(parts))


def line(one: Numbers, other: Numbers, kind: str) -> Markup:
    """From one place to another."""
    return Markup('<line class="{}" x1="{:g}" y1="{:g}" x2="{:g}" y2="{:g}"/>').format(
        kind, *one, *other
    )


def dot(at: Numbers, kind: str, radius: float = 5.0) -> Markup:
    """A round mark."""
    return Markup('<circle class="{}" cx="{:g}" cy="{:g}" r="{:g}"/>').format(kind, *at, radius)


def bar(at: Numbers, size: Numbers, kind: str) -> Markup:
    """A box, from its upper left corner."""
    return Markup('<rect class="{}" x="{:g}" y="{:g}" width="{:g}" height="{:g}" rx="2"/>').format(
        kind, *at, *size
    )


def path(points: Iterable[Numbers], kind: str) -> Markup:
    """A line through all points."""
    told = " ".join(f"{x:g},{y:g}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, told)


def text(at: Numbers, told: str, kind: str = "label", anchor: str = "start") -> Markup:
    """Words; `anchor` is start, middle or end."""
    return Markup('<text class="{}" x="{:g}" y="{:g}" text-anchor="{}">{}</text>').format(
        kind, *at, anchor, told
    )
