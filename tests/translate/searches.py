"""Searches for a translation that holds, with an engine whose answers are known."""

from __future__ import annotations

from dataclasses import dataclass, field

from transloop_model.echo import EchoEngine
from transloop_model.engine import Request
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.settings import Sampling
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import unit_at
from transloop_translate.modes import MODES, Mode
from transloop_translate.translation import Progress, Work
from transloop_translate.verified import Delivered, deliver


class Answers:
    """Greedy first, then the samples, then the repairs, each in order."""

    def __init__(self, greedy: str, samples: tuple[str, ...] = (), repairs: tuple[str, ...] = ()):
        self.greedy, self.samples, self.repairs = greedy, samples, list(repairs)

    def __call__(self, request: Request, candidate: int) -> str:
        if any(each.role == "assistant" for each in request.messages):
            return f"{self.repairs.pop(0)}\n```"
        if request.candidates[0].temperature:
            return f"{self.samples[candidate % len(self.samples)]}\n```"
        return f"{self.greedy}\n```"


@dataclass
class Search:
    """One search, and what it told on its way."""

    engine: EchoEngine
    sandbox: Sandbox
    mode: Mode = MODES["balanced"]
    told: list[Progress] = field(default_factory=list)

    async def of(self, text: str, target: str = "javascript") -> Delivered:
        """Deliver the first function of a Python file."""
        at = text.index("def ")
        unit = unit_at(Source(text, language("python")), at, at)
        work = Work(unit, language(target), Sampling(), owner="a")
        return await deliver(self.engine, work, text, self.sandbox, self.mode, self.told.append)
