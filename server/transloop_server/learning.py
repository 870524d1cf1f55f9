"""Whether people let transloop learn from what they do: asked once, remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from lsprotocol import types as lsp

from transloop_seeds import consent
from transloop_server.editor import Editor
from transloop_settings.errors import SettingsError
from transloop_settings.settings import Learn, Level

QUESTION = (
    "May transloop learn from the translations that you accept, correct and reject? They are kept "
    "on this machine alone, without secrets; `transloop seeds` shows and removes them."
)
ANSWERS: Mapping[str, Level] = MappingProxyType(
    {"Yes, with code": "all", "Only what happened, no code": "no-code", "No": "off"}
)


class Learning:
    """The question of one session."""

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self._asked = False

    async def ask(self, learn: Learn) -> None:
        """Ask where nobody has answered yet; whoever does not answer is asked next time."""
        if self._asked or learn.level == "off" or not self.editor.client.ask:
            return
        self._asked = True
        if (await asyncio.to_thread(consent.read)).level(None) is not None:
            return
        level = ANSWERS.get(await self.editor.ask(QUESTION, list(ANSWERS)) or "")
        if level is not None:
            try:
                await asyncio.to_thread(consent.answer, level)
            except (OSError, SettingsError) as error:
                why = f"Your answer could not be kept, so nothing is learned: {error}"
                self.editor.tell(why, lsp.MessageType.Warning)
