"""The tokens that count: a formatter changes none of them, and any change of code does."""

from __future__ import annotations

import time

import pytest

from transloop_syntax.language import language, languages
from transloop_syntax.tokens import code_tokens, similarity

EQUAL = {
    "comments": ("python", "x = 1\n", "# why\nx = 1  # and why not\n"),
    "documentation": ("python", "def f():\n    return 1", 'def f():\n    """One."""\n    return 1'),
    "indentation": ("python", "if a:\n    b()\n    c()", "if a:\n  b()\n  c()"),
    "a body on the line": ("python", "if a: b()", "if a:\n    b()"),
    "blank lines": ("python", "a()\nb()", "a()\n\n\nb()\n"),
    "one statement a line": ("python", "a(); b()", "a()\nb()"),
    "quotes": ("python", "f('a')", 'f("a")'),
    "escaped quotes": ("python", "f('it\\'s')", 'f("it\'s")'),
    "prefixes": ("python", "F'{x}' + R'a'", "f'{x}' + r'a'"),
    "a call over lines": ("python", "f(a, b)", "f(\n    a,\n    b,\n)"),
    "a continued line": ("python", "x = a + b", "x = a + \\\n    b"),
    "semicolons": ("javascript", "const a = 1;\nf(a);", "const a = 1\nf(a)"),
    "quotes of JavaScript": ("javascript", "f('a')", 'f("a")'),
    "brackets of a parameter": ("javascript", "xs.map(x => x)", "xs.map((x) => x)"),
    "brackets, typed": ("typescript", "xs.map(x => x)", "xs.map((x) => x)"),
    "an object over lines": ("javascript", "f({ a: 1, b })", "f({\n  a: 1,\n  b,\n})"),
    "braces on lines of their own": ("java", "class A { int f() { return 1; } }",
                                     "class A\n{\n  int f()\n  {\n    return 1;\n  }\n}"),
    "a comment in a list": ("java", "int[] a = { 1, 2 };", "int[] a = { 1, /* two */ 2, };"),
    "a list over lines": ("go", "var a = []int{1, 2}", "var a = []int{\n\t1,\n\t2,\n}"),
    "a vector over lines": ("rust", "let a = f(1, 2);", "let a = f(\n    1,\n    2,\n);"),
    "a pair around a value": ("python", "return (a + b)", "return a + b"),
    "a pair over lines": ("python", "x = (\n    a\n    + b\n)", "x = a + b"),
    "a pair around a condition": ("python", "if (a == b):\n    c()", "if a == b:\n    c()"),
    "a pair around an argument": ("python", "f((a), (b or c))", "f(a, b or c)"),
    "pairs that say what holds": ("python", "(a * b) + (c // d)", "a * b + c // d"),
    "not": ("python", "not (a == b)", "not a == b"),
    "pairs in pairs": ("python", "x = (((a)))", "x = a"),
    "an open tuple": ("python", "return (a, b)", "return a, b"),
    "an open tuple that is unpacked": ("python", "for (a, b) in c: d()", "for a, b in c: d()"),
    "a pair in JavaScript": ("javascript", "return (a || b);", "return a || b"),
    "pairs among operators": ("javascript", "x = (a && b) || !(c);", "x = a && b || !c"),
    "the condition of a choice": ("javascript", "x = (a > b) ? c : d", "x = a > b ? c : d"),
    "the value of an arrow": ("javascript", "f((x) => x, (y))", "f(x => x, y)"),
    "a quoted key": ("javascript", 'x = { "a": 1, \'b_2\': 2 }', "x = { a: 1, b_2: 2 }"),
    "a quoted key, typed": ("typescript", "const x = {'a': 1}", "const x = {a: 1}"),
    "a pair in Java": ("java", "class A { int f() { return (a + b) + (c); } }",
                       "class A { int f() { return a + b + c; } }"),
    "two pairs around a condition": ("java", "class A { void f() { if ((a > b)) { c(); } } }",
                                     "class A { void f() { if (a > b) { c(); } } }"),
    "a pair in C": ("c", "int f(void) { return (a); }", "int f(void) { return a; }"),
    "a pair in C++": ("cpp", "int f() { return (a * b) + c; }", "int f() { return a * b + c; }"),
    "a pair in Go": ("go", "func f() int {\n\tif (a > b) {\n\t\treturn (a)\n\t}\n\treturn b\n}",
                     "func f() int {\n\tif a > b {\n\t\treturn a\n\t}\n\treturn b\n}"),
    "a pair in Rust": ("rust", "fn f() { if (a > b) { return (c); } }",
                       "fn f() { if a > b { return c; } }"),
}  # fmt: skip
DIFFERENT = {
    "what holds first": ("python", "a * (b + c)", "a * b + c"),
    "what is subtracted first": ("python", "a - (b - c)", "a - b - c"),
    "what is added first": (
        "java",
        "class A { String s = a + (b + c); }",
        "class A { String s = a + b + c; }",
    ),
    "a chained comparison": ("python", "x = (a < b) < c", "x = a < b < c"),
    "a tuple that is an argument": ("python", "f((a, b))", "f(a, b)"),
    "a tuple in a tuple": ("python", "return (a, b), c", "return a, b, c"),
    "no value and an empty tuple": ("python", "return ()", "return"),
    "a power": ("javascript", "x = (-a) ** b", "x = -a ** b"),
    "a chain that ends early": ("javascript", "x = (a?.b).c", "x = a?.b.c"),
    "two kinds of or": ("javascript", "x = (a || b) ?? c", "x = a || b ?? c"),
    "two kinds of or, the other way": ("javascript", "x = (a ?? b) || c", "x = a ?? b || c"),
    "a sequence": ("javascript", "f((a, b))", "f(a, b)"),
    "an object and a block": ("javascript", "f(() => ({}))", "f(() => {})"),
    "a key that is computed": ("javascript", "x = { [a]: 1 }", "x = { a: 1 }"),
    "a key of Python": ("python", 'x = {"a": 1}', "x = {a: 1}"),
    "a key that is no name": ("javascript", 'x = { "a-b": 1 }', "x = { a: 1 }"),
    "a value in quotes": ("javascript", 'x = { a: "b" }', "x = { a: b }"),
    "text that is shown": ("python", "x = f'{g((a))=}'", "x = f'{g(a)=}'"),
    "a comment is not code": ("python", "x = (a  # b\n    + c)", "x = a"),
    "a line that does not go on": ("python", "x = (a\n    + b)", "x = a\n    + b"),
    "a line that goes on": (
        "javascript",
        "function f() { return (\na) }",
        "function f() { return\na }",
    ),
    "text over lines": ("javascript", "return (`a\nb`)", "return (`a b`)"),
    "a field that is called": ("rust", "fn f() { (a.b)(c); }", "fn f() { a.b(c); }"),
    "a cast that is compared": (
        "rust",
        "fn f() { let x = (a as u8) < b; }",
        "fn f() { let x = a as u8 < b; }",
    ),
    "comparisons that no compiler takes": (
        "rust",
        "fn f() { let x = (a == b) == c; }",
        "fn f() { let x = a == b == c; }",
    ),
    "what is pointed to": ("c", "int f(void) { return (*p).x; }", "int f(void) { return *p.x; }"),
    "what a macro is given": (
        "c",
        "#define F(x) x * 2\nint a = F((b + c));",
        "#define F(x) x * 2\nint a = F(b + c);",
    ),
    "a variable and a function": ("cpp", "int f() { T x((y)); }", "int f() { T x(y); }"),
    "a negation": (
        "go",
        "func f() bool {\n\treturn !(a && b)\n}",
        "func f() bool {\n\treturn !a && b\n}",
    ),
    "an operator": ("python", "a < b", "a <= b"),
    "a number": ("python", "a + 1", "a + 2"),
    "a name": ("python", "a + b", "a + c"),
    "what is in a block": ("python", "if a:\n    b()\n    c()", "if a:\n    b()\nc()"),
    "a tuple of one": ("python", "x = (1,)", "x = (1)"),
    "text": ("python", "f('a  b')", "f('a b')"),
    "text with escapes": ("python", "f('a\\nb')", "f('a\\tb')"),
    "a raw string": ("python", r"f(r'\'')", r"f('\'')"),
    "formatted text": ("python", "f(f'{a} b')", "f(f'{a}  b')"),
    "bytes": ("python", "f(b'a')", "f('a')"),
    "an order": ("python", "a()\nb()", "b()\na()"),
    "a call out of two statements": ("javascript", "a\n;(b)", "a\n(b)"),
    "the head of a loop": ("javascript", "for (; a;) {}", "for (a;;) {}"),
    "a hole in an array": ("javascript", "[1, , ]", "[1, ]"),
    "a template": ("javascript", "`a b`", "`a  b`"),
    "a value that becomes none": ("rust", "fn f() -> i32 { a }", "fn f() -> i32 { a; }"),
    "a tuple of one in Rust": ("rust", "let a = (1,);", "let a = (1);"),
    "a character": ("c", "char a = 'a';", 'char a = "a";'),
    "a type": ("java", "class A { int a; }", "class A { long a; }"),
}


@pytest.mark.parametrize("name", EQUAL)
def test_style_is_no_change(name: str) -> None:
    spoken, one, other = EQUAL[name]
    assert code_tokens(one, language(spoken)) == code_tokens(other, language(spoken))


@pytest.mark.parametrize("name", DIFFERENT)
def test_code_is_a_change(name: str) -> None:
    spoken, one, other = DIFFERENT[name]
    assert code_tokens(one, language(spoken)) != code_tokens(other, language(spoken))


@pytest.mark.parametrize("spoken", list(languages()))
def test_nothing_of_the_text_is_lost(spoken: str) -> None:
    """Also where no grammar understands it."""
    code = "a §§ b \U0001f389 'x\\n' \"y\""
    joined = "".join(code_tokens(code, language(spoken)))
    for piece in ("a", "b", "§§", "\U0001f389", "x\\n", "y"):
        assert piece in joined


def test_a_long_sum_is_no_deep_recursion() -> None:
    code = "x = " + " + ".join(f"a{n}" for n in range(5_000))
    assert len(code_tokens(code, language("python"))) == 2 + 9_999 + 1


def test_similarity_is_a_share() -> None:
    python = language("python")
    one = code_tokens("def f(a):\n    return a < 1", python)
    other = code_tokens("def f(a):\n    return a <= 1", python)
    assert similarity(one, one) == 1.0
    assert 0.9 < similarity(one, other) < 1.0
    assert similarity(one, []) == 0.0


def test_long_codes_are_compared_in_less_than_a_second() -> None:
    python = language("python")
    one = code_tokens("".join(f"def f{n}(a):\n    return a + {n}\n" for n in range(2_000)), python)
    other = [*one[:-9], *one[:9]]
    began = time.process_time()
    assert 0.9 < similarity(one, other) < 1.0
    assert time.process_time() - began < 1.0
