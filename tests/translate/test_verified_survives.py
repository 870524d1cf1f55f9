"""Sources that misbehave and candidates that cheat, through the whole search: what is said."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.translate.searches import Answers, Search

from transloop_model.echo import EchoEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import NoCode
from transloop_translate.modes import MODES, Mode
from transloop_translate.verified import Delivered, holds
from transloop_verify.value import encode

ROUND = MODES["balanced"]
SECONDS = 30.0
"""In which any of them is told, on a machine that does other things too."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(cache=False) as made:
        yield made


async def delivered(
    source: str, answers: Answers, sandbox: Sandbox, mode: Mode = ROUND
) -> tuple[Delivered, EchoEngine]:
    engine = EchoEngine(answers)
    return await Search(engine, sandbox, mode).of(source), engine


@dataclass(frozen=True)
class Told:
    """A source in Python, its translation, and what is to be said of it."""

    name: str
    source: str
    answer: str
    verdict: str
    reason: str
    """As a regular expression, for numbers that depend on how many cases there are."""


SAME = r"it did the same in all \d+ cases"
OTHERWISE = r"it does otherwise in \d+ of \d+ cases"
UNSTABLE = (
    "not deterministic: it does otherwise when it is run again: chance, time, or what earlier "
    "calls left behind"
)
FEW = r"too few inputs that it accepts were found \(\d+ x {}\)"
SURVIVES = [
    Told(
        "a source that never ends",
        "def f(x: int) -> int:\n    while True:\n        x += 1\n",
        "function f(x) { while (true) { x += 1; } }",
        "unchecked",
        FEW.format("it does not come to an end"),
    ),
    Told(
        "a source that ends on some inputs only",
        "def f(x: int) -> int:\n    while x > 5:\n        pass\n    return x + 1\n",
        "function f(x) { while (x > 5) { } return x + 1; }",
        "verified",
        SAME,
    ),
    Told(
        "a source that prints a gigabyte",
        "def f(x: int) -> int:\n    for _ in range(1000):\n        print('x' * 10**6)\n"
        "    return x\n",
        "function f(x) { for (let i = 0; i < 1000; i++) console.log('x'.repeat(1e6)); return x; }",
        "unchecked",
        FEW.format("it crashes: output_limit"),
    ),
    Told(
        "the clock",
        "import time\n\n\ndef f(x: int) -> float:\n    return x + time.time()\n",
        "function f(x) { return x + Date.now() / 1000; }",
        "unchecked",
        r"side effects: it seems to use clock \(line \d\)",
    ),
    Told(
        "a clock that is not called by its name",
        "def f(x: int) -> int:\n    return x + __import__('time').time_ns()\n",
        "function f(x) { return x + Date.now(); }",
        "unchecked",
        UNSTABLE,
    ),
    Told(
        "random numbers",
        "import random\n\n\ndef f(x: int) -> int:\n    return x + random.randint(0, 9)\n",
        "function f(x) { return x + Math.floor(Math.random() * 10); }",
        "unchecked",
        r"side effects: it seems to use randomness \(line \d\)",
    ),
    Told(
        "random numbers that are not called by their name",
        "def f(x: int) -> int:\n    return x + __import__('random').getrandbits(30)\n",
        "function f(x) { return x + Math.floor(Math.random() * 2 ** 30); }",
        "unchecked",
        UNSTABLE,
    ),
    Told(
        "the order of a set",
        "def f(x: int) -> str:\n    return ''.join({'a', 'b', 'c', 'd', 'e', 'f', 'g'}) + str(x)\n",
        "function f(x) { return 'abcdefg' + x; }",
        "unchecked",
        UNSTABLE,
    ),
    Told(
        "a file that is written",
        "def f(x: int) -> int:\n    with open('f.txt', 'w') as file:\n"
        "        file.write(str(x))\n    return x\n",
        "function f(x) { require('fs').writeFileSync('f.txt', String(x)); return x; }",
        "unchecked",
        r"side effects: it seems to use files \(line \d\)",
    ),
    Told(
        "a file that is written behind another name",
        "import io\n\n\ndef f(x: int) -> int:\n    io.FileIO('f.txt', 'w').write(b'x')\n"
        "    return x\n",
        "function f(x) { return x; }",
        "unchecked",
        FEW.format("OSError"),
    ),
    Told(
        "an argument that is changed",
        "def f(x: list[int]) -> int:\n    x.append(1)\n    return len(x)\n",
        "function f(x) { x.push(1); return x.length; }",
        "verified",
        SAME,
    ),
    Told(
        "an argument that the translation does not change",
        "def f(x: list[int]) -> int:\n    x.append(1)\n    return len(x)\n",
        "function f(x) { return x.length + 1; }",
        "failed",
        OTHERWISE,
    ),
    Told(
        "what is not a number",
        "def f(x: float) -> float:\n    return float('nan') if x < 0 else x\n",
        "function f(x) { return x < 0 ? NaN : x; }",
        "verified",
        SAME,
    ),
    Told(
        "a number for what is none",
        "def f(x: float) -> float:\n    return float('nan') if x < 0 else x\n",
        "function f(x) { return x < 0 ? 0 : x; }",
        "failed",
        OTHERWISE,
    ),
    Told(
        "a deep structure",
        "def f(x: int) -> list:\n    a = []\n    for _ in range(40):\n"
        "        a = [a, x]\n    return a\n",
        "function f(x) { let a = []; for (let i = 0; i < 40; i++) a = [a, x]; return a; }",
        "verified",
        SAME,
    ),
    Told(
        "a structure that is too deep to tell",
        "def f(x: int) -> list:\n    a = []\n    for _ in range(5000):\n        a = [a]\n"
        "    return a\n",
        "function f(x) { let a = []; for (let i = 0; i < 5000; i++) a = [a]; return a; }",
        "unchecked",
        FEW.format("RecursionError"),
    ),
    Told(
        "a structure that holds itself",
        "def f(x: int) -> list:\n    a = [x]\n    a.append(a)\n    return a\n",
        "function f(x) { const a = [x]; a.push(a); return a; }",
        "unchecked",
        "its results cannot be expressed: it contains itself",
    ),
    Told(
        "an error that is raised",
        "def f(x: int) -> int:\n    if x < 0:\n        raise ValueError('negative')\n"
        "    return x\n",
        "function f(x) { if (x < 0) throw new RangeError('negative'); return x; }",
        "verified",
        SAME,
    ),
    Told(
        "an error that the translation swallows",
        "def f(x: int) -> int:\n    if x < 0:\n        raise ValueError('negative')\n"
        "    return x\n",
        "function f(x) { return x; }",
        "failed",
        OTHERWISE,
    ),
    Told(
        "a translation that leaves early",
        "def f(x: int) -> int:\n    return x + 1\n",
        "function f(x) { process.exit(0); }",
        "failed",
        OTHERWISE,
    ),
    Told(
        "a translation that never ends",
        "def f(x: int) -> int:\n    return x + 1\n",
        "function f(x) { while (true) { } }",
        "failed",
        OTHERWISE,
    ),
]


@pytest.mark.parametrize("told", SURVIVES, ids=[each.name for each in SURVIVES])
async def test_it_is_told_what_it_is(told: Told, sandbox: Sandbox) -> None:
    began = time.monotonic()
    answers = Answers(told.answer, (told.answer,), (told.answer,))
    found, engine = await delivered(told.source, answers, sandbox)
    verdict = found.best.verdict
    assert verdict is not None
    assert verdict.verdict == told.verdict
    assert re.fullmatch(told.reason, verdict.reason), verdict.reason
    assert time.monotonic() - began < SECONDS
    assert (len(engine.requests) == 1) == (told.verdict != "failed")  # more would tell no more


# A candidate that knows the cases ----------------------------------------------------------------

PRICE = """\
def price(count: int, member: bool) -> int:
    total = count * 7 + 3
    if member and total > 20:
        total -= total // 5
    return total
"""
PRICE_JS = """\
function price(count, member) {
  let total = count * 7 + 3;
  if (member && total > 20) total -= Math.floor(total / 5);
  return total;
}"""


def knowing(found: Delivered, *, held_out: bool) -> str:
    """A program that is right on these cases and on no other."""
    (evidence,) = found.evidence
    answers = {
        encode(list(case.arguments)): encode(evidence.expected[case.id].value)
        for case in evidence.cases
        if held_out or not case.held_out
    }
    rows = "".join(
        f"    case {json.dumps(key)}: return {value};\n" for key, value in answers.items()
    )
    return (
        "function price(count, member) {\n  switch (JSON.stringify([count, member])) {\n"
        f"{rows}    default: return 1000003;\n  }}\n}}"
    )


async def test_a_candidate_that_knows_the_visible_cases_fails_on_those_held_out(
    sandbox: Sandbox,
) -> None:
    honest, _ = await delivered(PRICE, Answers(PRICE_JS), sandbox)
    assert holds(honest.best)
    cheat = knowing(honest, held_out=False)
    found, engine = await delivered(PRICE, Answers(cheat, (cheat,), (PRICE_JS,)), sandbox)
    verdict = found.best.verdict
    assert verdict.verdict == "failed"
    by_id = {case.id: case for case in found.evidence[0].cases}
    assert len(verdict.failed) >= 2
    assert all(by_id[case].held_out for case in verdict.failed)
    assert len(verdict.failed) == sum(case.held_out for case in by_id.values())
    assert verdict.counterexample.held_out
    # Nothing that was held out is told to the model, so there is nothing to repair by.
    assert len(engine.requests) == 2
    knows_all = knowing(honest, held_out=True)
    assert holds((await delivered(PRICE, Answers(knows_all), sandbox))[0].best)


async def test_where_no_answer_is_code_an_unending_source_ends_too(sandbox: Sandbox) -> None:
    began = time.monotonic()
    source = "def f(x: int) -> int:\n    while True:\n        x += 1\n"
    with pytest.raises(NoCode):
        await delivered(source, Answers("I do not know.", ("Nor do I.",)), sandbox)
    assert time.monotonic() - began < SECONDS
