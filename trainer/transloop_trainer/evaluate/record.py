"""What came of each unit, a line each, written as soon as it is known: a run can be interrupted.

A file belongs to one model, adapter, direction and way of drawing; its first line says which. So a
second run goes on where the first one was, and a comparison finds what was measured before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from transloop_model import prompt
from transloop_settings.errors import UsageError
from transloop_trainer.evaluate.judging import Judged

VERSION = 1
"""Of what a line means; another one is measured anew."""


@dataclass(frozen=True)
class How:
    """How answers are drawn: one greedily, and so many samples at a temperature."""

    samples: int = 0
    temperature: float = 0.8
    top_p: float = 0.95


@dataclass(frozen=True)
class Arm:
    """What is evaluated: a model, or a model with an adapter."""

    name: str
    model: str
    model_sha256: str
    adapter_sha256: str | None = None

    def facts(self, direction: str, how: How) -> dict[str, Any]:
        """All that an outcome depends on beside its unit."""
        return {
            "version": VERSION,
            "direction": direction,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "adapter_sha256": self.adapter_sha256,
            "prompt_version": prompt.VERSION,
            **asdict(how),
        }


@dataclass(frozen=True)
class Outcome:
    """What came of one unit."""

    unit: str
    digest: str
    """Of the task: an outcome counts only for the task that it was measured on."""
    greedy: Judged
    code: str = ""
    """The greedy answer; empty where there was none."""
    samples: tuple[Judged, ...] = ()
    tokens: int = 0
    seconds: float = field(default=0.0, compare=False)


class Record:
    """A file of outcomes."""

    def __init__(self, folder: Path, facts: Mapping[str, Any]) -> None:
        text = json.dumps(facts, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.path = folder / f"{str(facts['direction']).replace(':', '-')}-{name}.jsonl"
        self._facts = text

    def known(self) -> dict[str, Outcome]:
        """All outcomes so far, by the digest of their task."""
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}.") from error
        found = [outcome for line in lines[1:] if (outcome := _read(line)) is not None]
        return {outcome.digest: outcome for outcome in found}

    def add(self, outcome: Outcome) -> None:
        """Write one more, at once. Raises UsageError where that is not possible."""
        line = json.dumps(asdict(outcome), ensure_ascii=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+", encoding="utf-8") as file:
                file.write(self._before() + line + "\n")
        except OSError as error:
            raise UsageError(
                f"The outcome cannot be written to {self.path}: {error.strerror}.",
                "Make room and run it again; it goes on where it was.",
            ) from error

    def forget(self) -> None:
        """Begin anew."""
        self.path.unlink(missing_ok=True)

    def _before(self) -> str:
        """The first line, or the end of a line that a killed run has left half."""
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            if not size:
                return self._facts + "\n"
            file.seek(size - 1)
            return "" if file.read(1) == b"\n" else "\n"


def _read(line: str) -> Outcome | None:
    """The outcome of a line; None for one that was cut off."""
    try:
        given = json.loads(line)
        greedy = Judged(**given.pop("greedy"))
        samples = tuple(Judged(**each) for each in given.pop("samples"))
        return Outcome(greedy=greedy, samples=samples, **given)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
