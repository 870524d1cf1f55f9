"""What a selection grows to, and what it says when it cannot."""

from __future__ import annotations

import pytest

from transloop_settings.errors import UnitError, UsageError
from transloop_syntax.language import language
from transloop_syntax.source import Source
from transloop_syntax.unit import Unit, snippet, unit_at, unit_of_file


def pick(name: str, marked: str, suffix: str = "") -> Unit:
    """The unit at `‸`, or between two of them."""
    start = marked.index("‸")
    end = marked.rindex("‸") - 1 if marked.count("‸") > 1 else start
    return unit_at(Source(marked.replace("‸", ""), language(name), suffix), start, end)


def test_a_cursor_in_a_nested_function_takes_the_outer_one() -> None:
    unit = pick("python", "def outer():\n    def inner():\n        ret‸urn 1\n    return inner\n")
    assert (unit.names, unit.kind) == (("outer",), "function")


def test_a_function_in_a_branch_is_a_function() -> None:
    unit = pick("python", "if x:\n    def f():\n        pa‸ss\nelse:\n    y = 1\n")
    assert (unit.code, unit.indent) == ("def f():\n    pass", "    ")
    assert pick("python", "if‸ x:\n    def f():\n        pass\n").kind == "statements"


def test_decorators_stay_and_the_signature_leaves_them_out() -> None:
    unit = pick(
        "python", "class A:\n    # why\n    @a\n    @b(1)\n    def m(self):\n        pa‸ss\n"
    )
    assert unit.code == "# why\n@a\n@b(1)\ndef m(self):\n    pass"
    assert unit.signature == "def m(self):"


def test_a_comment_with_a_blank_line_below_it_stands_alone() -> None:
    assert pick("python", "# license\n\n# doc\ndef f(): ‸pass\n").code == "# doc\ndef f(): pass"
    with pytest.raises(UnitError, match="only a comment at line 1"):
        pick("python", "# lic‸ense\n\ndef f(): pass\n")


def test_a_comment_below_the_last_statement_stays_in_its_function() -> None:
    unit = pick("python", "def f():\n    ‸pass\n    # end\ndef g():\n    pass\n")
    assert unit.code == "def f():\n    pass\n    # end"


def test_the_class_header_and_a_field_stand_for_the_class() -> None:
    text = "class A {\n  int x;\n  int f() {\n    return x;\n  }\n}\n"
    for part in ("class A", "int x;", "}\n}"):
        at = text.index(part)
        assert unit_at(Source(text, language("java")), at, at + len(part)).kind == "class"


def test_a_method_reaches_its_siblings_and_fields() -> None:
    unit = pick(
        "java",
        "class A {\n int x = 1;\n int y;\n int g(int a) {\n  return a;\n }\n"
        " int f() {\n  return g(‸x);\n }\n}\n",
    )
    assert unit.needs == ("int x = 1;", "int g(int a)")
    unit = pick(
        "python",
        "def g(): pass\n\nclass A:\n    def g(self):\n        pass\n"
        "    def f(self):\n        return ‸self.g()\n",
    )
    assert unit.needs == ("def g(self):",)


def test_a_parameter_hides_what_is_outside() -> None:
    unit = pick("python", "data = 1\nother = 2\n\ndef f(data, n=other):\n    ‸return data.other\n")
    assert unit.needs == ("other = 2",)


def test_a_constant_brings_what_it_is_made_of() -> None:
    unit = pick("python", "import math\nA = math.pi\nB = A * 2\nC = 3\n\ndef f():\n    ‸return B\n")
    assert unit.needs == ("import math", "A = math.pi", "B = A * 2")


def test_only_the_used_one_of_grouped_imports_is_needed() -> None:
    unit = pick(
        "go", 'package a\n\nimport (\n\t"os"\n\ts "strings"\n)\n\nfunc f() {\n\t‸s.ToUpper("")\n}\n'
    )
    assert unit.needs == ('import s "strings"',)


def test_headers_are_needed_for_the_names_they_are_known_for() -> None:
    text = '#include <stdio.h>\n#include <math.h>\n#include "own.h"\n\nint f(void) {\n  ‸%s\n}\n'
    assert pick("c", text % "return sqrt(2);").needs == ("#include <math.h>", '#include "own.h"')


def test_namespaces_are_looked_through() -> None:
    unit = pick("cpp", "namespace a {\nint f() {\n  ‸return 1;\n}\n}\n")
    assert (unit.names, unit.kind) == (("f",), "function")
    with pytest.raises(UnitError, match="nothing to translate on its own"):
        pick("cpp", "name‸space a {\nint f() { return 1; }\n}\n")


def test_a_method_outside_its_class_is_a_function() -> None:
    unit = pick("cpp", "int Foo::bar() const {\n  ‸return 1;\n}\n")
    assert (unit.kind, unit.names, unit.signature) == ("function", ("bar",), "int Foo::bar() const")


def test_a_constructor_signature_ends_before_its_initializers() -> None:
    unit = pick("cpp", "class A {\n  A(int x) : x_(x) {\n    ‸\n  }\n  int x_;\n};\n")
    assert unit.signature == "A(int x)"


def test_functions_bound_to_names_count_as_functions() -> None:
    for text in (
        "const f = (a) => {\n  ‸return a;\n};",
        "exports.f = function (a) {\n  ‸return a;\n};",
    ):
        assert pick("javascript", text).names == ("f",)
        assert pick("javascript", text).kind == "function"


def test_a_method_of_an_object_belongs_to_its_statement() -> None:
    unit = pick("javascript", "const o = {\n  m() {\n    ‸return 1;\n  },\n};\n")
    assert (unit.kind, unit.names) == ("statements", ("o",))


def test_tsx_is_read_with_its_own_grammar() -> None:
    text = "export function App(): JSX.Element {\n  ‸return <div>hi</div>;\n}\n"
    assert pick("typescript", text, ".tsx").warnings == ()
    assert pick("typescript", text, "typescriptreact").warnings == ()


def test_two_declarations_on_one_line_are_taken_together() -> None:
    unit = pick("c", "int f(void) { return 1; } int g(void) { ‸return 2; }\n")
    assert (unit.kind, unit.names) == ("file", ("f", "g"))
    unit = pick("c", "int a;\nint f(void) {\n return‸ 1;\n} int g(void) { return 2; }\n")
    assert unit.names == ("f", "g")


def test_a_long_signature_becomes_one_line() -> None:
    unit = pick("python", "def f(\n    a: int,  # why\n    b: str = 'x',\n) -> None:\n    ‸pass\n")
    assert unit.signature == "def f(a: int, b: str = 'x') -> None:"


def test_the_lines_of_a_string_keep_their_indentation_and_a_docstring_does_not() -> None:
    unit = pick(
        "python",
        'class A:\n    def m(self):\n        """One.\n\n        Two.\n        """\n'
        '        ‸return """a\n        b"""\n',
    )
    assert (
        unit.code == 'def m(self):\n    """One.\n\n    Two.\n    """\n    return """a\n        b"""'
    )


def test_white_space_around_a_selection_does_not_count() -> None:
    unit = pick("python", "def f():\n    pass\n‸\n\ndef g():\n    pass\n\n‸\ndef h():\n    pass\n")
    assert unit.names == ("g",)


def test_statements_are_taken_whole() -> None:
    unit = pick("python", "a = [\n  ‸1,\n]\nprint(‸a)\nb = 2\n")
    assert (unit.kind, unit.code) == ("statements", "a = [\n  1,\n]\nprint(a)")


def test_an_error_elsewhere_does_not_matter() -> None:
    unit = pick("python", "x = = 1\n\ndef f():\n    ‸return 1\n\ny = (\n")
    assert (unit.names, unit.warnings) == (("f",), ())


def test_an_error_inside_is_a_warning_with_the_line_of_the_file() -> None:
    unit = pick("javascript", "let a = 1;\n\nfunction f() {\n  ‸return 1 +;\n}\n")
    assert (unit.names, unit.warnings) == (("f",), ("syntax error at line 4",))


def test_where_nothing_parses_the_first_error_is_named() -> None:
    with pytest.raises(UnitError, match="syntax error at line 1"):
        pick("java", "}}} ‸ ??? (((\n")


@pytest.mark.parametrize("text", ["", "  \n\t\n", "\ufeff", "\r\n"])
def test_an_empty_document_says_so(text: str) -> None:
    for call in (lambda s: unit_at(s, 0, 0), unit_of_file):
        with pytest.raises(UnitError, match="The document is empty"):
            call(Source(text, language("python")))


def test_a_selection_of_blank_lines_says_what_to_do() -> None:
    with pytest.raises(UnitError, match=r"no code at line 2\. Select a function"):
        pick("python", "x = 1\n‸\n\n‸y = 2\n")


def test_a_range_outside_the_document_is_refused() -> None:
    for start, end in ((-1, 0), (0, 6), (3, 2)):
        with pytest.raises(UsageError, match="outside the document"):
            unit_at(Source("x = 1", language("python")), start, end)


@pytest.mark.parametrize(
    ("name", "text", "kind", "names"),
    [
        ("python", "    def f(a):\n        return a\n", "function", ("f",)),
        ("python", "import os\n\ndef f(): pass\n", "file", ("f",)),
        ("python", "def f(): pass\ndef g(): pass\n", "declarations", ("f", "g")),
        ("python", "x = 1\nprint(x)", "statements", ("x",)),
        ("java", "int f(int a) { return a; }", "function", ("f",)),
        ("rust", "struct A { x: i32 }", "class", ("A",)),
        ("go", "??? ((", "snippet", ()),
    ],
)
def test_a_snippet_is_what_it_holds(
    name: str, text: str, kind: str, names: tuple[str, ...]
) -> None:
    unit = snippet(text, language(name))
    assert (unit.kind, unit.names, unit.start, unit.end) == (kind, names, 0, len(text))
    assert not unit.code.startswith(" ")
