"""A run of the loop with a scripted model, and everything else real: sandbox, training, registry.

Also a program: `python looped.py MODEL FOLDER POINT` does it in the home that the environment
names, and is killed at POINT (`end`: never); what the run ended with is printed as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transloop_model.catalog import ModelFile
from transloop_model.echo import EchoEngine
from transloop_model.engine import Request
from transloop_model.registry.registry import Registry
from transloop_model.training import Training
from transloop_sandbox.sandbox import Sandbox
from transloop_seeds.store import Store
from transloop_trainer.background.hours import Hours
from transloop_trainer.background.status import Status
from transloop_trainer.background.supervisor import Supervisor
from transloop_trainer.loop.desk import Desk
from transloop_trainer.loop.plan import Plan
from transloop_trainer.loop.run import Run, begin
from transloop_trainer.loop.stopping import End

PYTHON: Mapping[str, str] = {
    "double_sum": "(xs: list[int]) -> int:\n    return 2 * sum(xs)",
    "clamp": "(n: int, low: int, high: int) -> int:\n    return max(low, min(n, high))",
    "vowels": "(s: str) -> int:\n    return len([c for c in s if c in 'aeiou'])",
    "shout": "(s: str) -> str:\n    return s.upper() + '!'",
    "evens": "(xs: list[int]) -> list[int]:\n    return [x for x in xs if x % 2 == 0]",
    "gap": "(a: int, b: int) -> int:\n    return a - b if a > b else b - a",
    "initials": "(words: list[str]) -> str:\n    return ''.join(w[0] for w in words if w)",
    "triangle": "(n: int) -> int:\n    return n * (n + 1) // 2 if n > 0 else 0",
    "longest": "(words: list[str]) -> int:\n    return max([len(w) for w in words] + [0])",
    "backwards": "(s: str) -> str:\n    return s[::-1]",
    "leap": "(y: int) -> bool:\n    return y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)",
    "positives": "(xs: list[int]) -> int:\n    return len([x for x in xs if x > 0])",
    "repeat_twice": "(s: str) -> str:\n    return s + '-' + s",
    "minutes": "(hours: int, rest: int) -> int:\n    return hours * 60 + rest",
    "increasing": "(xs: list[int]) -> bool:\n    return all(a < b for a, b in zip(xs, xs[1:]))",
    "square_all": "(xs: list[int]) -> list[int]:\n    return [x * x for x in xs]",
    "count_commas": "(s: str) -> int:\n    return s.count(',')",
    "second_half": "(xs: list[int]) -> list[int]:\n    return xs[len(xs) // 2:]",
}
JAVASCRIPT: Mapping[str, str] = {
    "double_sum": "(xs) {\n  return 2 * xs.reduce((a, b) => a + b, 0);\n}",
    "clamp": "(n, low, high) {\n  return Math.max(low, Math.min(n, high));\n}",
    "vowels": "(s) {\n  return [...s].filter((c) => 'aeiou'.includes(c)).length;\n}",
    "shout": "(s) {\n  return s.toUpperCase() + '!';\n}",
    "evens": "(xs) {\n  return xs.filter((x) => x % 2 === 0);\n}",
    "gap": "(a, b) {\n  return a > b ? a - b : b - a;\n}",
    "initials": "(words) {\n  return words.filter((w) => w).map((w) => [...w][0]).join('');\n}",
    "triangle": "(n) {\n  return n > 0 ? (n * (n + 1)) / 2 : 0;\n}",
    "longest": "(words) {\n  return Math.max(0, ...words.map((w) => [...w].length));\n}",
    "backwards": "(s) {\n  return [...s].reverse().join('');\n}",
    "leap": "(y) {\n  return y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0);\n}",
    "positives": "(xs) {\n  return xs.filter((x) => x > 0).length;\n}",
    "repeat_twice": "(s) {\n  return s + '-' + s;\n}",
    "minutes": "(hours, rest) {\n  return hours * 60 + rest;\n}",
    "increasing": "(xs) {\n  return xs.every((x, i) => i === 0 || xs[i - 1] < x);\n}",
    "square_all": "(xs) {\n  return xs.map((x) => x * x);\n}",
    "count_commas": "(s) {\n  return s.split(',').length - 1;\n}",
    "second_half": "(xs) {\n  return xs.slice(Math.floor(xs.length / 2));\n}",
}


def bench(path: Path) -> Path:
    """The functions as a benchmark without tests: both sides are run."""
    rows = [
        {
            "id": f"own/{name}",
            "languages": {
                "python": {"code": f"def {name}{PYTHON[name]}", "entry_point": name},
                "javascript": {
                    "code": f"function {name}{JAVASCRIPT[name]}",
                    "entry_point": name,
                },
            },
        }
        for name in PYTHON
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


class Scripted(EchoEngine):
    """Alone it translates every other function; what an adapter makes of it, the test says."""

    def __init__(self, with_adapter: Callable[[str], bool] = lambda name: True) -> None:
        super().__init__(self._translated)
        self.with_adapter = with_adapter
        self.adapter: Path | None = None
        self.applied: list[Path | None] = []

    async def use_adapter(self, path: Path | None) -> None:
        self.adapter = path
        self.applied.append(path)

    def _translated(self, request: Request, candidate: int) -> str:
        found = re.search(r"(def|function) (\w+)\(", request.messages[-1].content)
        assert found, request.messages[-1].content
        word, name = found.groups()
        able = self.with_adapter(name) if self.adapter else list(PYTHON).index(name) % 2 == 0
        if word == "function":
            return f"def {name}{PYTHON[name]}"
        return f"function {name}{JAVASCRIPT[name]}" if able else f"function {name}() {{}}"


POINTS: Mapping[str, Callable[[Training], bool]] = {
    "synthesizing": lambda now: now.phase == "synthesizing" and now.step > 1,
    "validating": lambda now: (
        now.phase == "measuring" and now.step > 0 and [*now.scores] == ["in use"]
    ),
    "training": lambda now: now.phase == "training" and now.loss is not None,
    "measuring": lambda now: "validation" in now.scores and now.phase == "measuring",
    "published": lambda now: now.said.startswith("Adapter 1:"),
    "stopping": lambda now: now.decision == "stop",
    "end": lambda now: False,
}
"""Where a run is killed."""


class Killed(Status):
    """Kills its own process when the run is at a point."""

    def __init__(self, point: str) -> None:
        super().__init__()
        self._point = POINTS[point]

    def update(self, **fields: Any) -> None:
        super().update(**fields)
        self._look()

    def say(self, said: str, **fields: Any) -> None:
        super().say(said, **fields)
        self._look()

    def _look(self) -> None:
        if self._point(self.now):
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def desk(model: ModelFile, status: Status, engine: Scripted | None = None) -> Iterator[Desk]:
    """What a run works with."""
    with Supervisor(lambda: "", Hours(), told=status.paused) as supervisor, Sandbox() as sandbox:
        registry, store = Registry(model.digest()), Store()
        yield Desk(engine or Scripted(), model, sandbox, registry, store, supervisor, status)


async def looped(
    model: ModelFile, asked: Plan, status: Status, engine: Scripted | None = None
) -> End:
    """One run, or the rest of one."""
    with desk(model, status, engine) as made:
        return await Run(made, begin(made, asked)).go_on()


def plan(path: Path, policy: str = "fixed") -> Plan:
    """Python to JavaScript, as small as it can be."""
    return Plan(("python:javascript",), (), policy, "smoke", 300.0, path)


def main() -> None:
    model, folder, point = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    asked = plan(bench(folder / "bench.jsonl"))
    end = asyncio.run(looped(ModelFile(model.stem, model), asked, Killed(point)))
    print(json.dumps(asdict(end)))  # noqa: T201


if __name__ == "__main__":
    main()
