"""An order that is killed at random points until it is done, in processes that are forks of one.

A new interpreter for each would take seconds to import everything. Prints what it found as JSON:
the rows at the end, and how many attempts were there after each kill.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import datasets
import datasketch
from tests.synth.functions import JAVASCRIPT, PYTHON, WRONG, engine, order, sources

from transloop_model.echo import EchoEngine
from transloop_model.engine import Request
from transloop_sandbox.sandbox import Sandbox
from transloop_seeds.store import Store
from transloop_synth.dataset import Dataset
from transloop_synth.order import Share
from transloop_synth.synthesize import synthesize

LOADED = (datasets, datasketch)
"""Before the first fork."""
KILLS = 40
"""At most: then it is left to end."""
LONGEST = 0.4
"""Seconds that it has left when it has done as much as was drawn."""
NEW = "def third(n: int) -> int:\n    return n // 3 + 7 * (n % 5)"
OF_NEW = "function third(n) {\n  return Math.floor(n / 3) + 7 * (((n % 5) + 5) % 5);\n}"


def answer(request: Request, candidate: int) -> str:
    """Some right, some wrong, one repaired, one invented, and all of them back to Python."""
    script = engine(
        {
            "third": (OF_NEW,),
            "clamp": (WRONG["clamp"], JAVASCRIPT["clamp"]),
            "tail": (WRONG["tail"],),
        },
        repairs={"tail": JAVASCRIPT["tail"]},
        new=(NEW,),
    )
    asked = request.messages[1].content
    if "to Python:" in asked:
        name = next(name for name in (*PYTHON, "third") if f"function {name}(" in asked)
        return f"{PYTHON.get(name, NEW)}\n```"
    return script.answer(request, candidate)


async def carry_out(folder: Path) -> None:
    """The order, or the rest of it."""
    asked = order(
        Share("python:javascript", None, 5),
        Share("python:javascript", "integer_division", 1),
        Share("javascript:python", None, 3),
        invented=0.34,
        repairs=1,
    )
    model = EchoEngine(answer, seconds_per_token=0.002)
    with Sandbox(workers=1) as sandbox:
        dataset = Dataset(folder / "pairs", Store(folder / "seeds"))
        await synthesize(asked, sources(), model, sandbox, dataset)


def fork(folder: Path) -> int:
    """A process that carries it out."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(carry_out(folder))
            os._exit(0)
        finally:
            os._exit(1)
    return child


def attempts(folder: Path) -> int:
    """How many are done."""
    return len(Dataset(folder / "pairs").attempts())


def one(folder: Path, choice: random.Random) -> tuple[int, int]:
    """Killed somewhere behind its next attempt or two. Whether it ended before, and how."""
    child, wanted = fork(folder), attempts(folder) + choice.randint(0, 2)
    reached, ended, status = 0.0, 0, 0
    while not ended and (not reached or time.monotonic() < reached):
        ended, status = os.waitpid(child, os.WNOHANG)
        if not reached and attempts(folder) >= wanted:
            reached = time.monotonic() + choice.uniform(0.0, LONGEST)
        time.sleep(0.005)
    if not ended:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return ended, status


def rows(folder: Path) -> dict[str, Any]:
    """What is there, without what no two runs have in common."""
    dataset = Dataset(folder / "pairs", Store(folder / "seeds"))
    attempts = [asdict(each) for each in dataset.attempts()]
    lineage = [asdict(each) for each in dataset.store.descent()] if dataset.store else []
    return {
        "pairs": sorted((asdict(each) for each in dataset.pairs()), key=lambda row: row["id"]),
        "attempts": [{**each, "seconds": 0.0} for each in attempts],
        "lineage": sorted((each["parent"], each["descendant"]) for each in lineage),
        "invented": [each.id for each in dataset.invented()],
        "files": sorted(path.name for path in (folder / "pairs" / "pairs").iterdir()),
    }


def main(folder: Path, seed: int) -> None:
    """Once to the end, and once killed again and again."""
    whole, torn = folder / "whole", folder / "torn"
    _, status = os.waitpid(fork(whole), 0)
    after: list[int] = []
    choice = random.Random(seed)
    for _ in range(KILLS):
        ended, status = one(torn, choice)
        if ended:
            break
        after.append(attempts(torn))
    else:
        _, status = os.waitpid(fork(torn), 0)
    found = {"status": status, "after": after, "whole": rows(whole), "torn": rows(torn)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
