"""`transloop verify`: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-P", "-m", "transloop", "verify"]

CLAMP = """\
LIMIT = 10


def clamp(values, low):
    \"\"\">>> clamp([1, 20], 3)
    [3, 10]
    \"\"\"
    return [bound(each, low) for each in values]


def bound(number, low):
    return max(low, min(number, LIMIT))


print(clamp([1], 0))
"""
RIGHT = "const clamp = (values, low) => values.map(v => Math.max(low, Math.min(v, 10)));\n"
WRONG = RIGHT.replace("10", "9")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The original."""
    file = tmp_path / "clamp.py"
    file.write_text(CLAMP)
    return file


def verified(source: Path, target: str, *arguments: str, name: str = "clamp.js") -> Any:
    """The command's exit code and what it printed, for a target with this text."""
    file = source.parent / name
    file.write_text(target)
    ran = subprocess.run(
        [*COMMAND, str(source), str(file), *arguments],
        capture_output=True,
        cwd=source.parent,
        env={**os.environ, "COLUMNS": "160"},
        timeout=120,
        check=False,
    )
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


def test_a_right_translation(source: Path) -> None:
    code, out, _ = verified(source, RIGHT)
    assert code == 0
    assert "clamp: verified: it did the same in all" in out
    assert "branches reached: 2 of 2" in out
    assert "mutants noticed:" in out


def test_a_wrong_one_with_its_counterexample(source: Path) -> None:
    code, out, _ = verified(source, WRONG)
    assert code == 1
    assert "Counterexample: clamp([" in out
    assert "the source returned [10], the target [9]" in out
    assert "clamp: failed: it does otherwise in" in out


def test_json_for_programs(source: Path) -> None:
    code, out, _ = verified(source, WRONG, "--json")
    found = json.loads(out)
    assert code == 1
    assert found["verdict"] == "failed"
    assert found["cases"] > found["agreed"] > 0
    assert found["counterexample"]["expected"] == {"kind": "returned", "value": [10]}
    assert found["counterexample"]["got"] == {"kind": "returned", "value": [9]}
    (function,) = found["functions"]
    assert function["function"] == "clamp"
    assert function["coverage"] == {"reached": 2, "branches": 2, "missed_lines": []}
    assert function["mutants"]["run"] == function["mutants"]["made"]
    assert function["case_list"][0]["arguments"] == [[1, 20], 3]
    assert function["case_list"][0]["origin"] == "call"
    assert {each["agrees"] for each in function["case_list"]} == {True, False}


def test_how_the_translation_was_kept_in_is_told(source: Path) -> None:
    out = verified(source, RIGHT)[1]
    found = json.loads(verified(source, RIGHT, "--json")[1])
    kept = found["isolation"]
    assert kept["level"] in ("full", "landlock", "seatbelt")
    assert kept == found["functions"][0]["isolation"]
    assert f"isolation: {kept['level']}, {kept['backend']} {kept['version']}" in out


def test_without_isolation_that_is_told(source: Path) -> None:
    code, out, _ = verified(source, RIGHT, "--unsafe-no-sandbox")
    assert code == 0
    assert "isolation: none, it ran without any protection" in out
    found = json.loads(verified(source, RIGHT, "--unsafe-no-sandbox", "--json")[1])
    assert found["isolation"] == {"level": "none", "backend": "none", "version": ""}


def test_what_did_not_run_has_no_isolation(source: Path) -> None:
    source.write_text("def clamp(values, low):\n    open('x')\n    return values\n")
    assert json.loads(verified(source, RIGHT, "--json")[1])["isolation"] is None


def test_the_cases_shown_are_those_that_ran(source: Path) -> None:
    target = "class A { static int longest(int[][] parts) { return parts.length; } }"
    source.write_text("def longest(parts):\n    return sum(1 for p in parts if len(p) >= 0)\n")
    found = json.loads(verified(source, target, "--json", name="A.java")[1])
    every = found["functions"][0]["case_list"]
    cases = [each for each in every if each["origin"] != "fraction"]
    assert found["verdict"] == "verified"
    assert [each["agrees"] for each in cases] == [True] * found["cases"]
    assert [each["agrees"] for each in every if each not in cases] == [None] * 2  # in int[][]
    assert found["functions"][0]["unchecked"] == {}
    assert all(isinstance(part, list) for each in cases for part in each["arguments"][0])


def test_the_seed_and_the_number_of_cases_are_kept_to(source: Path) -> None:
    lists = []
    for seed in ("1", "1", "2"):
        found = json.loads(verified(source, RIGHT, "--json", "--cases", "6", "--seed", seed)[1])
        lists.append([each["arguments"] for each in found["functions"][0]["case_list"]])
    assert lists[0] == lists[1] != lists[2]
    assert 6 <= len(lists[0]) <= 12  # a few more where they notice further mutants


def test_functions_are_named_where_they_are_named_otherwise(source: Path) -> None:
    other = (
        "function limit(n, low) { return Math.max(low, Math.min(n, 10)); }\nconst x = (a) => 1;\n"
    )
    code, out, _ = verified(source, other, "--function", "bound", "--target-function", "limit")
    assert (code, "bound: verified" in out) == (0, True)


def test_a_target_that_does_not_compile(source: Path) -> None:
    code, out, _ = verified(
        source, "const clamp = (values, low) => {\n  return ][;\n};\n", "--json"
    )
    found = json.loads(out)
    assert (code, found["verdict"], found["line"]) == (1, "compile_error", 2)


@pytest.mark.parametrize(
    ("target", "reason"), [("const x = 1;\n", "no function"), ("", "no function")]
)
def test_what_could_not_be_checked(source: Path, target: str, reason: str) -> None:
    code, out, _ = verified(source, target, "--json")
    found = json.loads(out)
    assert (code, found["verdict"]) == (7, "unchecked")
    assert reason in found["reason"]


def test_a_source_with_side_effects_is_not_checked(source: Path) -> None:
    source.write_text("def clamp(values, low):\n    open('x')\n    return values\n")
    code, out, _ = verified(source, RIGHT)
    assert code == 7
    assert "side effects: it seems to use files (line 2)" in out


def test_a_source_that_asks_the_machine_is_not_checked(source: Path) -> None:
    source.write_text(
        "import os\ndef clamp(values, low):\n    return os.path.getmtime(values) > low\n"
    )
    code, out, _ = verified(source, RIGHT)
    assert code == 7
    assert "clamp: unchecked: it reads the file system (line 3)" in out


def test_a_source_without_a_function(source: Path) -> None:
    source.write_text("x = 1\n")
    assert verified(source, RIGHT)[0] == 7


def test_requests_that_are_off(source: Path) -> None:
    code, _, told = verified(source, RIGHT, "--function", "nothing")
    assert (code, "there is no `nothing`" in told) == (2, True)
    code, _, told = verified(source, RIGHT, name="clamp.txt")
    assert (code, "tells no known language" in told) == (2, True)
    assert verified(source, RIGHT, "--cases", "0")[0] == 2


def test_several_functions_are_compared_each(source: Path) -> None:
    source.write_text("def one(n):\n    return n + 1\n\n\ndef two(n):\n    return n * 2\n")
    code, out, _ = verified(source, "const one = n => n + 1;\nconst two = n => n + n + 1;\n")
    assert code == 1
    assert "one: verified" in out
    assert "two: failed" in out


def test_a_typed_language_is_compiled(source: Path) -> None:
    source.write_text("def twice(n: int) -> int:\n    return 2 * n\n")
    java = "class Twice {\n    static int twice(int n) {\n        return n + n;\n    }\n}\n"
    code, out, _ = verified(source, java, name="Twice.java")
    assert (code, "twice: verified" in out) == (0, True)
