"""Pairs of people: always kept, but for what running refutes and what is examined."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.seeds.samples import ALL
from tests.synth.functions import JAVASCRIPT, PYTHON, WRONG, engine, order

from transloop_sandbox.sandbox import Sandbox
from transloop_seeds.event import About, Accepted, Edited, Event, Imported, Source, new_id
from transloop_seeds.seed import Seed
from transloop_seeds.store import Store
from transloop_settings.errors import UnitError
from transloop_synth.barred import Barred, Examined
from transloop_synth.dataset import Dataset
from transloop_synth.order import Share
from transloop_synth.people import adopt
from transloop_synth.source import of_seed
from transloop_synth.synthesize import synthesize

CLOCK = "import time\n\n\ndef now(x: int) -> float:\n    return x + time.time()"
CLOCK_SCRIPT = "function now(x) {\n  return x + Date.now() / 1000;\n}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "seeds")


def _about(code: str, name: str, **changes: object) -> About:
    source = Source(code, "python", (name,))
    return About(new_id(), source, "javascript", **changes)  # type: ignore[arg-type]


def _edited(name: str, final: str, draft: str = "", **changes: object) -> Edited:
    return Edited(_about(PYTHON[name], name, **changes), draft or WRONG[name], final)


def _seeds(store: Store, *events: Event) -> list[Seed]:
    store.record_all(events, ALL)
    return store.seeds()


def test_a_correction_that_holds_is_kept_with_what_was_wrong(
    sandbox: Sandbox, dataset: Dataset, store: Store
) -> None:
    seeds = _seeds(store, _edited("half", JAVASCRIPT["half"]))
    adopted = adopt(seeds, sandbox, dataset)
    (pair,) = dataset.pairs()
    assert adopted.pairs == (pair,)
    assert (pair.origin, pair.person, pair.maker) == ("corrected", True, "")
    assert (pair.draft, pair.parents) == (WRONG["half"], (seeds[0].id,))
    assert "for `half(" in pair.problem
    assert pair.cases >= 10
    assert pair.mutants == 1.0


def test_poisoned_corrections_do_not_get_in(
    sandbox: Sandbox, dataset: Dataset, store: Store
) -> None:
    """Each says that it was verified, and that a person has corrected it."""
    poison = [
        _edited(name, WRONG[name], JAVASCRIPT[name], verdict="verified", evidence={"cases": 24})
        for name in PYTHON
    ]
    broken = _edited("half", "function half(n) { return ; ) }", verdict="verified")
    adopted = adopt(_seeds(store, *poison, broken), sandbox, dataset)
    assert adopted.rejected == {"refuted": 5}
    assert dataset.pairs() == []
    assert {each.reason for each in dataset.dropped()} == {"refuted"}


def test_what_cannot_be_run_is_kept_only_if_a_person_has_taken_it_here(
    sandbox: Sandbox, dataset: Dataset, store: Store
) -> None:
    accepted = Accepted(_about(CLOCK, "now"), CLOCK_SCRIPT)
    imported = Imported(
        _about(CLOCK.replace("now", "then"), "then", verdict="verified"), CLOCK_SCRIPT
    )
    failed = Accepted(_about(CLOCK + " + 1", "now", verdict="failed"), CLOCK_SCRIPT)
    adopted = adopt(_seeds(store, accepted, imported, failed), sandbox, dataset)
    (pair,) = dataset.pairs()
    assert (pair.origin, pair.cases, pair.mutants) == ("accepted", 0, None)
    assert adopted.rejected == {"unchecked": 1, "refuted": 1}


async def test_what_was_not_seen_to_run_is_no_source(
    sandbox: Sandbox, dataset: Dataset, store: Store
) -> None:
    adopt(_seeds(store, Accepted(_about(CLOCK, "now"), CLOCK_SCRIPT)), sandbox, dataset)
    back = order(Share("javascript:python", None, 3))
    made = await synthesize(back, [], engine(), sandbox, dataset)
    assert made.attempts == ()
    assert made.pairs == 1


def test_what_the_server_saw_run_counts_where_we_cannot(
    sandbox: Sandbox, dataset: Dataset, store: Store
) -> None:
    about = _about(CLOCK, "now", verdict="verified", evidence={"cases": 7})
    adopt(_seeds(store, Accepted(about, CLOCK_SCRIPT)), sandbox, dataset)
    assert [pair.cases for pair in dataset.pairs()] == [7]


def test_however_alike_they_are(sandbox: Sandbox, dataset: Dataset, store: Store) -> None:
    finals = ["function half(n) {\n  return Math.floor(n / 2);\n}"] + [
        f"function half({name}) {{\n  return Math.floor({name} / 2);\n}}" for name in "mkx"
    ]
    events = [Accepted(_about(PYTHON["half"], "half"), final) for final in finals]
    adopt(_seeds(store, *events), sandbox, dataset)
    assert len(dataset.pairs()) == 4


def test_what_is_examined_is_not_learned_from_whoever_made_it(
    sandbox: Sandbox, dataset: Dataset, store: Store
) -> None:
    unit = Examined("gate/1", {"python": PYTHON["clamp"]}, ("clamp",))
    seeds = _seeds(
        store, _edited("clamp", JAVASCRIPT["clamp"]), _edited("half", JAVASCRIPT["half"])
    )
    by_name_only = Examined("gate/2", {"python": PYTHON["total"]}, ("half",))
    adopted = adopt(seeds, sandbox, dataset, Barred([unit, by_name_only]))
    assert adopted.rejected == {"contaminated": 1}
    assert [pair.entry_point for pair in adopted.pairs] == ["half"]


def test_each_is_decided_once(sandbox: Sandbox, dataset: Dataset, store: Store) -> None:
    seeds = _seeds(
        store,
        _edited("half", JAVASCRIPT["half"]),
        _edited("tail", WRONG["tail"]),
        Accepted(_about(CLOCK, "now"), CLOCK_SCRIPT),
    )
    first = adopt(seeds, sandbox, dataset)
    again = adopt(seeds, sandbox, dataset)
    assert (len(first.pairs), first.rejected) == (2, {"refuted": 1})
    assert [pair.names for pair in again.pairs] == [("now",)], "perhaps it can be run by now"
    assert len(dataset.pairs()) == 2


def test_a_seed_without_a_translation_is_a_source_and_no_pair(
    sandbox: Sandbox, dataset: Dataset, store: Store
) -> None:
    seeds = _seeds(store, Imported(_about(PYTHON["half"], "half")))
    assert adopt(seeds, sandbox, dataset).pairs == ()
    assert of_seed(seeds[0]).seeds == (seeds[0].id,)


def test_a_seed_with_nothing_to_call_is_no_source(store: Store) -> None:
    (seed,) = _seeds(store, Imported(_about("x = 1\ny = x + 1", "x")))
    with pytest.raises(UnitError):
        of_seed(seed)


async def test_a_person_s_seed_is_run_with_what_it_needs(
    sandbox: Sandbox, dataset: Dataset, store: Store
) -> None:
    needs = ("import math", "BASE = 10", "def helper(x: int) -> int")
    source = Source("def up(x: float) -> int:\n    return math.ceil(x) + BASE", "python", ("up",),
                    needs=needs)  # fmt: skip
    (seed,) = _seeds(store, Imported(About(new_id(), source, "javascript")))
    model = engine({"up": ("function up(x) {\n  return Math.ceil(x) + 10;\n}",)})
    made = await synthesize(order(), [of_seed(seed)], model, sandbox, dataset)
    assert made.pairs == 1
    assert dataset.pairs()[0].needs == needs
    assert "def helper(x: int) -> int" in model.requests[0].messages[1].content
