"""The sandbox on programs whose outcome is known: references pass their own tests, mutants fail.

Needs the same folder as `benchmarks.verify`; each language's reference and tests are put together
as that folder says. Nothing of transloop's own cases is used here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.parallel import Row, hash_of, rows, share
from transloop_sandbox.job import File, Job, Limits
from transloop_sandbox.sandbox import Sandbox
from transloop_verify.mutants import mutants

MUTANTS = 2
"""Of each reference."""
LIMITS = Limits(cpu_seconds=10, memory_mb=1024)
_AT_ONCE = 3

Given = Mapping[str, Any]


def selftest(bench: Path, language: str, limit: int | None) -> dict[str, Any]:
    """References that pass, and mutants of them that fail; what does not compile is not counted."""
    some = [row for row in rows(bench) if _testable(row, language)][:limit]
    plans = [plan for row in some for plan in _plans(bench, row, language)]
    with Sandbox() as sandbox, ThreadPoolExecutor(_AT_ONCE) as pool:
        verdicts = list(pool.map(lambda plan: sandbox.run(plan[2]).verdict, plans))
    return _summary(plans, verdicts)


def languages() -> tuple[str, ...]:
    """Those whose tests can be put together."""
    return tuple(_PROGRAMS)


def _testable(row: Row, language: str) -> bool:
    given = row["languages"].get(language) or {}
    return bool(given.get("code") and given.get("tests") and given.get("verified"))


def _plans(bench: Path, row: Row, language: str) -> Iterator[tuple[str, str, Job]]:
    """The reference and some mutants of it: unit, which of them, and the job."""
    given = row["languages"][language]
    yield row["id"], "reference", own_tests(bench, given, language, given["code"])
    name = given["entry_point"].rpartition(".")[2]
    made = mutants(given["code"], language, within=name, seed=hash_of(row["id"]))
    for each in [each for each in made if each.mistake == "operator"][:MUTANTS]:
        job = own_tests(bench, given, language, each.code)
        yield row["id"], f"line {each.line}: {each.change}", job


def own_tests(bench: Path, given: Given, language: str, code: str) -> Job:
    """A program with its unit's own tests, of which transloop's cases know nothing."""
    name, put_together = _PROGRAMS[language]
    text = put_together(code, _shimmed(bench, given["tests"]), given["prelude"] or "")
    return Job(language, (File(name, text),), limits=LIMITS)


def _summary(plans: Sequence[tuple[str, str, Job]], verdicts: Sequence[str]) -> dict[str, Any]:
    told = list(zip(plans, verdicts, strict=True))
    references = [(unit, verdict) for (unit, which, _), verdict in told if which == "reference"]
    passed = {unit for unit, verdict in references if verdict == "ok"}
    changed = [
        (unit, which, verdict)
        for (unit, which, _), verdict in told
        if which != "reference" and unit in passed and verdict != "compile_error"
    ]
    failed = [each for each in changed if each[2] != "ok"]
    return {
        "references": len(references),
        "references_pass_share": share(len(passed), len(references)),
        "mutants": len(changed),
        "mutants_fail_share": share(len(failed), len(changed)),
        "references_that_fail": {unit: each for unit, each in references if each != "ok"},
        "mutants_fail_by": dict(Counter(each[2] for each in failed)),
    }


def _shimmed(bench: Path, tests: str) -> str:
    """The tests with the stand-ins for test libraries that they ask for."""
    return re.sub(
        r"^//@@SHIM (\S+?)@@$",
        lambda found: (bench / "shims" / found[1]).read_text("utf-8"),
        tests,
        flags=re.MULTILINE,
    )


# How a program is put together -------------------------------------------------------------------


def _joined(code: str, tests: str, prelude: str) -> str:
    return f"{prelude}\n{code}\n{tests}\n"


def _java(code: str, tests: str, prelude: str) -> str:
    """All imports at the top, and one class that may be public: the tests' own."""
    text = f"{code}\n{tests}\n"
    pattern = re.compile(r"^\s*import [\w.* ]+;", re.MULTILINE)
    imports = "\n".join(found.strip() for found in pattern.findall(text))
    rest = re.sub(r"^public class (?!Main\b)", "class ", pattern.sub("", text), flags=re.MULTILINE)
    return f"{prelude}\n{imports}\n{rest}"


def _rust(code: str, tests: str, prelude: str) -> str:
    """The tests as functions that `main` calls: a panic is a failure either way."""
    names = re.findall(r"#\[test\]\s*fn (\w+)", tests)
    tests = re.sub(r"#\[test\]\s*fn", "pub fn", tests.replace("#[cfg(test)]", ""))
    calls = " ".join(f"tests::{name}();" for name in names)
    code = re.sub(r"^fn main\(\)\s*\{\s*\}", "", code, flags=re.MULTILINE)
    return f"{prelude}\n{code}\n{tests}\nfn main() {{ {calls} }}\n"


_GO_TESTS = """
type transloopT struct{}
func (t *transloopT) Errorf(format string, values ...interface{}) { panic(format) }
func (t *transloopT) Helper() {}
"""


def _go(code: str, tests: str, prelude: str) -> str:
    """One file with a stand-in for `testing.T`, whose tests `main` calls."""
    names = re.findall(r"^func (Test\w+)\(", tests, re.MULTILINE)
    group = re.compile(r'^import \(([^)]*)\)|^import ("[^"]+")', re.MULTILINE)
    text = re.sub(r"^package main\s*$", "", f"{code}\n{tests}", flags=re.MULTILINE)
    listed = [
        line.strip() for found in group.findall(text) for line in "\n".join(found).split("\n")
    ]
    imports = sorted({line for line in listed if line and line != '"testing"'})
    body = group.sub("", text).replace("testing.T", "transloopT")
    calls = "; ".join(f"{name}(&transloopT{{}})" for name in names)
    block = "\n".join(imports)
    return f"package main\nimport (\n{block}\n)\n{body}\n{_GO_TESTS}\nfunc main() {{ {calls} }}\n"


_PROGRAMS: dict[str, tuple[str, Callable[[str, str, str], str]]] = {
    "python": ("main.py", _joined),
    "javascript": ("main.js", _joined),
    "java": ("Main.java", _java),
    "cpp": ("main.cpp", _joined),
    "go": ("main.go", _go),
    "rust": ("main.rs", _rust),
    "typescript": ("main.ts", _joined),
}
