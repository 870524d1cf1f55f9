"""A finished adapter becomes a version, and the lineage of its seeds learns of it first."""

from __future__ import annotations

from pathlib import Path

from transloop_model.catalog import sha256_of
from transloop_model.registry.card import Story, Verdict, descendant
from transloop_model.registry.registry import Registry, Version
from transloop_seeds.lineage import Descent
from transloop_seeds.store import Store


def publish(
    registry: Registry, store: Store, path: Path, story: Story, verdict: Verdict | None = None
) -> Version:
    """Publish a sealed GGUF adapter.

    Whoever forgets a seed must find every adapter that saw it, so the lineage is written first: if
    the process is killed in between, it names a version that does not exist yet.

    Raises:
        AdapterRefused, RegistryUnwritable, SeedsError.
    """
    name = descendant(sha256_of(path))
    store.descend(Descent(seed, name, "trained") for seed in story.seeds)
    return registry.publish(path, story, verdict)
