"""The charts of the page. None tells anything by colour alone: marks differ, and numbers are there.

A hollow mark is what was in use before, a full one the new adapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from transloop_trainer.report import words
from transloop_trainer.report.drawing import (
    Scale,
    around,
    bar,
    dot,
    drawing,
    line,
    path,
    text,
)
from transloop_trainer.report.rounds import Failures, Round, Row

WIDE, SMALL = 760.0, 360.0
ROW = 26.0


def progress(found: Sequence[Round]) -> Markup:
    """pass@1 by direction and round: before, after, and the interval of what is there after."""
    names = dict.fromkeys(row.measured.direction for each in found for row in each.rows)
    rows = [(each, row) for each in found for row in each.rows]
    ends = [end for _, row in rows for end in (*row.around, row.before)]
    scale = Scale(around(ends, 0.2, 0.1), (210.0, 560.0))
    height = 34 + sum(30 + ROW * _count(rows, name) for name in names)
    parts = [*_grid(scale, 20.0, height - 6, words.percent)]
    top = 34.0
    for name in names:
        ours = [(each, row) for each, row in rows if row.measured.direction == name]
        guarded = " (guarded)" if ours[0][1].measured.guarded else ""
        parts.append(text((0, top + 16), f"{words.direction(name)}{guarded}", "name"))
        for at, (each, row) in enumerate(ours):
            parts += _dumbbell(scale, top + 34 + ROW * at, each, row)
        top += 30 + ROW * len(ours)
    told = "; ".join(_spoken(each, row) for each, row in rows)
    return drawing("progress", (WIDE, height), "pass@1 by direction and round", told, parts)


def _count(rows: Sequence[tuple[Round, Row]], name: str) -> int:
    return sum(row.measured.direction == name for _, row in rows)


def _spoken(found: Round, row: Row) -> str:
    before, after = words.percent(row.before), words.percent(row.after)
    return f"{words.direction(row.measured.direction)}, round {found.number}: {before} to {after}"


def _dumbbell(scale: Scale, y: float, found: Round, row: Row) -> Iterator[Markup]:
    low, high = row.around
    yield text((12, y + 4), found.title, "label")
    yield line((scale(low), y), (scale(high), y), "interval")
    yield line((scale(row.before), y), (scale(row.after), y), "change")
    yield dot((scale(row.before), y), "before")
    yield dot((scale(row.after), y), "after")
    told = f"{words.points(row.gain.points)} ({words.between(row.gain.interval)})"
    yield text((WIDE, y + 4), told, "value", "end")


def _grid(
    scale: Scale, top: float, bottom: float, shown: object = None, mark: int = 6
) -> Iterator[Markup]:
    for tick in scale.ticks(mark):
        yield line((scale(tick), top), (scale(tick), bottom), "grid")
        told = shown(tick) if callable(shown) else f"{tick:g}"
        yield text((scale(tick), top - 6), told, "tick", "middle")


# Of one training ---------------------------------------------------------------------------------


def validation(found: Round) -> Markup | None:
    """Executed validation by step, with what is in use; None: it was not validated."""
    scores = {step: score for step, score in sorted(found.made.scores.items()) if step}
    if not scores:
        return None
    in_use, best = found.made.scores.get(0), found.made.best_step
    values = [*scores.values(), *([in_use] if in_use is not None else [])]
    x = Scale((0.0, float(max(*scores, found.made.steps, 1))), (44.0, SMALL - 16))
    y = Scale(around(values, 0.1, 0.05), (128.0, 20.0))
    parts = [*_rules(y), *_steps(x, 128.0)]
    if in_use is not None:
        parts.append(line((x(0), y(in_use)), (SMALL - 16, y(in_use)), "in-use"))
        parts.append(text((48, y(in_use) - 5), "in use", "tick"))
    parts.append(path([(x(step), y(score)) for step, score in scores.items()], "curve"))
    parts += [dot((x(step), y(score)), "point", 3) for step, score in scores.items()]
    if best in scores:
        parts.append(dot((x(best), y(scores[best])), "best", 7))
    told = ", ".join(f"step {step}: {words.percent(score)}" for step, score in scores.items())
    return drawing(
        f"validation-{found.number}",
        (SMALL, 160.0),
        f"pass@1 on the validation set by step, round {found.number}",
        f"{told}; taken from step {best}",
        parts,
    )


def losses(found: Round) -> Markup | None:
    """The training loss by step; None: there is none, or it was no number."""
    values = [each for each in found.made.losses if each == each and abs(each) != float("inf")]
    if len(values) < 2:
        return None
    x = Scale((1.0, float(len(values))), (44.0, SMALL - 16))
    y = Scale(around(values, 0.1, 0.1, most=1e9), (128.0, 20.0))
    parts = [
        *_rules(y, plain=True),
        *_steps(x, 128.0),
        path([(x(step), y(each)) for step, each in enumerate(values, 1)], "curve"),
    ]
    told = f"from {values[0]:.2f} to {values[-1]:.2f}"
    return drawing(
        f"loss-{found.number}", (SMALL, 160.0), f"Loss by step, round {found.number}", told, parts
    )


def _rules(y: Scale, plain: bool = False) -> Iterator[Markup]:
    for tick in y.ticks(4):
        yield line((44, y(tick)), (SMALL - 16, y(tick)), "grid")
        told = f"{tick:g}" if plain else words.percent(tick)
        yield text((38, y(tick) + 4), told, "tick", "end")


def _steps(x: Scale, bottom: float) -> Iterator[Markup]:
    for tick in x.ticks(5):
        if tick == int(tick):
            yield text((x(tick), bottom + 16), f"{tick:g}", "tick", "middle")
    yield text((SMALL - 16, bottom + 30), "step", "tick", "end")


def failures(found: Failures, name: str) -> Markup:
    """How many units failed in which way: a hollow bar before, a full one after."""
    most = max([1, *(count for both in found.counts.values() for count in both)])
    scale = Scale((0.0, float(most)), (80.0, SMALL - 40))
    parts: list[Markup] = []
    for at, (kind, (before, after)) in enumerate(found.counts.items()):
        top = 4.0 + 36 * at
        parts.append(text((72, top + 18), kind, "label", "end"))
        for count, style, y in ((before, "bar-before", top), (after, "bar-after", top + 14)):
            parts.append(bar((80, y), (max(1.0, scale(count) - 80), 12), style))
            parts.append(text((scale(count) + 6, y + 10), str(count), "value"))
    told = "; ".join(f"{kind}: {old} to {new}" for kind, (old, new) in found.counts.items())
    height = 8 + 36 * len(found.counts)
    return drawing(name, (SMALL, height), "Failures by class, before and after", told, parts)


# Small ones, in tables ---------------------------------------------------------------------------


def reach(low: float, high: float, name: str) -> Markup:
    """From pass@1 (hollow) to pass@8 (full): what lies between can be learned."""
    x = Scale((0.0, 1.0), (6.0, 94.0))
    told = f"pass@1 {words.percent(low)}, pass@8 {words.percent(high)}"
    parts = [
        line((6, 8), (94, 8), "grid"),
        line((x(low), 8), (x(high), 8), "change"),
        dot((x(low), 8), "before", 4),
        dot((x(high), 8), "after", 4),
    ]
    return drawing(name, (100.0, 16.0), told, "", parts)


def spent(parts: Mapping[str, float]) -> Markup:
    """Where the time went: boxes in a row, each with its name below where there is room."""
    whole = sum(parts.values()) or 1.0
    scale = Scale((0.0, whole), (0.0, WIDE))
    drawn, start = [], 0.0
    for at, (name, seconds) in enumerate(parts.items()):
        width = scale(seconds)
        drawn.append(bar((scale(start), 4), (max(0.0, width - 2), 22), f"part-{at}"))
        if width > 9 * len(name):
            drawn.append(text((scale(start), 42), name, "label"))
        start += seconds
    told = "; ".join(f"{name}: {words.lasted(seconds)}" for name, seconds in parts.items())
    return drawing("spent", (WIDE, 48.0), "Where the time went", told, drawn)
