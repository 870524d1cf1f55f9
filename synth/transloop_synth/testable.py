"""Can a source be learned from? Only if running it tells a right translation from a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transloop_model.engine import seed_of
from transloop_settings.errors import SandboxError
from transloop_synth.order import Order
from transloop_synth.source import SourceFunction
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.matching import NoCounterpart
from transloop_verify.observe import Runs
from transloop_verify.program import side

SECONDS = 20.0
"""For the cases of a source, and for judging one translation by them."""
MUTANT_SECONDS = 5.0
MORE = 3
"""So many times more cases where the usual number notices too few mutants."""
WEAK = "its cases notice too little"
"""How the reason begins of what an order with more cases, or one that asks for less, may use."""
BROKEN = "internal_error"
"""What a sandbox that has failed itself says; never the program's fault."""


@dataclass(frozen=True)
class Known:
    """What is known about a source: the evidence for each of its functions."""

    evidence: tuple[Evidence, ...]
    reason: str = ""
    """Why it cannot be used; empty where it can."""

    @property
    def mutants(self) -> float | None:
        """Share of mutants that the cases notice; None where there are none."""
        return share(self.evidence)


def known(
    source: SourceFunction,
    order: Order,
    sandbox: Runs,
    cancelled: Callable[[], bool] = lambda: False,
) -> Known:
    """The evidence for a source, with more cases where they notice too few of its mutants.

    Raises:
        SandboxError: the sandbox itself failed.
    """
    found: list[Evidence] = []
    for function in source.functions:
        try:
            found.append(_evidence(source, function, order, sandbox, cancelled))
        except NoCounterpart as error:
            return Known((), str(error))
        require_sound(found[-1].reason)
        if found[-1].reason:
            return Known(tuple(found), found[-1].reason)
    return Known(tuple(found), _weakness(found, order))


def share(evidence: Sequence[Evidence]) -> float | None:
    """Share of the mutants that were run which the cases notice."""
    scores = [each.mutants for each in evidence if each.mutants and each.mutants.run]
    run = sum(each.run for each in scores)
    return sum(each.killed for each in scores) / run if run else None


def require_sound(reason: str) -> None:
    """Raise SandboxError where a reason tells of the sandbox and not of a program."""
    if BROKEN in reason:
        raise SandboxError(
            f"The sandbox failed: {reason}.", "Run it again; it goes on where it was."
        )


def _evidence(
    source: SourceFunction,
    function: str,
    order: Order,
    sandbox: Runs,
    cancelled: Callable[[], bool],
) -> Evidence:
    called = side(source.program, source.language, function)

    def derived(cases: int) -> Evidence:
        effort = Effort(
            cases, SECONDS, mutant_seconds=MUTANT_SECONDS, seed=seed_of(source.id, function)
        )
        return derive(called, sandbox, effort=effort, cancelled=cancelled)

    first = derived(order.cases)
    if first.reason or not _weakness([first], order):
        return first
    more = derived(order.cases * MORE)
    return first if more.reason or (share([more]) or 0) <= (share([first]) or 0) else more


def _weakness(evidence: Sequence[Evidence], order: Order) -> str:
    """Where all inputs that there are were tried, a mutant that is left is no mistake."""
    noticed = share([each for each in evidence if not each.complete])
    if noticed is None or noticed >= order.mutants:
        return ""
    return f"{WEAK}: {100 * noticed:.0f} % of its mutants, asked are {100 * order.mutants:.0f} %"
