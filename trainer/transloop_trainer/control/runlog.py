"""The log of a run: what was decided from what, why, and what came of it. No code is in it.

<state folder>/runs/
  7/                  a run; its folder is there with its first line, or not at all
    run.jsonl         appended to, and on the disk before anything is done

A process may be killed at any moment. Its last line may be torn then, and is dropped; a decision
without an outcome is what it was doing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from transloop_model.registry import files
from transloop_settings import directories
from transloop_settings.errors import RegistryUnwritable, RunDamaged, RunUnwritable, UsageError
from transloop_trainer.control import recorded
from transloop_trainer.control.decision import Decision, Outcome, Stop
from transloop_trainer.control.recorded import Decided, Done, Ended, Entry, Facts
from transloop_trainer.control.state import State, Step

FILE = "run.jsonl"


@dataclass(frozen=True)
class Recorded:
    """One decision, as the log has it."""

    at: float
    state: State
    """With all steps before it."""
    decision: Decision
    outcome: Outcome | None = None
    """None: it was interrupted, or it was to stop."""
    done: float | None = None


def root() -> Path:
    """The folder of all runs."""
    return directories.state() / "runs"


def names(runs: Path | None = None) -> list[str]:
    """The runs that there are, oldest first."""
    folder = runs or root()
    if not folder.is_dir():
        return []
    return sorted((each.name for each in folder.iterdir() if each.name.isdecimal()), key=int)


class RunLog:
    """One run. One process writes to it at a time; any number may read."""

    def __init__(self, folder: Path) -> None:
        """Read what `folder` has; `create` and `open` are the ways to it."""
        self.folder = folder
        self.facts, self._steps, self.ended = _read(folder / FILE)

    @classmethod
    def create(cls, facts: Facts, runs: Path | None = None) -> RunLog:
        """Begin a run, under the next number.

        Raises:
            RunUnwritable: the disk is full or read-only.
        """
        folder = runs or root()
        try:
            with files.writing(folder):
                path = folder / str(max(map(int, names(folder)), default=0) + 1)
                with files.new_folder(path) as made:
                    (made / FILE).write_bytes(recorded.line(facts))
        except RegistryUnwritable as error:
            raise RunUnwritable(str(error)) from error
        return cls(path)

    @classmethod
    def open(cls, name: str, runs: Path | None = None) -> RunLog:
        """A run that was begun before.

        Raises:
            UsageError: there is none of this name. RunDamaged: its log cannot be understood.
        """
        there = names(runs)
        if name not in there:
            known = f"There are: {', '.join(there)}." if there else "There are none yet."
            raise UsageError(f"There is no run {name}.", known)
        return cls((runs or root()) / name)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.folder.name

    # What it knows

    @property
    def decisions(self) -> tuple[Recorded, ...]:
        """Everything that was decided, in order."""
        return tuple(self._steps)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What was decided and done."""
        return tuple(
            Step(each.decision, each.outcome) for each in self._steps if each.outcome is not None
        )

    @property
    def interrupted(self) -> Recorded | None:
        """What was decided and is not done yet."""
        last = self._steps[-1] if self._steps else None
        return last if last and last.outcome is None and self.ended is None else None

    def state(
        self,
        *,
        sources: Mapping[str, Mapping[str, int]],
        pairs: Mapping[str, int],
        people: int,
        seconds: float,
        rates: Mapping[str, float] | None = None,
    ) -> State:
        """What the next decision is made from: what this run is about, and how things are now."""
        facts = self.facts
        return State(
            directions=facts.directions,
            guarded=facts.guarded,
            sources=sources,
            pairs=pairs,
            people=people,
            seconds=seconds,
            seconds_left=max(0.0, facts.seconds - seconds),
            steps=self.steps,
            seed=facts.seed,
            recipe=facts.recipe,
            rates=rates or {},
        )

    # What is added to it

    def decided(self, state: State, decision: Decision) -> None:
        """Note a decision; nothing of it may be done before this has returned.

        Raises:
            RunUnwritable.
            ValueError: the one before is not done yet, or the run has ended.
        """
        if self.ended or self.interrupted:
            raise ValueError("the run has ended, or its last decision is not done yet")
        at = time.time()
        self._append(Decided(at, replace(state, steps=()), decision))
        self._steps.append(Recorded(at, replace(state, steps=self.steps), decision))

    def done(self, outcome: Outcome) -> None:
        """Note what came of the last decision.

        Raises:
            RunUnwritable.
            ValueError: nothing is to be done.
        """
        last = self.interrupted
        if last is None or isinstance(last.decision, Stop):
            raise ValueError("there is no decision that this could have come of")
        at = time.time()
        self._append(Done(at, outcome))
        self._steps[-1] = replace(last, outcome=outcome, done=at)

    def end(self, promoted: int | None, reason: str, failed: bool = False) -> None:
        """Note how the run ended; nothing follows.

        Raises:
            RunUnwritable.
            ValueError: it has ended before.
        """
        if self.ended:
            raise ValueError("the run has ended before")
        ended = Ended(time.time(), promoted, reason, failed)
        self._append(ended)
        self.ended = ended

    def _append(self, entry: Entry) -> None:
        path = self.folder / FILE
        try:
            with path.open("rb+") as file:
                file.truncate(_whole(path.read_bytes()))
                file.seek(0, os.SEEK_END)
                file.write(recorded.line(entry))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunUnwritable(
                f"{path} could not be written: {error.strerror or error}.",
                "Make room and start it again: it goes on where it was.",
            ) from error


def _read(path: Path) -> tuple[Facts, list[Recorded], Ended | None]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunDamaged(f"{path} cannot be read: {error.strerror or error}.") from None
    lines = content[: _whole(content)].splitlines()
    entries = [recorded.entry(text, number) for number, text in enumerate(lines, 1)]
    if not entries or not isinstance(entries[0], Facts):
        raise RunDamaged(f"{path} does not begin with what the run is about.", "Delete its folder.")
    return entries[0], *_told(path, entries[1:])


def _told(path: Path, entries: list[Entry]) -> tuple[list[Recorded], Ended | None]:
    steps: list[Recorded] = []
    done: tuple[Step, ...] = ()
    for at, each in enumerate(entries):
        last = steps[-1] if steps else None
        waits = last is not None and last.outcome is None
        match each:
            case Decided() if not waits:
                state = replace(each.state, steps=done)
                steps.append(Recorded(each.at, state, each.decision))
            case Done() if last and waits and not isinstance(last.decision, Stop):
                steps[-1] = replace(last, outcome=each.outcome, done=each.at)
                done = (*done, Step(last.decision, each.outcome))
            case Ended() if at == len(entries) - 1:
                return steps, each
            case _:
                raise RunDamaged(
                    f"Line {at + 2} of {path} does not follow from the one before.",
                    "Delete the run's folder, or restore it; other runs are not touched.",
                )
    return steps, None


def _whole(content: bytes) -> int:
    """How much of it are whole lines."""
    return content.rfind(b"\n") + 1
