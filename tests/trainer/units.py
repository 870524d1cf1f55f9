"""Units to evaluate on, as small as they can be; and an engine that answers as a test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transloop_model.echo import EchoEngine
from transloop_model.engine import Request

_CHECK = "const check = (found) => { if (!found) throw new Error('assertion failed') };"

LAST = {
    "id": "own/last",
    "problem": "The last item of a list.",
    "languages": {
        "python": {
            "code": "def last_item(xs):\n    return xs[-1]",
            "entry_point": "last_item",
        },
        "javascript": {
            "code": "function lastItem(xs) {\n  return xs[xs.length - 1];\n}",
            "tests": f"{_CHECK}\ncheck(lastItem([1, 2]) === 2);\ncheck(lastItem([7]) === 7);",
            "entry_point": "lastItem",
            "signature": "function lastItem(xs)",
            "verified": True,
        },
        "java": {
            "tests": (
                "public class Main { public static void main(String[] a) {"
                " if (Solution.lastItem(java.util.List.of(1, 2)) != 2)"
                " throw new AssertionError(); } }"
            ),
            "entry_point": "Solution.lastItem",
            "signature": "static int lastItem(java.util.List<Integer> xs)",
        },
    },
}
HALF = {
    "id": "own/half",
    "group": "halves",
    "languages": {
        "python": {
            "code": "def half(n: int) -> int:\n    return n // 2",
            "entry_point": "half",
        },
        "javascript": {
            "code": "function half(n) {\n  return Math.floor(n / 2);\n}",
            "tests": f"{_CHECK}\ncheck(half(4) === 2 && half(5) === 2 && half(-1) === -1);",
            "entry_point": "half",
            "signature": "function half(n)",
            "verified": True,
        },
    },
}
TOTAL = {
    "id": "own/total",
    "cases": [{"args": [[1, 2, 3]], "out": 6}, {"args": [[]], "out": 0}, {"args": [[5]], "out": 5}],
    "languages": {
        "python": {
            "code": "def total(xs):\n    n = 0\n    for x in xs:\n        n += x\n    return n",
            "entry_point": "total",
        }
    },
}
SEED = {
    "version": 1,
    "id": "5eed",
    "source": {
        "language": "python",
        "code": "def larger(a: int, b: int) -> int:\n    return a if a > b else b",
        "names": ["larger"],
    },
}

RIGHT: Mapping[str, str] = {
    "last_item": " {\n  return xs[xs.length - 1];\n}",
    "half": " {\n  return Math.floor(n / 2);\n}",
    "total": "function total(xs) {\n  return xs.reduce((a, b) => a + b, 0);\n}",
    "larger": "function larger(a, b) {\n  return Math.max(a, b);\n}",
}
"""What is right in JavaScript, after the declaration where that is given."""

Answer = Callable[[str, int], str]


def write(path: Path, *rows: Mapping[str, Any]) -> Path:
    """The rows as a file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def engine(answers: Mapping[str, str] = RIGHT, *others: Mapping[str, str]) -> EchoEngine:
    """Answers by the name of the unit; the first candidate from `answers`, then from `others`."""
    tables = (answers, *others)

    def answer(request: Request, candidate: int) -> str:
        name = next(name for name in RIGHT if f"def {name}" in request.messages[-1].content)
        return tables[min(candidate, len(tables) - 1)][name]

    return EchoEngine(answer)
