"""Imports that code needs and does not have."""

from __future__ import annotations

import pytest

from transloop_syntax.language import language, languages
from transloop_syntax.missing import with_imports

NEEDS = "public static List<Integer> f(List<Integer> a) {\n    return new ArrayList<>(a);\n}"


def test_they_are_put_in_front_of_a_bare_method() -> None:
    code, added = with_imports(NEEDS, language("java"))
    assert added == ("import java.util.ArrayList;", "import java.util.List;")
    assert code == f"import java.util.ArrayList;\nimport java.util.List;\n\n{NEEDS}"


@pytest.mark.parametrize(
    "code",
    [
        f"import java.util.*;\n\nclass A {{ {NEEDS} }}",
        f"import java.util.List;\nimport java.util.ArrayList;\n\nclass A {{ {NEEDS} }}",
        "class A { java.util.List<Integer> f() { return null; } }",
        "class A { static class Stack {} Stack f() { return new Stack(); } }",
        "class A { int f(int a) { return Math.max(a, 1); } }",
        "class A { List<Integer> f( { }",
    ],
    ids=["all", "by name", "in full", "its own", "always there", "broken"],
)
def test_nothing_is_added_to_what_lacks_nothing_or_cannot_be_read(code: str) -> None:
    assert with_imports(code, language("java")) == (code, ())


def test_they_stand_beside_the_imports_that_are_there() -> None:
    code = "package a;\n\nimport java.util.List;\n\nclass A { Map<String, List<String>> m; }"
    better, added = with_imports(code, language("java"))
    assert added == ("import java.util.Map;",)
    assert better.splitlines()[2:4] == ["import java.util.List;", "import java.util.Map;"]


def test_rust_has_its_collections() -> None:
    code = "fn f(a: &HashMap<i32, i32>) -> usize {\n    a.len()\n}"
    better, added = with_imports(code, language("rust"))
    assert added == ("use std::collections::HashMap;",)
    assert better.startswith("use std::collections::HashMap;\n\nfn f(")


def test_a_language_that_does_not_say_how_is_left_alone() -> None:
    silent = [each for each in languages().values() if not each.opening]
    assert {"javascript", "python"} <= {each.id for each in silent}
    for each in silent:
        assert with_imports("List x;\n", each) == ("List x;\n", ())
