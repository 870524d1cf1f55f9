"""Programs, with the evidence and the verdicts of their only function."""

from __future__ import annotations

from transloop_sandbox.sandbox import Sandbox
from transloop_verify.entry import entries
from transloop_verify.evidence import Effort, Evidence, derive
from transloop_verify.judge import Verdict, judge
from transloop_verify.program import side

QUICK = Effort(mutants=False)

ROTATE = """\
def rotate(values: list[int], k: int) -> list[int]:
    if not values:
        raise ValueError("nothing to rotate")
    if k < 0:
        return values
    k = k % len(values)
    return values[-k:] + values[:-k]
"""
ROTATE_JS = """\
function rotate(values, k) {
  if (values.length === 0) throw new RangeError("nothing");
  if (k < 0) return values;
  k = k % values.length;
  return [...values.slice(values.length - k), ...values.slice(0, values.length - k)];
}
"""
GCD = """\
def gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a
"""


def evidence_of(
    code: str, sandbox: Sandbox, *, language: str = "python", effort: Effort = QUICK
) -> Evidence:
    """Evidence for the only function of some code."""
    return derive(side(code, language, entries(code, language)[-1].name), sandbox, effort=effort)


def verdict_of(
    source: str, target: str, language: str, sandbox: Sandbox, *, source_language: str = "python"
) -> Verdict:
    found = evidence_of(source, sandbox, language=source_language)
    assert found.reason == ""
    return judge(found, target, language, sandbox)
