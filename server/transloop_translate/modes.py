"""How much is tried for a translation that holds, by the mode that a person chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from transloop_settings.settings import Verify


@dataclass(frozen=True)
class Mode:
    """How much is tried for a translation that holds."""

    samples: int
    """Candidates besides the greedy one, in one batch."""
    repairs: int
    """Turns in which the model is shown what is wrong with its best."""
    cases: int
    evidence_seconds: float
    """For deriving the evidence, while the model writes, and for judging one candidate by it."""
    seconds: float
    """For all of it, from the request on; at least."""
    firsts: float
    """So many times what the first answer took, where that is more: a slow model gets its turns."""
    tokens: int
    """That may be written."""
    pivot: str = ""
    """The language by way of which it is tried once more where nothing else holds."""

    @property
    def candidates(self) -> int:
        """How many there may be."""
        return 1 + self.samples + self.repairs + bool(self.pivot)


MODES: Mapping[str, Mode] = MappingProxyType(
    {
        "fast": Mode(
            samples=0,
            repairs=0,
            cases=24,
            evidence_seconds=3.0,
            seconds=15.0,
            firsts=0,
            tokens=8192,
        ),
        "balanced": Mode(
            samples=8,
            repairs=1,
            cases=24,
            evidence_seconds=8.0,
            seconds=7.5,
            firsts=2.7,
            tokens=16384,
        ),
        "thorough": Mode(
            samples=15,
            repairs=2,
            cases=48,
            evidence_seconds=20.0,
            seconds=90.0,
            firsts=0,
            tokens=65536,
        ),
    }
)


def mode_of(settings: Verify, name: str | None = None) -> Mode:
    """The mode of this name, or that of the settings; what these say of a budget is kept to."""
    usual = MODES[name or settings.mode]
    return replace(
        usual,
        seconds=settings.seconds or usual.seconds,
        firsts=0 if settings.seconds else usual.firsts,
        tokens=settings.tokens or usual.tokens,
        pivot=settings.pivot,
    )
