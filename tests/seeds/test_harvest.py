"""Which functions of a file could stand on their own, and which are kept when they were run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from transloop.harvest import Harvest, candidates, harvest
from transloop_sandbox.sandbox import Sandbox
from transloop_seeds.event import Harvested
from transloop_seeds.harvest import LONGEST, functions
from transloop_seeds.ignore import ignore_for
from transloop_syntax.language import language
from transloop_verify.evidence import Effort

PYTHON = '''\
from __future__ import annotations

import math
import os
from . import sibling
from json import (
    dumps,
)

LIMIT = 10


def clamp(x: int) -> int:
    """Between 0 and LIMIT."""
    return max(0, min(x, LIMIT))


def area(r: float) -> float:
    # Uses another function.
    side = clamp(int(r))
    return math.pi * side


class Point:
    def __init__(self, x):
        self.x = x


def test_clamp():
    assert clamp(3) == 3
    assert clamp(-3) == 0


def far(x):
    y = sibling.thing(x)
    return y


def one(x): return x


def even(n: int) -> bool:
    if n == 0:
        return True
    return odd(n - 1)


def odd(n: int) -> bool:
    if n == 0:
        return False
    return even(n - 1)
'''


def found(text: str, name: str = "python") -> dict[str, str]:
    """Why each function is refused, by name."""
    return {each.source.names[0]: each.refused for each in functions(text, language(name), "a.py")}


def test_a_function_comes_with_all_that_it_needs_and_nothing_else() -> None:
    clamp, area = itertools.islice(functions(PYTHON, language("python"), "src/a.py"), 2)
    assert clamp.source.code.startswith("def clamp(x: int) -> int:\n")
    assert clamp.source.code.endswith("return max(0, min(x, LIMIT))")
    assert clamp.source.needs == ("from __future__ import annotations", "LIMIT = 10")
    assert clamp.source.signature == "def clamp(x: int) -> int:"
    assert (clamp.source.names, clamp.source.path) == (("clamp",), "src/a.py")
    needs = area.source.needs
    assert needs[1:3] == ("import math", "LIMIT = 10")
    assert needs[3].startswith("def clamp")
    assert len(needs) == 4


def test_functions_that_need_each_other_come_together() -> None:
    (even,) = [
        each for each in functions(PYTHON, language("python")) if each.source.names == ("even",)
    ]
    assert [each.split("(")[0] for each in even.source.needs[1:]] == ["def odd"]
    space: dict[str, object] = {}
    exec(even.program, space)  # noqa: S102 - our own text
    assert space["even"](10) is True  # type: ignore[operator]


def test_those_that_cannot_stand_alone_are_refused_with_a_reason() -> None:
    assert found(PYTHON) == {
        "clamp": "",
        "area": "",
        "even": "",
        "odd": "",
        "test_clamp": "it is a test or an entry point",
        "far": "it needs another file",
        "one": "it is too short or too long",
    }
    long = "def f(x):\n" + "    x += 1\n" * LONGEST + "    return x\n"
    assert found(long) == {"f": "it is too short or too long"}
    table = "TABLE = {\n" + "".join(f"    {n}: {n},\n" for n in range(60)) + "}\n"
    user = "def f(x):\n    y = TABLE[x]\n    return y\n"
    assert found(table + user) == {"f": "it needs too much from around it"}


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("os.stat(x).st_mtime", True),
        ("os.path.exists(x)", True),
        ("path.getsize(x)", True),
        ("sys.platform == x", True),
        ("os.environ[x]", True),
        ("os.path.join(x, 'y')", False),
        ("os.fspath(x) + os.sep", False),
        ("min(x, sys.maxsize)", False),
        ("x.path.name", False),
    ],
)
def test_what_another_machine_would_answer_otherwise_is_refused(line: str, refused: bool) -> None:
    imports = "import os\nimport sys\nfrom os import path\n"
    code = f"{imports}\n\ndef f(x):\n    y = {line}\n    return y\n"
    assert found(code)["f"] == ("it asks the machine that it runs on" if refused else "")


def test_a_file_that_does_not_parse_gives_none() -> None:
    assert found("def f(x:\n    return (\n") == {}


def test_other_languages_are_harvested_too() -> None:
    script = (
        "import fs from 'fs';\nimport { near } from './near.js';\nconst K = 3;\n"
        "export function scale(x) {\n  const y = x * K;\n  return y;\n}\n"
        "function far(x) {\n  const y = near(x);\n  return y;\n}\n"
    )
    assert found(script, "javascript") == {"scale": "", "far": "it needs another file"}
    go = 'package main\n\nimport "fmt"\n\nfunc Twice(x int) int {\n\ty := x * 2\n\treturn y\n}\n'
    assert found(go, "go") == {"Twice": ""}


# Running them ------------------------------------------------------------------------------------

CODE = '''\
import random
import time


def roman(number: int) -> str:
    """As Romans wrote it."""
    if not 0 < number < 4000:
        raise ValueError(number)
    text = ""
    for value, letters in ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"),
                           (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"),
                           (4, "IV"), (1, "I")):
        while number >= value:
            text += letters
            number -= value
    return text


def dice(sides: int) -> int:
    if sides < 1:
        raise ValueError(sides)
    return random.randint(1, sides * 1000)


def always(x: int) -> int:
    y = x - x
    return y


def elapsed(since: float) -> float:
    now = time.time()
    return now - since


def save(name: str, text: str) -> None:
    with open(name, "w") as file:
        file.write(text)


def callback(call, x: int) -> int:
    y = call(x)
    return y


def nothing() -> int:
    x = 1
    return x
'''


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    (folder / "secret").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "app.py").write_text(CODE)
    for place in ("secret", "tests"):
        (folder / place / "more.py").write_text(CODE.replace("def ", f"def {place}_"))
    (folder / ".transloopignore").write_text("secret/\n")
    return folder


def run(code: Path, limit: int = 100, seconds: float = 120.0) -> tuple[list[Harvested], Harvest]:
    """What is kept of a folder."""
    kept: list[Harvested] = []
    state = Harvest()

    def keep(event: Harvested) -> bool:
        kept.append(event)
        return True

    with Sandbox(workers=1) as sandbox:
        harvest(
            candidates(code, code, ignore_for(code), state),
            sandbox,
            state,
            kept=keep,
            told=lambda text: None,
            limit=limit,
            seconds=seconds,
            effort=Effort(cases=12, seconds=4.0, mutant_seconds=1.0),
        )
    return kept, state


def test_what_can_be_tested_is_kept_and_what_cannot_is_not(code: Path) -> None:
    kept, state = run(code)
    assert [each.about.source.names[0] for each in kept] == ["roman"]
    (event,) = kept
    assert event.about.verdict == "testable"
    assert event.about.source.path == "app.py"
    assert event.about.evidence["cases"] >= 8
    assert event.about.evidence["mutants"]["killed"] >= 1
    assert (state.files, state.functions, state.run, state.kept) == (1, 7, 7, 1)
    assert sum(state.reasons.values()) == 7
    assert state.reasons["file: ignored"] == 1
    assert state.reasons["it has no parameters"] == 1
    assert state.reasons["it gives the same for all inputs that were tried"] == 1


def test_it_stops_at_its_limits(code: Path) -> None:
    assert run(code, limit=0)[1].run == 0
    assert run(code, seconds=0.0)[1].run == 0


def test_files_come_in_a_mixed_but_stable_order(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"f{number:02}.py").write_text(f"def f{number}(x):\n    y = x\n    return y\n")

    def order() -> Iterator[str | None]:
        state = Harvest()
        for each in candidates(tmp_path, tmp_path, ignore_for(tmp_path), state):
            yield each.source.path

    once = list(order())
    assert once == list(order())
    assert once != sorted(map(str, once))
    assert len(once) == 20
