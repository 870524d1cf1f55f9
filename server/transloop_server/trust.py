"""Which folders' code may be run. Running it is safe only as far as the sandbox is; so people say.

An answer is remembered for the folder and all below it. Nobody waits for one: until it is there,
translations are not run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from transloop_settings import directories

QUESTION = (
    "To check translations, transloop runs your code and the translation in a sandbox without "
    "files and network. Do you trust the code in {folder}?"
)
YES, NO = "Yes, run it", "No, never run it"


class Trust:
    """What people said about folders, in the settings, in the editor, or when they were asked."""

    def __init__(self) -> None:
        self.editor: bool | None = None
        """What the editor itself says of its workspace, where it knows trust (VS Code)."""
        self._asked: set[Path] = set()
        self._watchers: list[Callable[[], None]] = []

    def watched_by(self, told: Callable[[], None]) -> None:
        """Have it told whenever somebody may have said something new."""
        self._watchers.append(told)

    def said(self) -> None:
        """Tell those who wait for it."""
        for told in self._watchers:
            told()

    def of(self, folder: Path, trusted: Iterable[str] = ()) -> bool | None:
        """Whether code of a folder may be run; None: nobody has said so yet.

        `trusted` are folders of the settings. An editor that does not trust its workspace wins.
        """
        if self.editor is False:
            return False
        if any(folder.is_relative_to(Path(each).expanduser()) for each in trusted):
            return True
        said = _remembered()
        around = [each for each in said if folder.is_relative_to(each)]
        if around:
            return said[max(around, key=lambda each: len(each.parts))]
        return self.editor

    def asks(self, folder: Path) -> bool:
        """Whether people should be asked about it now: once a session."""
        first = folder not in self._asked
        self._asked.add(folder)
        return first

    def remember(self, folder: Path, answer: bool) -> None:
        """Keep an answer; a home that cannot be written forgets it with the session."""
        said = {**_remembered(), folder: answer}
        with suppress(OSError):
            directories.state().mkdir(parents=True, exist_ok=True)
            fresh = _file().with_suffix(".new")
            fresh.write_text(json.dumps({str(each): yes for each, yes in said.items()}, indent=1))
            fresh.replace(_file())
        self.said()


def _file() -> Path:
    return directories.state() / "trust.json"


def _remembered() -> dict[Path, bool]:
    """A damaged file trusts nothing."""
    try:
        said = json.loads(_file().read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {Path(each): yes for each, yes in said.items() if isinstance(yes, bool)}
