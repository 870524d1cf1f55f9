"""A terminal as a person has it before them: keys are typed, the screen is read (tmux)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

COLUMNS, ROWS = 120, 36
PATIENCE = 20.0
"""Seconds until something must be on the screen."""


class Terminal:
    """One tmux server with one window."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        tmux = shutil.which("tmux")
        assert tmux, "tmux is missing; `make test` gets it on Debian and Ubuntu."
        self._folder = Path(tempfile.mkdtemp(prefix="tmux-"))  # a socket's path must be short
        self._tmux = [tmux, "-u", "-f", os.devnull, "-S", str(self._folder / "s")]
        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        outside = {**environment, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        self._run("new-session", "-d", *size, "-c", str(folder), *command, environment=outside)
        self._run("set-option", "-g", "escape-time", "0")

    def keys(self, *names: str) -> None:
        """Press keys by their names, such as `Enter`, `Escape` or `C-w`."""
        self._run("send-keys", *names)

    def types(self, text: str, enter: bool = False) -> None:
        """Type characters, as they are."""
        self._run("send-keys", "-l", "--", text)
        if enter:
            self.keys("Enter")

    def screen(self) -> str:
        """What can be seen."""
        return self._run("capture-pane", "-p").rstrip()

    def sees(self, *texts: str, patience: float = PATIENCE) -> str:
        """Wait until all these texts are on the screen; the screen."""
        return self._wait(lambda screen: all(text in screen for text in texts), texts, patience)

    def sees_no(self, text: str) -> str:
        """Wait until this text is not on the screen any more."""
        return self._wait(lambda screen: text not in screen, (f"no {text}",), PATIENCE)

    def ends(self) -> None:
        """Wait until the program has ended, and its terminal with it."""
        deadline = time.monotonic() + PATIENCE
        command = [*self._tmux, "has-session"]
        while subprocess.run(command, capture_output=True, check=False).returncode == 0:
            assert time.monotonic() < deadline, self.screen()
            time.sleep(0.03)

    def close(self) -> None:
        """End the program and its terminal."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)
        shutil.rmtree(self._folder)

    def _wait(
        self, condition: Callable[[str], bool], wanted: Sequence[str], patience: float
    ) -> str:
        deadline = time.monotonic() + patience
        while not condition(screen := self.screen()):
            assert time.monotonic() < deadline, f"not seen: {wanted}\n{screen}"
            time.sleep(0.03)
        return screen

    def _run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments],
            env=None if environment is None else {**environment},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
