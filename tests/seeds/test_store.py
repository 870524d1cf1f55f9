"""What is written of an event, and the seeds that events leave."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from tests.seeds.samples import ALL, JAVASCRIPT, NO_CODE, OFF, PYTHON, about, waiting

from transloop_seeds.event import (
    KINDS,
    Accepted,
    Cancelled,
    Edited,
    Event,
    Failed,
    Harvested,
    Ignored,
    Imported,
    Rejected,
    Reverted,
    Shown,
    Superseded,
    Survived,
)
from transloop_seeds.lineage import Descent
from transloop_seeds.permission import Permission
from transloop_seeds.store import Recorder, Store
from transloop_settings.errors import UsageError

EVERY: list[Event] = [
    Shown(about(), JAVASCRIPT),
    Accepted(about(), JAVASCRIPT, explicit=True),
    Edited(about(), "draft", JAVASCRIPT),
    Rejected(about(), JAVASCRIPT),
    Reverted(about(), JAVASCRIPT),
    Superseded(about(), JAVASCRIPT, by="another"),
    Cancelled(about()),
    Failed(about(), "it was cut off"),
    Ignored(about(), JAVASCRIPT),
    Survived(about()),
    Harvested(about(target=None)),
    Imported(about(), JAVASCRIPT),
]


def bytes_of(store: Store) -> bytes:
    """All that is on the disk."""
    return b"".join(path.read_bytes() for path in store.database.path.parent.iterdir())


def test_there_is_a_sample_of_every_kind() -> None:
    assert [each.kind for each in EVERY] == list(KINDS)


@pytest.mark.parametrize("event", EVERY, ids=lambda each: each.kind)
def test_an_event_comes_back_as_it_was(store: Store, event: Event) -> None:
    kept = store.record(event, ALL)
    (logged,) = store.events()
    row, made = logged.row, event.about
    assert (kept.level, kept.number) == ("all", logged.number)
    assert (row["kind"], row["time"], row["translation"]) == (
        event.kind,
        event.time,
        made.translation,
    )
    assert (row["model"], row["prompt"], row["verdict"]) == (made.model, "1", "verified")
    assert (row["source_language"], row["target_language"]) == ("python", made.target)
    assert '"first_token": 0.3' in row["latency"]
    assert logged.texts["source"] == PYTHON
    assert logged.texts.get("draft") == (getattr(event, "draft", "") or None)
    assert logged.texts.get("final") == (getattr(event, "final", "") or None)
    assert logged.texts["details"]["evidence"] == made.evidence
    assert logged.texts["details"]["names"] == ["double"]
    assert logged.texts["details"]["path"] == "src/app.py"
    assert logged.texts["details"]["reason"] == getattr(event, "reason", "")


def test_what_a_trainer_has_seen_is_not_read_again(store: Store) -> None:
    first, second = (store.record(Shown(about(), text), ALL) for text in ("a", "b"))
    assert [each.number for each in store.events(after=first.number)] == [second.number]


def test_the_log_only_grows(store: Store) -> None:
    store.record(Cancelled(about()), ALL)
    connection = sqlite3.connect(store.database.path)
    for change in ("UPDATE events SET kind = 'accepted'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="the log only grows"):
            connection.execute(change)
    connection.close()


@pytest.mark.parametrize("event", EVERY, ids=lambda each: each.kind)
def test_without_code_only_what_happened_is_written(store: Store, event: Event) -> None:
    private = replace(event, about=replace(event.about, adapter="/home/me/adapter.gguf"))
    kept = store.record(private, NO_CODE)
    assert (kept.level, kept.seed, store.seeds()) == ("no-code", None, [])
    (logged,) = store.events()
    assert logged.texts == {}
    assert logged.row["measures"] == (
        '{"cases": 24, "agreed": 24, "coverage": {"reached": 3, "branches": 4},'
        ' "mutants": {"killed": 5, "run": 6}}'
    )
    on_disk = bytes_of(store)
    for text in ("double", "return", "app.py", "private", "2 -> 3", "cut off", "/home/me"):
        assert text.encode() not in on_disk


@pytest.mark.parametrize("event", EVERY, ids=lambda each: each.kind)
def test_off_writes_nothing(store: Store, event: Event) -> None:
    kept = store.record(event, OFF)
    assert (kept.level, kept.reason) == ("off", "you said no to learning")
    assert not store.database.path.exists()


def test_do_not_learn_from_this_run_writes_nothing_of_it(store: Store) -> None:
    made = about(learn=False)
    kept = store.record_all([Shown(made, JAVASCRIPT), Shown(about(), "other")], ALL)
    assert [each.level for each in kept] == ["off", "all"]
    assert store.hold(waiting(made), "/w", ALL).level == "off"
    assert [each.row["translation"] for each in store.events()] != [made.translation]
    assert made.translation.encode() not in bytes_of(store)


def test_secrets_reach_the_disk_neither_in_code_nor_in_evidence(store: Store) -> None:
    secret = "rT7kQz9WvLp3XbN8sYd2MhGc5JtU6aEo"  # noqa: S105 - it is none
    made = about(f'KEY = "{secret}"', evidence={"counterexample": [secret, {"got": secret}]})
    kept = store.record(Edited(made, f"let key = '{secret}'", f'const KEY = "{secret}"'), ALL)
    store.hold(replace(waiting(made), draft=f'"{secret}"'), "/w", ALL)
    (seed,) = store.seeds()
    assert (kept.redacted, seed.redacted) == (1, 1)
    assert seed.code == 'KEY = "REDACTED_1"'
    assert seed.translation == 'const KEY = "REDACTED_1"'
    assert seed.evidence["counterexample"] == ["REDACTED_1", {"got": "REDACTED_1"}]
    assert secret.encode() not in bytes_of(store)


# Seeds -------------------------------------------------------------------------------------------


def test_accepted_and_corrected_translations_become_seeds(store: Store) -> None:
    accepted = store.record(Accepted(about(), JAVASCRIPT), ALL)
    corrected = store.record(Edited(about(), "draft", "final"), ALL)
    one, other = store.seeds()
    assert (one.id, one.origin, one.translation) == (accepted.seed, "accepted", JAVASCRIPT)
    assert (other.id, other.origin, other.draft) == (corrected.seed, "corrected", "draft")
    assert (one.code, one.needs, one.names) == (PYTHON, ("import math",), ("double",))
    assert (one.source_language, one.target_language) == ("python", "javascript")
    assert store.seeds(after=one.event) == [other]


def test_the_other_outcomes_leave_none(store: Store) -> None:
    for event in EVERY:
        if event.kind not in ("accepted", "edited", "harvested", "imported"):
            assert store.record(event, ALL).seed is None
    assert store.seeds() == []


def test_the_same_seed_is_stored_once(store: Store) -> None:
    first = store.record(Accepted(about(), JAVASCRIPT), ALL)
    again = store.record(Accepted(about(f"{PYTHON}  \n"), f"{JAVASCRIPT}\r\n"), ALL)
    assert first.seed == again.seed
    assert len(store.seeds()) == 1
    other = store.record(Accepted(about(target="java"), JAVASCRIPT), ALL)
    assert other.seed != first.seed


def test_a_seed_that_is_left_again_is_seen_again_with_what_is_new(store: Store) -> None:
    store.record(Accepted(about(verdict="unchecked"), JAVASCRIPT), ALL)
    (before,) = store.seeds()
    store.record(Edited(about(), "a worse draft", JAVASCRIPT), ALL)
    (after,) = store.seeds(after=before.event)
    assert (after.id, after.draft, after.origin) == (before.id, "a worse draft", "corrected")
    assert (before.verdict, after.verdict) == ("unchecked", "verified")


def test_an_edit_after_the_acceptance_replaces_the_seed(store: Store) -> None:
    made = about()
    store.record(Accepted(made, JAVASCRIPT), ALL)
    store.record(Edited(made, JAVASCRIPT, "better"), ALL)
    assert [each.translation for each in store.seeds()] == ["better"]


@pytest.mark.parametrize("withdrawn", [Rejected, Reverted, Superseded])
def test_a_seed_is_withdrawn_with_the_last_translation_that_left_it(
    store: Store, withdrawn: type[Rejected] | type[Reverted] | type[Superseded]
) -> None:
    one, other = about(), about()
    for made in (one, other):
        store.record(Accepted(made, JAVASCRIPT), ALL)
    store.record(withdrawn(one, JAVASCRIPT), ALL)
    assert len(store.seeds()) == 1
    store.record(Rejected(other, JAVASCRIPT), ALL)
    assert store.seeds() == []


def test_a_seed_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    for text in ("one", "two"):
        store.record(Accepted(about(), text), ALL)
    one, _ = store.seeds()
    assert store.seed(one.id[:12]) == one
    with pytest.raises(UsageError, match="There is no seed zz"):
        store.seed("zz")
    with pytest.raises(UsageError, match="There is no seed"):
        store.seed("%")
    events = store.about(one.id)["events"]
    assert [each["kind"] for each in events] == ["accepted"]
    assert events[0]["texts"]["final"] == "one"


def test_half_characters_of_another_language_are_no_obstacle(store: Store) -> None:
    made = about("x = '\ud83d'", evidence={"got": "\ud83d"})
    assert store.record(Accepted(made, "y"), ALL).level == "all"
    assert store.seeds()[0].evidence == {"got": "\ud83d"}


# Translations that have not settled --------------------------------------------------------------


def test_a_pending_translation_is_taken_over_when_its_server_is_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = waiting(about())
    monkeypatch.setattr("transloop_seeds.pending.owner_of_this_process", lambda: "999999999:1.0")
    store.hold(held, "/w", ALL)
    monkeypatch.undo()
    assert store.take_over("/elsewhere") == []
    assert store.take_over("/w") == [held]
    assert store.take_over("/w") == []  # this process follows it by now


def test_a_pending_translation_moves_and_settles(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = waiting(about())
    moved = replace(held, place=replace(held.place, start=90, end=130))
    for each in (held, moved):
        store.hold(each, "/w", ALL)
    store.record(Shown(held.about, JAVASCRIPT), ALL)
    monkeypatch.setattr("transloop_seeds.pending.is_alive", lambda owner: False)
    assert store.counts()["pending"] == 1
    store.record(Accepted(held.about, JAVASCRIPT), ALL)
    assert store.counts()["pending"] == 0


def test_a_pending_translation_holds_code_so_no_code_does_not_store_it(store: Store) -> None:
    assert store.hold(waiting(about()), "/w", NO_CODE).reason == NO_CODE.reason
    assert not store.database.path.exists()


def test_a_recorder_tells_once_and_goes_on(tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "file").write_text("")
    recorder = Recorder(Store(tmp_path / "file" / "seeds"), told.append)
    for _ in range(3):
        kept = recorder.record(Shown(about(), "x"), ALL)
        assert (kept.level, kept.number) == ("off", 0)
        assert "nothing is learned" in kept.reason
    assert recorder.take_over(tmp_path) == []
    assert len(told) == 1
    assert told[0].endswith("Everything else works.")


def test_counts_say_what_there_is(store: Store) -> None:
    for event in EVERY:
        store.record(event, ALL)
    store.record(Cancelled(about()), NO_CODE)
    store.descend([Descent(store.seeds()[0].id, "row-1", "translated")])
    counts = store.counts()
    assert counts["events"] == {**dict.fromkeys(KINDS, 1), "cancelled": 2}
    assert counts["levels"] == {"all": len(KINDS), "no-code": 1}
    # All that have a translation have the same; the correction tells the most about it.
    assert counts["seeds"] == {"corrected": 1, "harvested": 1}
    assert counts["directions"] == {"python -> javascript": 1, "python": 1}
    assert counts["verdicts"]["verified accepted"] == 1
    assert counts["descendants"] == 1


def test_a_permission_says_when_code_goes(store: Store) -> None:
    event = Accepted(about(), JAVASCRIPT)
    store.record(event, Permission("all", retention_days=2))
    assert store.seeds()[0].expires == pytest.approx(event.time + 2 * 86_400)
