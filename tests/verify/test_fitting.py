"""Cases for what a target declares, and for what a source accepts."""

from __future__ import annotations

import pytest

from transloop_sandbox.sandbox import Sandbox
from transloop_verify.evidence import Effort, derive
from transloop_verify.fitting import narrowed
from transloop_verify.judge import judge
from transloop_verify.program import side
from transloop_verify.type import ANY, Type

QUICK = Effort(mutants=False)
INT, FLOAT, TEXT = Type("int"), Type("float"), Type("string")
SHORT = Type("int", bits=32)


def many(kind: Type) -> Type:
    return Type("list", (kind,))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (ANY, many(TEXT), many(TEXT)),
        (many(TEXT), ANY, many(TEXT)),
        (many(many(INT)), many(TEXT), many(many(INT))),
        (FLOAT, INT, INT),
        (INT, FLOAT, INT),
        (INT, SHORT, SHORT),
        (SHORT, INT, SHORT),
        (TEXT, Type("char"), Type("char")),
        (many(FLOAT), many(SHORT), many(SHORT)),
        (Type("optional", (TEXT,)), TEXT, TEXT),
        (TEXT, Type("optional", (TEXT,)), TEXT),
        (Type("union", (TEXT, FLOAT)), INT, INT),
        (Type("map", (TEXT, ANY)), Type("map", (ANY, INT)), Type("map", (TEXT, INT))),
    ],
)
def test_two_types_are_narrowed_to_what_both_accept(one: Type, other: Type, both: Type) -> None:
    assert narrowed(one, other) == both


LONGEST = "def longest(parts):\n    return max((len(p) for p in parts), default=0)\n"
LONGEST_JAVA = """\
class A {
    static int longest(int[][] parts) {
        int found = 0;
        for (int[] part : parts) found = Math.max(found, part.length);
        return found;
    }
}
"""


def test_a_source_of_many_types_is_asked_for_those_of_the_target(sandbox: Sandbox) -> None:
    evidence = derive(side(LONGEST, "python", "longest"), sandbox, effort=QUICK)
    assert evidence.domain.types == (many(TEXT),)
    verdict = judge(evidence, LONGEST_JAVA, "java", sandbox)
    assert (verdict.verdict, verdict.agreed) == ("verified", verdict.cases)
    assert verdict.cases >= 20
    assert verdict.evidence is not None
    assert verdict.evidence is not evidence
    assert all(isinstance(part, list) for case in verdict.evidence.cases for part in case.arguments)


def test_what_is_expected_comes_from_the_source_all_the_same(sandbox: Sandbox) -> None:
    evidence = derive(side(LONGEST, "python", "longest"), sandbox, effort=QUICK)
    wrong = LONGEST_JAVA.replace("return found;", "return found + 1;")
    verdict = judge(evidence, wrong, "java", sandbox)
    assert verdict.verdict == "failed"
    assert verdict.counterexample is not None
    assert (verdict.counterexample.expected.value, verdict.counterexample.got.value) == (0, 1)


def test_declared_fractions_are_asked_for_whole_where_the_target_has_no_others(
    sandbox: Sandbox,
) -> None:
    source = "double least(double a, double b) { return a < b ? a : b; }"
    target = "class A { static int least(int a, int b) { return Math.min(a, b); } }"
    evidence = derive(side(source, "c", "least"), sandbox, effort=QUICK)
    assert [each.kind for each in evidence.domain.types] == ["float", "float"]
    verdict = judge(evidence, target, "java", sandbox)
    assert (verdict.verdict, verdict.agreed) == ("verified", verdict.cases)
    assert verdict.cases >= 20


def test_a_length_that_the_target_does_without_is_the_length(sandbox: Sandbox) -> None:
    source = "int total(int* xs, int n) { int t = 0; while (n > 0) t += xs[--n]; return t; }"
    target = "const total = xs => xs.reduce((a, b) => a + b, 0);"
    evidence = derive(side(source, "c", "total"), sandbox, effort=QUICK)
    verdict = judge(evidence, target, "javascript", sandbox)
    assert (verdict.verdict, verdict.agreed) == ("verified", verdict.cases)
    assert verdict.cases >= 8


def test_where_the_cases_fit_they_are_kept(sandbox: Sandbox) -> None:
    evidence = derive(side(LONGEST, "python", "longest"), sandbox, effort=QUICK)
    target = "const longest = parts => Math.max(0, ...parts.map(p => p.length));"
    assert judge(evidence, target, "javascript", sandbox).evidence is evidence


# What a source accepts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "letters"),
    [
        ("[sum(int(d) for d in word) for word in words]", "0123456789"),
        ("[sum({'I': 1, 'V': 5, 'X': 10}[d] for d in word) for word in words]", "IVX"),
    ],
)
def test_text_is_made_of_the_letters_that_a_source_accepts(
    body: str, letters: str, sandbox: Sandbox
) -> None:
    evidence = derive(side(f"def f(words):\n    return {body}\n", "python", "f"), sandbox)
    assert evidence.reason == ""
    assert len(evidence.cases) >= 20
    texts = [str(word) for case in evidence.cases for word in case.arguments[0]]  # type: ignore[union-attr]
    assert {*"".join(texts)} <= {*letters}
    assert len({*"".join(texts)}) > 2


def test_a_source_that_does_not_compile_says_so(sandbox: Sandbox) -> None:
    evidence = derive(side("int f(int n) { return missing(n); }", "cpp", "f"), sandbox)
    assert "compile_error" in evidence.reason
    assert "missing" in evidence.reason


def test_a_few_inputs_may_be_all_there_are(sandbox: Sandbox) -> None:
    for code, complete in (("def f(b: bool):\n    return not b\n", True), (LONGEST, False)):
        name = "f" if complete else "longest"
        assert derive(side(code, "python", name), sandbox, effort=QUICK).complete is complete
