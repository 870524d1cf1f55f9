"""Signatures, syntax problems and guesses for code that is in no file."""

from __future__ import annotations

import pytest

from transloop_syntax.language import language
from transloop_syntax.outline import detect, signatures, syntax_problem

SNIPPETS = {
    "python": "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n",
    "javascript": "function gcd(a, b) {\n  while (b !== 0) [a, b] = [b, a % b];\n  return a;\n}",
    "typescript": "function gcd(a: number, b: number): number {\n"
    "  return b ? gcd(b, a % b) : a;\n}",
    "java": "static int max(List<Integer> xs) {\n    int m = xs.get(0);\n    for (int x : xs) {\n"
    "        m = Math.max(m, x);\n    }\n    return m;\n}",
    "c": "char *copy(const char *s) {\n    size_t n = strlen(s);\n    char *r = malloc(n + 1);\n"
    "    memcpy(r, s, n + 1);\n    return r;\n}",
    "cpp": "int sum(const std::vector<int>& v) {\n    int s = 0;\n    for (auto x : v) s += x;\n"
    "    return s;\n}",
    "go": "func Sum(xs []int) int {\n\ttotal := 0\n\tfor _, x := range xs {\n\t\ttotal += x\n\t}\n"
    "\treturn total\n}",
    "rust": "pub fn first(xs: &[u8]) -> Option<u8> {\n    xs.iter().next().copied()\n}",
}


@pytest.mark.parametrize("name", sorted(SNIPPETS))
def test_an_ordinary_function_is_recognised(name: str) -> None:
    guesses = detect(SNIPPETS[name])
    assert guesses[0][0] == name
    assert guesses[0][1] > 0.5
    assert sum(share for _, share in guesses) == pytest.approx(1)


def test_typescript_without_types_is_javascript() -> None:
    assert "typescript" not in dict(detect("const f = (x) => {\n  return x.map((y) => y * 2);\n};"))


def test_an_excluded_language_is_not_guessed_and_prose_is_none() -> None:
    assert "python" not in dict(detect(SNIPPETS["python"], exclude=("python",)))
    assert detect("Hello world, this is prose.") == []
    assert detect("") == []


@pytest.mark.parametrize(
    ("name", "code", "problem"),
    [
        ("python", "x = 1\n", None),
        ("java", "int f( {\n  return 1;\n}", "line 1: missing `)`"),
        ("c", "int f() {\n  return 1\n}", "line 2: missing `;`"),
        ("python", "x = 1\na b c\n", "line 2: unexpected `a b`"),
    ],
)
def test_the_first_syntax_error_is_described(name: str, code: str, problem: str | None) -> None:
    assert syntax_problem(code, language(name)) == problem


def test_a_class_is_outlined_with_its_methods() -> None:
    code = "class A(B):\n    x = 1\n\n    @p\n    def m(self):\n        return 1\n\n"
    code += "def f(a):\n    pass\n"
    assert signatures(code, language("python")) == (
        "class A(B):\n    x = 1\n    def m(self):",
        "def f(a):",
    )
