"""What is seen of a translation, and what it means; the clock is the test's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from transloop_server.outcomes.watch import PACE, Pace, Watch

DRAFT, FINAL = "function f() {}", "function f() { return 1; }"
Step = tuple[float, str, str]
"""When; what: see, save, close, reopen; and the text that is seen."""


def lived(steps: Sequence[Step], until: float, pace: Pace = PACE) -> list[tuple[float, str]]:
    """The decisions about a translation shown at 0, each with its time."""
    watch = Watch(DRAFT, 0.0, pace)
    found: list[tuple[float, str]] = []

    def look(since: float, at: float) -> None:
        while (due := watch.next_due) is not None and due <= at:
            now = max(due, since)
            while decision := watch.due(now):
                found.append((now, decision.word))
            assert watch.next_due != due, "it would be asked for ever"

    times = [at for at, _, _ in steps]
    for (at, what, text), before in zip(steps, [0.0, *times], strict=False):
        look(before, at)
        do: dict[str, Callable[[], None]] = {
            "see": lambda text=text, at=at: watch.seen(text, at),  # type: ignore[misc]
            "save": lambda at=at: watch.saved(at),  # type: ignore[misc]
            "close": lambda at=at: watch.closed(at),  # type: ignore[misc]
            "reopen": watch.reopened,
        }
        do[what]()
    look(max([0.0, *times]), until)
    return found


def see(at: float, text: str) -> Step:
    return (at, "see", text)


def save(at: float) -> Step:
    return (at, "save", "")


def close(at: float) -> Step:
    return (at, "close", "")


def reopen(at: float) -> Step:
    return (at, "reopen", "")


LIVES: dict[str, tuple[list[Step], list[tuple[float, str]]]] = {
    "nothing happens": ([], [(600, "ignored")]),
    "saved at once": ([save(1)], [(10, "kept"), (600, "over")]),
    "saved after it has settled": ([save(40)], [(40, "kept"), (600, "over")]),
    "edited and saved": (
        [see(5, FINAL), save(7)],
        [(15, "kept"), (600, "over")],
    ),
    "edited, settled, saved later": (
        [see(5, FINAL), save(70)],
        [(15, "settled"), (70, "kept"), (600, "over")],
    ),
    "saved in the middle of an edit": (
        [see(5, "function f"), save(6), see(7, FINAL)],
        [(17, "settled"), (600, "ignored")],
    ),
    "edited and never saved": ([see(5, FINAL)], [(15, "settled"), (600, "ignored")]),
    "edited again after it was kept": (
        [save(1), see(100, FINAL), save(105)],
        [(10, "kept"), (110, "kept"), (600, "over")],
    ),
    "edited again and not saved": (
        [save(1), see(100, FINAL)],
        [(10, "kept"), (110, "settled"), (600, "over")],
    ),
    "still typing at the end, but saved": (
        [see(595, FINAL), save(599)],
        [(600, "kept")],
    ),
    "undone at once": ([see(4, "")], [(7, "rejected")]),
    "emptied but for blanks": ([see(4, " \n\t")], [(7, "rejected")]),
    "undone at the last second": ([see(30, "")], [(33, "rejected")]),
    "undone later": ([see(31, "")], [(34, "reverted")]),
    "undone later, after it was kept": (
        [save(1), see(50, "")],
        [(10, "kept"), (53, "reverted")],
    ),
    "undone and redone": ([see(4, ""), see(6, DRAFT), save(7)], [(10, "kept"), (600, "over")]),
    "redone too late": ([see(4, ""), see(8, DRAFT)], [(7, "rejected")]),
    "undone, saved, redone": (
        [see(4, ""), save(5), see(6, DRAFT)],
        [(600, "ignored")],
    ),
    "redone as something else": (
        [see(4, ""), see(6, FINAL), save(7)],
        [(16, "kept"), (600, "over")],
    ),
    "edited back": (
        [see(5, FINAL), see(20, DRAFT), save(21)],
        [(15, "settled"), (30, "kept"), (600, "over")],
    ),
    "saved and closed": ([save(1), close(2)], [(7, "kept")]),
    "closed without a save": ([close(2)], [(7, "ignored")]),
    "edited and closed without a save": ([save(1), see(2, FINAL), close(3)], [(8, "ignored")]),
    "kept, edited, closed without a save": (
        [save(1), see(20, FINAL), close(21)],
        [(10, "kept"), (26, "over")],
    ),
    "undone and closed": ([see(4, ""), close(5)], [(5, "rejected")]),
    "closed and open again": (
        [save(1), close(2), reopen(4)],
        [(10, "kept"), (600, "over")],
    ),
    "closed and opened too late": ([close(2), reopen(8)], [(7, "ignored")]),
}


@pytest.mark.parametrize("name", LIVES)
def test_what_becomes_of_it(name: str) -> None:
    steps, expected = LIVES[name]
    assert lived(steps, until=700.0) == expected


@pytest.mark.parametrize("name", LIVES)
def test_the_pace_changes_nothing_but_the_times(name: str) -> None:
    """The tests of the server run at another one."""
    steps, expected = LIVES[name]
    pace = Pace(3.0, 0.3, 1.0, 0.5, (3.0, 12.0, 30.0, 60.0))
    faster = [(at / 10, what, text) for at, what, text in steps]
    found = lived(faster, 70.0, pace)
    assert [word for _, word in found] == [word for _, word in expected]
    assert [at for at, _ in found] == pytest.approx([at / 10 for at, _ in expected])


def test_it_is_looked_how_much_is_left() -> None:
    watch = Watch(DRAFT, 0.0)
    watch.saved(5.0)
    watch.due(31.0)
    watch.seen(FINAL, 40.0)
    watch.due(130.0)
    watch.closed(200.0)
    watch.due(205.0)
    assert watch.surveyed == {"saved": DRAFT, "30": DRAFT, "120": FINAL, "closed": FINAL}


def test_what_is_gone_has_left_nothing() -> None:
    watch = Watch(DRAFT, 0.0)
    watch.seen("", 29.0)
    watch.due(31.0)
    watch.closed(31.0)
    assert watch.surveyed == {"30": "", "closed": ""}


def test_one_that_was_shown_by_another_server_is_followed_from_now_on() -> None:
    watch = Watch(DRAFT, shown=-500.0, since=0.0)
    watch.seen("", 5.0)
    decision = watch.due(8.0)
    assert decision
    assert decision.word == "reverted"  # it had stayed for 505 seconds
    other = Watch(DRAFT, shown=-500.0, since=0.0)
    assert other.next_due == 100.0  # the survey at 600; those before it nobody saw
    assert other.due(599.0) is None
    assert other.surveyed == {"600": DRAFT}


def test_an_end_is_the_end() -> None:
    watch = Watch(DRAFT, 0.0)
    watch.seen("", 1.0)
    decision = watch.due(4.0)
    assert decision
    assert decision.ends
    watch.seen(DRAFT, 5.0)
    watch.saved(5.0)
    assert watch.due(1000.0) is None
    assert watch.next_due is None
