"""A translation and the unit's own tests as one program, and what its end says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from transloop_sandbox.job import File, Job, Limits, Result

Failure = Literal["no code", "compile", "runtime", "wrong", "timeout"]
"""Why a translation is not right; the first that applies."""

LIMITS = Limits(cpu_seconds=10, memory_mb=1024)
_ASSERTED = re.compile(
    r"AssertionError|AssertionFailedError"  # Python's assert, unittest, Node's, Java's
    r"|assertion failed|[Aa]ssertion [`']|CASES_FAILED"  # ours, C's, Rust's, and a list of cases
    r"|^FAIL(ED)?\b|\d+ run, \d+ failed"  # the stand-ins for jest and JUnit, unittest
    r"|\bcase \S.* got .* expected |test case \d+ did not pass"
    r"|Error at \d+th assert statement|test case \d+ failed to pass",
    re.MULTILINE,
)
"""What tests say when a value is not the expected one."""


_RAISED = re.compile(r"^(\w|[.$])*(Error|Exception)\b.*|^panic: |panicked at")
_LONGEST = 300
"""Characters of a reason."""


def languages() -> tuple[str, ...]:
    """Those whose tests can be put together."""
    return tuple(_PROGRAMS)


def own_tests(code: str, language: str, tests: str, prelude: str = "") -> Job:
    """A program with its unit's own tests, of which transloop's cases know nothing."""
    name, put_together = _PROGRAMS[language]
    return Job(language, (File(name, put_together(code, tests, prelude)),), limits=LIMITS)


def failure(result: Result) -> Failure | None:
    """What went wrong; None if all tests passed."""
    match result.verdict:
        case "ok":
            return None
        case "compile_error":
            return "compile"
        case "wrong_answer":
            return "wrong"
        case "timeout":
            return "compile" if result.phase == "compile" else "timeout"
    return "wrong" if _ASSERTED.search(_output(result)) else "runtime"


def said(result: Result) -> str:
    """Why a program failed, in its tests' or its compiler's own words where there are some."""
    if result.verdict == "ok":
        return ""
    if result.diagnostics:
        return result.diagnostics[0].message[:_LONGEST]
    lines = [line.strip() for line in _output(result).splitlines()]
    told = [line for line in lines if _ASSERTED.search(line) or _RAISED.search(line)]
    return (told[-1] if told else f"{result.verdict}: {result.reason}".strip(": "))[:_LONGEST]


def _output(result: Result) -> str:
    return (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")


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
func (t *transloopT) Errorf(format string, values ...interface{}) { panic("assertion failed: " + format) }
func (t *transloopT) Helper() {}
"""  # noqa: E501


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
