"""Code that is forgotten is nowhere, and does not come back."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest
from tests.seeds.samples import ALL, JAVASCRIPT, PYTHON, about, waiting
from tests.seeds.test_store import bytes_of

from transloop_seeds.event import Accepted, Edited, Harvested, Rejected, Shown
from transloop_seeds.lineage import Descent
from transloop_seeds.permission import Permission
from transloop_seeds.store import Recorder, Store

SECRETIVE = "def our_secret_recipe():\n    return 1"


def test_a_forgotten_seed_is_nowhere_on_the_disk(store: Store) -> None:
    made = about(SECRETIVE)
    store.record(Shown(made, "a first draft"), ALL)
    kept = store.record(Edited(made, "a first draft", "the final text"), ALL)
    store.hold(waiting(about(SECRETIVE)), "/w", ALL)
    store.record(Accepted(about(), JAVASCRIPT), ALL)
    assert b"our_secret_recipe" in bytes_of(store)

    gone = store.forget(str(kept.seed))

    on_disk = bytes_of(store)
    for text in ("our_secret_recipe", "a first draft", "the final text", "src/app.py"):
        # The other seed's path may stay.
        assert (text.encode() in on_disk) == (text == "src/app.py")
    assert gone.seeds == (kept.seed,)
    assert [each.translation for each in store.seeds()] == [JAVASCRIPT]
    assert store.counts()["pending"] == 0
    last = store.events()[-1]
    assert (last.row["kind"], last.row["seed"]) == ("forgotten", kept.seed)
    assert store.events()[0].texts == {}


def test_other_translations_of_the_same_code_are_forgotten_with_it(store: Store) -> None:
    one = store.record(Accepted(about(SECRETIVE), "in JavaScript"), ALL)
    other = store.record(Accepted(about(SECRETIVE, target="java"), "in Java"), ALL)
    store.record(Rejected(about(SECRETIVE, target="go"), "in Go"), ALL)
    gone = store.forget(str(one.seed))
    assert set(gone.seeds) == {one.seed, other.seed}
    assert store.seeds() == []
    for text in (b"in JavaScript", b"in Java", b"in Go"):
        assert text not in bytes_of(store)


def test_what_was_made_of_a_translation_is_forgotten_with_it(store: Store) -> None:
    one = store.record(Accepted(about(SECRETIVE), "the same in JavaScript"), ALL)
    onward = about("the same in JavaScript", target="go")
    store.record(Accepted(onward, "and in Go"), ALL)
    store.forget(str(one.seed))
    assert store.seeds() == []
    assert b"and in Go" not in bytes_of(store)


def test_an_equal_draft_of_other_code_does_not_take_that_code_along(store: Store) -> None:
    one = store.record(Edited(about(SECRETIVE), "return x", "one"), ALL)
    other = store.record(Edited(about(), "return x", "two"), ALL)
    store.record(Accepted(about("a third"), "three"), ALL)
    gone = store.forget(str(one.seed))
    assert set(gone.seeds) == {one.seed, other.seed}  # the draft stood in both
    assert [each.code for each in store.seeds()] == ["a third"]
    assert b"two" in bytes_of(store)


def test_forgotten_code_is_not_stored_again(store: Store) -> None:
    kept = store.record(Accepted(about(SECRETIVE), JAVASCRIPT), ALL)
    store.forget(str(kept.seed))
    again = store.record(Accepted(about(SECRETIVE), "another"), ALL)
    assert (again.level, again.seed) == ("no-code", None)
    assert "forgotten" in again.reason
    assert store.record(Harvested(about(SECRETIVE, target=None)), ALL).seed is None
    store.hold(waiting(about(SECRETIVE)), "/w", ALL)
    assert store.counts()["pending"] == 0
    assert b"our_secret_recipe" not in bytes_of(store)


def test_every_descendant_is_marked_and_so_is_what_comes_later(store: Store) -> None:
    kept = store.record(Accepted(about(SECRETIVE), JAVASCRIPT), ALL)
    other = store.record(Accepted(about(), "other"), ALL)
    steps = [
        Descent(str(kept.seed), "row-1", "translated"),
        Descent("row-1", "row-2", "mutated"),
        Descent("row-2", "adapter-7", "trained"),
        Descent(str(other.seed), "row-3", "translated"),
    ]
    store.descend(steps)
    assert store.descent(marked_only=True) == []
    gone = store.forget(str(kept.seed))
    assert gone.marked == ("adapter-7", "row-1", "row-2")
    marked = store.descent(marked_only=True)
    assert {each.descendant: each.marked for each in marked} == dict.fromkeys(
        gone.marked, "forgotten"
    )
    store.descend([Descent("row-2", "row-4", "mutated"), Descent(str(kept.seed), "row-5", "late")])
    assert {each.descendant for each in store.descent(marked_only=True)} >= {"row-4", "row-5"}


def test_forgetting_is_complete_while_somebody_reads(store: Store) -> None:
    kept = store.record(Accepted(about(SECRETIVE), JAVASCRIPT), ALL)
    with store.database.reading() as connection:
        connection.execute("SELECT count(*) FROM content").fetchone()
        assert not store.forget(str(kept.seed)).wiped
        (count,) = connection.execute("SELECT count(*) FROM content").fetchone()
        assert count > 0  # it goes on seeing what it saw
    assert store.purge().wiped
    assert b"our_secret_recipe" not in bytes_of(store)


# Do not learn from this --------------------------------------------------------------------------


def test_a_run_that_is_not_to_be_learned_from_leaves_no_code(store: Store) -> None:
    made = about(SECRETIVE)
    store.record(Shown(made, "a draft"), ALL)
    kept = store.record(Accepted(made, JAVASCRIPT), ALL)
    store.hold(waiting(made), "/w", ALL)
    store.descend([Descent(str(kept.seed), "row-1", "translated")])
    other = about()
    store.record(Accepted(other, "kept"), ALL)
    gone = store.unlearn([made.translation])
    assert (gone.seeds, gone.marked) == ((kept.seed,), ("row-1",))
    assert [each.translation for each in store.seeds()] == ["kept"]
    assert b"our_secret_recipe" not in bytes_of(store)
    assert store.counts()["pending"] == 0


def test_what_another_run_left_too_stays(store: Store) -> None:
    one, other = about(), about()
    for made in (one, other):
        store.record(Accepted(made, JAVASCRIPT), ALL)
    assert store.unlearn([one.translation]).seeds == ()
    (seed,) = store.seeds()
    assert (seed.code, seed.translation) == (PYTHON, JAVASCRIPT)


def test_the_same_code_may_be_learned_another_time(store: Store) -> None:
    made = about()
    store.record(Accepted(made, JAVASCRIPT), ALL)
    store.unlearn([made.translation])
    assert store.seeds() == []
    assert store.record(Accepted(about(), JAVASCRIPT), ALL).seed is not None


# Retention ---------------------------------------------------------------------------------------


def days_ago(days: float) -> float:
    return time.time() - days * 86_400


def test_code_that_is_too_old_is_removed_and_what_happened_stays(store: Store) -> None:
    week = Permission("all", retention_days=7)
    old = store.record(Accepted(about(SECRETIVE), JAVASCRIPT, time=days_ago(8)), week)
    store.record(Accepted(about(), "new", time=days_ago(6)), week)
    store.descend([Descent(str(old.seed), "row-1", "translated")])
    gone = store.purge()
    assert (gone.seeds, gone.marked) == ((old.seed,), ("row-1",))
    assert [each.translation for each in store.seeds()] == ["new"]
    assert b"our_secret_recipe" not in bytes_of(store)
    assert [each.row["kind"] for each in store.events()] == ["accepted", "accepted", "expired"]


def test_a_server_removes_what_is_too_old(store: Store, told: list[str]) -> None:
    week = Permission("all", retention_days=7)
    store.record(Accepted(about(SECRETIVE), JAVASCRIPT, time=days_ago(8)), week)
    store.hold(replace(waiting(about(SECRETIVE)), since=days_ago(31)), "/w", ALL)
    recorder = Recorder(store, told.append)
    recorder.record(Shown(about(), "new"), week)
    assert b"our_secret_recipe" not in bytes_of(store)
    assert store.events()[1].texts["draft"] == "new"
    assert told == []


def test_old_code_may_come_again(store: Store) -> None:
    week = Permission("all", retention_days=7)
    store.record(Accepted(about(), JAVASCRIPT, time=days_ago(8)), week)
    store.expire()
    assert store.record(Accepted(about(), JAVASCRIPT), week).level == "all"
    store.expire()
    assert len(store.seeds()) == 1


def test_code_in_use_outlives_its_first_event(store: Store) -> None:
    week = Permission("all", retention_days=7)
    for day in (8, 1):
        store.record(Accepted(about(), JAVASCRIPT, time=days_ago(day)), week)
    assert store.expire().seeds == ()
    assert [each.translation for each in store.seeds()] == [JAVASCRIPT]


def test_a_shorter_retention_holds_for_what_is_there_already(store: Store) -> None:
    store.record(Accepted(about(), JAVASCRIPT, time=days_ago(8)), ALL)
    assert store.expire(days=9).texts == 0
    assert store.expire(days=7).texts > 0
    assert store.seeds() == []


def test_harvested_code_stays_until_it_is_forgotten(store: Store) -> None:
    kept = store.record(Harvested(about(target=None), time=days_ago(5000)), ALL)
    store.expire(days=1)
    assert [each.id for each in store.seeds()] == [kept.seed]


def test_purging_gives_the_space_back(store: Store) -> None:
    week = Permission("all", retention_days=7)
    old = [Shown(about(), f"line {n}\n" * 1_000, time=days_ago(8)) for n in range(20)]
    store.record_all(old, week)
    store.expire()
    before = store.database.path.stat().st_size
    store.purge()
    assert store.database.path.stat().st_size < before / 2
    with closing(sqlite3.connect(store.database.path)) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)


def test_forgetting_what_is_not_there_only_notes_it(store: Store) -> None:
    gone = store.forget("f" * 64)
    assert (gone.texts, gone.marked) == (0, ())
    assert pytest.approx(time.time(), abs=60) == store.events()[0].row["time"]
