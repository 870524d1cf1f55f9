"""The text of an answer while it is written, for those who watch."""

from __future__ import annotations

from collections.abc import Sequence

LINES_SECONDS = 0.2
"""Between two looks at the text that is being written."""


class Lines:
    """The whole lines of an answer while it is written, put together some times a second."""

    def __init__(self, before: Sequence[str]) -> None:
        self.whole = "".join(f"{each}\n\n" for each in before)
        self._before = self.whole
        self._pieces: list[str] = []
        self._next = 0.0

    def add(self, piece: str, now: float) -> None:
        """One more piece of text, `now` in seconds."""
        self._pieces.append(piece)
        if now < self._next or "\n" not in piece:
            return
        self._pieces = ["".join(self._pieces)]
        written, _, _ = self._pieces[0].rpartition("\n")
        fence, _, code = written.partition("\n")
        code = code if fence.startswith("```") else written
        self.whole = self._before + code
        self._next = now + LINES_SECONDS if code else 0.0
