"""The page itself: one file, without scripts, and without anything from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from transloop_model.registry import files
from transloop_settings.errors import UsageError
from transloop_trainer.control.runlog import RunLog
from transloop_trainer.report import charts, making, rounds, story, words


def page(log: RunLog) -> str:
    """A run as HTML. Whatever is in its log, an unfinished or failed run has a page, too."""
    trainings = rounds.rounds(log.decisions)
    attempts = making.attempts(log.decisions)
    failed = [(each, rounds.failures(each)) for each in trainings if each.made.failures]
    return _template().render(
        log=log,
        facts=log.facts,
        state=story.state(log),
        headline=story.headline(log),
        entries=story.entries(log),
        spent=story.spent(log),
        replayed=story.replayed(log),
        rounds=trainings,
        failed=failed,
        together=rounds.together,
        numbers=rounds.numbers(trainings),
        attempts=attempts,
        directions=making.directions(attempts),
        made=making.by_direction(attempts),
        constructs=making.by_construct(attempts),
        charts=charts,
        words=words,
    )


def write(log: RunLog, path: Path) -> None:
    """Write the page of a run, whole or not at all.

    Raises:
        UsageError: it cannot be written there.
    """
    content = page(log).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, content)
    except OSError as error:
        raise UsageError(
            f"{path} could not be written: {error.strerror or error}.",
            "Name another file with --out.",
        ) from error


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("transloop_trainer.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")
