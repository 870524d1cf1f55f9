"""The end of a run: the best adapter that the gate let through comes into use, or nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transloop_model.registry.card import descendant
from transloop_model.registry.promotion import promote
from transloop_model.registry.registry import Registry
from transloop_seeds.store import Store
from transloop_settings.errors import AdapterRefused, UsageError
from transloop_trainer.control.decision import Stop, Trained
from transloop_trainer.control.signals import best


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
    found = best(trained)
    if found is None or found.number is None:
        return End(None, f"{decision.reason} But there is none that is better.")
    number = found.number
    marked = _marked(store)
    try:
        remark = marked.get(descendant(registry.usable(number).card.sha256), "")
        change = promote(registry, number, automatic=True, remark=remark)
    except (UsageError, AdapterRefused) as error:
        return End(None, f"{error} What was in use stays.")
    return End(number, f"Adapter {number} is in use. {change.reason}".strip())


def _marked(store: Store) -> Mapping[str, str]:
    """Adapters that saw what has been forgotten since."""
    found = store.descent(marked_only=True)
    return {each.descendant: f"it saw a seed that was {each.marked}" for each in found}
