"""The end of a run: the best adapter that the gate let through comes into use, or nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transloop_model.registry.card import Verdict, descendant
from transloop_model.registry.promotion import promote
from transloop_model.registry.registry import Registry
from transloop_seeds.store import Store
from transloop_settings.errors import AdapterRefused, UsageError
from transloop_trainer.control.decision import Stop, Trained


@dataclass(frozen=True)
class End:
    """What is in use after a run."""

    promoted: int | None
    """None: what was in use still is."""
    reason: str


def stop(decision: Stop, trained: Iterable[Trained], registry: Registry, store: Store) -> End:
    """Do what was decided, as far as people allow it; doing it twice changes nothing.

    Raises:
        RegistryUnwritable: what was in use still is.
    """
    if not decision.approve:
        return End(None, decision.reason)
    best = _best(trained)
    if best is None:
        return End(None, f"{decision.reason} But the gate has let none through.")
    marked = _marked(store)
    try:
        found = registry.usable(best)
        remark = marked.get(descendant(found.card.sha256), "")
        change = promote(registry, best, automatic=True, remark=remark)
    except (UsageError, AdapterRefused) as error:
        return End(None, f"{error} What was in use stays.")
    return End(best, f"Adapter {best} is in use. {change.reason}".strip())


def _best(trained: Iterable[Trained]) -> int | None:
    """The version that gained most, of those that may be promoted; the later of equals."""
    found = [
        (gain(each.verdict), each.number)
        for each in trained
        if each.number is not None and each.verdict is not None and each.verdict.promote
    ]
    return max(found)[1] if found else None


def gain(verdict: Verdict) -> float:
    """Points of pass@1 over the directions that were trained."""
    ours = [each for each in verdict.measured if not each.guarded]
    units = sum(each.units for each in ours)
    return 100 * sum(each.after - each.before for each in ours) / units if units else 0.0


def _marked(store: Store) -> Mapping[str, str]:
    """Adapters that saw what has been forgotten since."""
    found = store.descent(marked_only=True)
    return {each.descendant: f"it saw a seed that was {each.marked}" for each in found}
