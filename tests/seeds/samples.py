"""Translations to tell the store about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from transloop_seeds.event import About, Source, new_id
from transloop_seeds.pending import Pending, Place
from transloop_seeds.permission import Permission

ALL = Permission("all")
NO_CODE = Permission("no-code", "no code is kept: so you chose")
OFF = Permission("off", "you said no to learning")

PYTHON = "def double(x):\n    return 2 * x"
JAVASCRIPT = "function double(x) {\n  return 2 * x;\n}"
EVIDENCE = {
    "cases": 24,
    "agreed": 24,
    "coverage": {"reached": 3, "branches": 4, "missed_lines": [2]},
    "mutants": {"killed": 5, "run": 6, "survivors": ["line 2: 2 -> 3"]},
    "counterexample": {"arguments": ["a private input"]},
}


def about(code: str = PYTHON, **changes: Any) -> About:
    """A translation of some Python to JavaScript."""
    made = About(
        new_id(),
        Source(code, "python", ("double",), "def double(x)", ("import math",), "src/app.py"),
        "javascript",
        model="sha256:74a4da8c",
        prompt="1",
        verdict="verified",
        evidence=EVIDENCE,
        latency={"first_token": 0.3, "code": 1.5, "verdict": 4.0},
    )
    return replace(made, **changes)


def waiting(made: About) -> Pending:
    """It stands in a file and has not settled."""
    place = Place("file:///w/app.js", 0, len(JAVASCRIPT), JAVASCRIPT, after="\n// end")
    return Pending(made, JAVASCRIPT, place)
