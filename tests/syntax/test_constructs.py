"""Constructs: which of them a piece of code uses."""

from __future__ import annotations

import pytest

from transloop_syntax.constructs import constructs, languages

USED = {
    "python": {
        "slices": "x[1:]",
        "negative_index": "x[-1]",
        "integer_division": "x // 2",
        "division": "x / 2",
        "modulo": "x % 2",
        "power": "x ** 2",
        "bits": "x & 1",
        "chained_comparison": "0 < x < 2",
        "string_formatting": "f'{x}'",
        "string_methods": "x.split()",
        "regular_expressions": "re.sub(x, x, x)",
        "characters": "ord(x)",
        "maps": "{x: 1}",
        "sets": "set(x)",
        "tuples": "(x, 1)",
        "comprehensions": "[y for y in x]",
        "sorting": "sorted(x)",
        "functional": "lambda: x",
        "loops": "while x:\n    pass",
        "recursion": "def f(x):\n    return [f(y) for y in x]",
        "nested_functions": "def f():\n    def g(): pass",
        "generators": "def f():\n    yield 1",
        "exceptions": "raise x",
        "classes": "class A: pass",
        "default_arguments": "def f(x=1): pass",
        "variable_arguments": "def f(*x): pass",
        "modules": "import x",
    },
    "java": {
        "slices": "s.substring(1);",
        "integer_division": "x = x / 2;",
        "modulo": "x = x % 2;",
        "string_formatting": "String.format(s);",
        "maps": "Map<String, String> m;",
        "sets": "Set<String> m;",
        "exceptions": "throw e;",
        "ternaries": "x = x > 0 ? 1 : 2;",
        "functional": "f(x -> x);",
    },
    "javascript": {
        "integer_division": "Math.floor(x / 2)",
        "slices": "x.slice(1)",
        "string_formatting": "`${x}`",
        "recursion": "const f = (x) => f(x);",
        "maps": "new Map()",
        "exceptions": "throw x",
    },
}


@pytest.mark.parametrize("language", sorted(USED))
def test_each_construct_is_seen_where_it_is_and_not_where_it_is_not(language: str) -> None:
    around = "class A {{ void f() {{ {} }} }}" if language == "java" else "{}"
    found = {
        name: constructs(around.format(code), language) for name, code in USED[language].items()
    }
    for name in found:
        assert name in found[name], (name, found[name])
    assert not constructs(around.format("" if language == "java" else "x"), language)
    if language == "python":
        for name in found:
            others = [other for other in found if other != name and name in found[other]]
            assert len(others) <= 1, (name, others)


def test_every_table_is_read() -> None:
    assert languages() == ("java", "javascript", "python", "typescript")
    for language in languages():
        assert not constructs("", language)
    assert constructs("fn main() { loop {} }", "rust") == frozenset()


def test_a_function_that_calls_another_one_is_not_recursive() -> None:
    assert "recursion" not in constructs("def g(): pass\ndef f():\n    g()", "python")
    assert "recursion" not in constructs("def f(): pass\nf()", "python")
    assert "recursion" in constructs("class A { int f() { return this.f(); } }", "java")
    assert "recursion" in constructs("class A { f() { return this.f(); } }", "typescript")


def test_a_remainder_is_no_formatting_and_formatting_no_remainder() -> None:
    assert "modulo" not in constructs("'%d' % x", "python")
    assert "string_formatting" in constructs("'%d' % x", "python")
    assert "string_formatting" not in constructs("x % 2", "python")
