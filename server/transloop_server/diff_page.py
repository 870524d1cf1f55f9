"""Original and translation next to each other: as two files, and as one page for plain editors."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from transloop_server import pages
from transloop_server.jobs import Job
from transloop_settings.errors import UsageError
from transloop_syntax.language import language


@dataclass(frozen=True)
class Sides:
    """What can be compared."""

    left: Path
    right: Path
    page: Path
    title: str


def write(job: Job, standing: str) -> Sides:
    """Write the original, the translation as it is now, and a page with both.

    Raises:
        UsageError: the folder of state cannot be written.
    """
    source, target = language(job.work.unit.language), job.work.target
    try:
        folder = pages.folder() / job.id
        folder.mkdir(exist_ok=True)
        sides = Sides(
            folder / f"original{source.suffixes[0]}",
            folder / f"translation{target.suffixes[0]}",
            folder / f"{job.name}.md",
            f"{job.name}: {source.name} to {target.name}",
        )
        sides.left.write_text(_lines(job.work.unit.code), "utf-8")
        sides.right.write_text(_lines(standing), "utf-8")
        sides.page.write_text("\n".join(_page(job, standing, sides.title)), "utf-8")
    except OSError as error:
        raise UsageError(f"The comparison could not be written: {error}.") from error
    return sides


def write_draft(job: Job, standing: str) -> Sides:
    """As `write`, with what the model wrote against what the person made of it."""
    sides, target = write(job, standing), job.work.target
    draft = sides.left.with_name(f"draft{target.suffixes[0]}")
    try:
        draft.write_text(_lines(_draft(job, standing)), "utf-8")
    except OSError as error:
        raise UsageError(f"{draft} could not be written: {error.strerror}.") from error
    return replace(sides, left=draft, title=f"{job.name}: draft to yours")


def _lines(code: str) -> str:
    """With one line end behind it, as a file has it."""
    return code.rstrip("\r\n") + "\n"


def _page(job: Job, standing: str, title: str) -> Iterator[str]:
    source, target = language(job.work.unit.language), job.work.target
    draft = _draft(job, standing)
    yield from (f"# {title}", "")
    yield from (f"## {source.name}", "", f"~~~~{source.fence}", job.work.unit.code, "~~~~", "")
    yield from (f"## {target.name}", "", f"~~~~{target.fence}", standing, "~~~~", "")
    if standing != draft:
        lines = (draft.splitlines(), standing.splitlines())
        yield from ("## What was changed since it was placed", "", "~~~~diff")
        yield from difflib.unified_diff(*lines, "placed", "now", lineterm="")
        yield from ("~~~~", "")


def _draft(job: Job, standing: str) -> str:
    """What was placed, before anybody changed it."""
    return job.placed.text if job.placed else standing
