"""What is said of a pull, from the steps that the pulling process tells."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from transloop_model import pulling
from transloop_model.catalog import Entry
from transloop_model.pull import Progress, Step
from transloop_server.offering import how_far


def test_what_was_fetched_is_checked_and_not_fetched_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pull(row: Entry, *, progress: Progress) -> None:
        for step in (Step("hub", 400_000_000, 491_000_000), Step("check", 50_000_000, 491_000_000)):
            progress(step)

    monkeypatch.setattr(pulling, "pull", pull)
    monkeypatch.setattr(pulling, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(sys, "argv", ["pulling", "qwen2.5-coder-0.5b-instruct"])
    assert pulling.main() == 0
    told: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [how_far(each) for each in told] == ["400 of 491 MB", "checking 50 of 491 MB"]
