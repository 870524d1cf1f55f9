"""Counts for a status line: of today, and of nothing else."""

from __future__ import annotations

from datetime import date

from transloop_server.today import Today


def test_what_was_not_run_is_no_part_of_the_share() -> None:
    today = Today()
    for verdict in ("verified", "failed", None, "verified"):
        today.count(verdict)
    assert today.told() == {"translated": 4, "run": 3, "verified": 2}


def test_each_day_begins_at_nothing() -> None:
    days = iter([date(2026, 1, 1)] * 2 + [date(2026, 1, 2)] * 2)
    today = Today(lambda: next(days))
    today.count("verified")
    today.count("failed")
    assert today.told() == {"translated": 1, "run": 1, "verified": 0}
