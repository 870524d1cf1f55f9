"""What `transloop translate` does to each unit: translates it, and runs both sides on demand."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transloop.selection import Selection
    from transloop_model.engine import Engine
    from transloop_sandbox.sandbox import Sandbox
    from transloop_settings.settings import Settings
    from transloop_syntax.language import Language
    from transloop_translate.translation import Report, Translation
    from transloop_translate.verified import Delivered

NOT_RUN = "unchecked: nothing was run"


class Mode(StrEnum):
    """The modes of `transloop_translate.modes`."""

    FAST = "fast"
    BALANCED = "balanced"
    THOROUGH = "thorough"


@dataclass(frozen=True)
class Order:
    """What the command line asks for, whatever the code is."""

    target: Language
    source: str | None
    signature: str | None
    as_json: bool
    settings: Settings
    mode: Mode | None
    """None: nothing is run."""


@dataclass(frozen=True)
class Found:
    """A translation, and what else was tried, if both sides were run."""

    translation: Translation
    delivered: Delivered | None = None

    @property
    def told(self) -> str:
        """What is known, in a sentence."""
        from transloop_translate.verdicts import sentence

        names = self.translation.unit.names
        return sentence(self.translation.verdict, names[0] if names else "f")


@dataclass(frozen=True)
class Translator:
    """What a whole run shares."""

    order: Order
    engine: Engine
    sandbox: Sandbox | None

    async def translated(self, selection: Selection, report: Report) -> Found:
        """One unit. Raises what `transloop_translate.translation.translate` says."""
        from transloop_model import serving

        with serving.mark():
            return await self._translated(selection, report)

    async def _translated(self, selection: Selection, report: Report) -> Found:
        from transloop_translate.modes import mode_of
        from transloop_translate.translation import Work, translate
        from transloop_translate.verified import deliver

        order = self.order
        work = Work(selection.unit, order.target, order.settings.sampling, order.signature)
        if order.mode is None or self.sandbox is None:
            return Found(await translate(self.engine, work, report))
        text = selection.text.replace("\r\n", "\n")
        mode = mode_of(order.settings.verify, order.mode)
        found = await deliver(self.engine, work, text, self.sandbox, mode, report)
        return Found(found.best, found)


@contextlib.asynccontextmanager
async def opened(order: Order, told: Callable[[str], None]) -> AsyncIterator[Translator]:
    """A translator whose engine and sandbox are closed however the run ends."""
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(_sandbox(order.settings, told)) if order.mode else None
        engine = _engine(order.settings, told)
        try:
            yield Translator(order, engine, sandbox)
        finally:
            await engine.close()


def _engine(settings: Settings, told: Callable[[str], None]) -> Engine:
    """With the adapter that is in use; one that must not be used costs nobody a translation."""
    from transloop_server.engines import make_engine, with_adapter_in_use
    from transloop_settings.errors import AdapterRefused

    try:
        return make_engine(with_adapter_in_use(settings))
    except AdapterRefused as error:
        told(f"{error} The model alone is used.")
        return make_engine(settings)


def _sandbox(settings: Settings, told: Callable[[str], None]) -> Sandbox:
    from transloop_sandbox.sandbox import Sandbox

    return Sandbox(settings.sandbox.workers, settings.sandbox.min_level, told=told)
