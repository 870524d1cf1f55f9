"""What the person agreed to, kept in the folder of state: for every workspace, or for one.

Whoever was not asked has not agreed. A file that cannot be read counts as that.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from filelock import FileLock

from transloop_settings import directories
from transloop_settings.errors import SettingsError
from transloop_settings.settings import Level

EVERYWHERE = "*"
_VERSION = 1


@dataclass(frozen=True)
class Consent:
    """The answers so far, by the workspace's path."""

    answers: Mapping[str, Level] = field(default_factory=dict)
    problem: str = ""
    """Why they could not be read."""

    def level(self, workspace: Path | None) -> Level | None:
        """What was agreed to for a workspace; None: nobody was asked."""
        own = self.answers.get(str(workspace.resolve())) if workspace else None
        return own or self.answers.get(EVERYWHERE)


def read() -> Consent:
    """The answers that are stored on this machine."""
    try:
        stored = json.loads(_file().read_text(encoding="utf-8"))
        answers = {str(key): _level(each["level"]) for key, each in stored["answers"].items()}
    except FileNotFoundError:
        return Consent()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Consent(problem=f"{_file()} cannot be read: {error}")
    return Consent(answers)


def answer(level: Level, workspace: Path | None = None) -> Consent:
    """Store an answer for a workspace, or for all that have none of their own.

    Raises:
        OSError: the folder of state cannot be written.
        SettingsError: the answers so far cannot be read; one of them may have been a no.
    """
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock"), mode=0o600):
        before = read()
        if before.problem:
            raise SettingsError(f"{before.problem}.", "Delete it, and answer again.")
        name = str(workspace.resolve()) if workspace else EVERYWHERE
        answers = {**before.answers, name: level}
        _write(file, answers)
    return Consent(answers)


def _write(file: Path, answers: Mapping[str, Level]) -> None:
    stored: dict[str, Any] = {
        "version": _VERSION,
        "answers": {key: {"level": each} for key, each in answers.items()},
        "time": time.time(),
    }
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(stored, out)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def _file() -> Path:
    return directories.state() / "consent.json"


def _level(word: Any) -> Level:
    for level in get_args(Level):
        if word == level:
            return level  # type: ignore[no-any-return]
    raise ValueError(f"{word!r} is no level")
