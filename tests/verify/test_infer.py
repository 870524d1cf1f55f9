"""What a function accepts: types by use and name, relations, calls that exist; and tracing."""

from __future__ import annotations

import pytest

from transloop_verify.case import Entry, Parameter, Side
from transloop_verify.examples import examples
from transloop_verify.fit import chosen
from transloop_verify.infer import Hypothesis, hypotheses, read, type_of
from transloop_verify.inputs import Relation
from transloop_verify.program import program
from transloop_verify.traced import Trace, coverage, traced
from transloop_verify.type import Type
from transloop_verify.value import MapValue, SetValue, Value

INT = Type("int")


def first(code: str, *names: str, language: str = "python") -> list[str]:
    """The likeliest types of the parameters of `f`."""
    entry = Entry("f", tuple(map(Parameter, names)))
    return [spelled(each) for each in hypotheses(Side(code, language, entry))[0].types]


def spelled(kind: Type) -> str:
    return kind.kind + (f"<{','.join(map(spelled, kind.items))}>" if kind.items else "")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(x):\n    return x * 2 - 1\n", "int"),
        ("def f(x):\n    return x * 0.5\n", "float"),
        ("def f(x):\n    return x.split()\n", "string"),
        ("def f(x):\n    return [c for c in x if c == 'a']\n", "string"),
        ("def f(x):\n    total = 0\n    for each in x:\n        total += each * 2\n", "list<int>"),
        ("def f(x):\n    return [row[0] * 2 for row in x]\n", "list<list<int>>"),
        ("def f(x):\n    return [a + b * 2 for a, b in x]\n", "list<list<int>>"),
        ("def f(x):\n    return [w.upper() for w in x]\n", "string"),
        ("def f(names):\n    return [w.upper() for w in names]\n", "list<string>"),
        (
            "def f(x):\n    for i, w in enumerate(x):\n        w.upper()\n    x.append(1)\n",
            "list<string>",
        ),
        ("def f(x):\n    return x.items()\n", "map<string,int>"),
        ("def f(x):\n    vowels = ['a', 'e']\n    return x in vowels\n", "string"),
        ("def f(x):\n    return sum(int(d) for d in x)\n", "string"),
        ("def f(words):\n    return words\n", "list<string>"),
        ("def f(matrix):\n    return matrix\n", "list<list<int>>"),
        ("def f(is_open):\n    return is_open\n", "bool"),
        ("def f(n):\n    return n\n", "int"),
        ("def f(x):\n    return sum(len(w) for w in x)\n", "list<string>"),
        ("def f(x):\n    return [len(r) + r[0] * 2 for r in x]\n", "list<list<int>>"),
    ],
)
def test_a_type_is_told_by_use_and_then_by_name(code: str, expected: str) -> None:
    name = code[code.index("(") + 1 : code.index(")")]
    assert first(code, name) == [expected]


def test_what_is_compared_is_of_one_kind() -> None:
    code = "def f(s, c):\n    return sum(1 for i in range(len(s)) if s[i] == c)\n"
    assert first(code, "s", "c") == ["string", "char"]
    code = "def f(text, part):\n    return part in text and part + text[1:]\n"
    assert first(code, "text", "part") == ["string", "string"]
    code = "def f(lst, b):\n    return [each * 2 for each in lst if each not in b]\n"
    assert first(code, "lst", "b") == ["list<int>", "list<int>"]


def test_javascript_is_read_as_well() -> None:
    code = "const f = (a, b) => { for (const c of a) { if (c === 'x') return b % 2; } };"
    assert first(code, "a", "b", language="javascript") == ["string", "int"]
    code = "function f(xs) { return xs.map(v => v).length; }"
    assert first(code, "xs", language="javascript") == ["list<int>"]


def test_what_is_declared_is_kept_and_what_it_leaves_open_is_filled() -> None:
    code = "def f(names: list, y: str):\n    return [w.upper() for w in names]\n"
    entry = Entry("f", (Parameter("names", Type("list")), Parameter("y", Type("string"))))
    types = hypotheses(Side(code, "python", entry))[0].types
    assert [spelled(each) for each in types] == ["list<string>", "string"]


def test_what_somebody_else_declares_goes_before_all_of_it() -> None:
    entry = Entry("f", (Parameter("names", Type("list")), Parameter("y")))
    side = Side("def f(names: list, y):\n    return names + [y.upper()]\n", "python", entry)
    types = hypotheses(side, (), (Type("list", (INT,)), Type("float")))[0].types
    assert [spelled(each) for each in types] == ["list<int>", "float"]


def test_calls_say_more_than_names() -> None:
    code = "def f(n):\n    return n\n"
    entry = Entry("f", (Parameter("n"),))
    found = hypotheses(Side(code, "python", entry), [([1.5],)])
    assert spelled(found[0].types[0]) == "list<float>"


def test_an_integer_beside_a_list_may_be_its_length() -> None:
    code = "def f(arr, n):\n    return [arr[i] * 2 for i in range(n)]\n"
    entry = Entry("f", (Parameter("arr"), Parameter("n")))
    found = hypotheses(Side(code, "python", entry))
    assert found[0].relations == (Relation(1, "length", 0),)
    assert () in [each.relations for each in found]


def test_the_hypothesis_that_runs_is_chosen() -> None:
    free, length = Hypothesis((INT,)), Hypothesis((INT,), (Relation(0, "length", 0),))
    good, bad = Trace("returned"), Trace("raised", "IndexError")
    assert chosen([free, length], [[good, bad], [good, good]], frozenset()) == (length,)
    assert chosen([free, length], [[good, good], [good, good]], frozenset()) == (free, length)
    assert chosen([free, length], [[bad, bad], [good, bad]], frozenset({"IndexError"}))[0] == free


def test_reading_from_the_end_speaks_against_a_hypothesis() -> None:
    free, length = Hypothesis((INT,)), Hypothesis((INT,), (Relation(0, "length", 0),))
    wrapped = Trace("returned", notes=("negative index",))
    assert chosen([free, length], [[wrapped], [Trace("returned")]], frozenset()) == (length,)


def test_floats_are_not_taken_where_integers_run_though_fewer_of_them_do() -> None:
    whole, broken = Hypothesis((INT,)), Hypothesis((Type("float"),))
    good, bad = Trace("returned"), Trace("raised", "ZeroDivisionError")
    assert chosen([whole, broken], [[good, bad, bad], [good, good, good]], frozenset()) == (whole,)
    bad = Trace("raised", "AttributeError")
    assert chosen([whole, broken], [[bad, bad, bad], [good, good, good]], frozenset()) == (broken,)


def test_an_error_of_type_speaks_against_types_whatever_the_relations() -> None:
    numbers, texts = Type("list", (INT,)), Type("list", (Type("string"),))
    within = (Relation(1, "within", 0),)
    tried = [
        Hypothesis((numbers, INT)),
        Hypothesis((numbers, INT), within),
        Hypothesis((texts, INT)),
        Hypothesis((texts, INT), within),
    ]
    good, outside, wrong = (
        Trace("returned"),
        Trace("raised", "IndexError"),
        Trace("raised", "TypeError"),
    )
    traces = [[outside] * 3, [good, good, outside], [wrong] * 3, [good, good, good]]
    assert chosen(tried, traces, frozenset()) == (tried[1],)


def test_what_reaches_little_fits_little() -> None:
    tried = [Hypothesis((INT,)), Hypothesis((Type("string"),))]
    far, near = Trace("returned", hits=frozenset(range(10))), Trace("returned", hits=frozenset({1}))
    failed = Trace("raised", "ValueError")
    assert chosen(tried, [[near] * 6, [far] * 6], frozenset()) == (tried[1],)
    assert chosen(tried, [[far] * 5 + [failed], [near] * 6], frozenset()) == (tried[0],)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], "list<int>"),
        ([[], [1.5]], "list<list<float>>"),
        ((1, "a"), "tuple<int,string>"),
        (MapValue((("a", True),)), "map<string,bool>"),
        (SetValue(("a",)), "set<string>"),
    ],
)
def test_a_value_has_a_type(value: Value, expected: str) -> None:
    assert spelled(type_of(value)) == expected
    assert spelled(read("map<string,list<int>>")) == "map<string,list<int>>"


# Calls that are there ----------------------------------------------------------------------------


def test_calls_are_found_in_code_comments_and_doctests() -> None:
    text = (
        'def f(a, b):\n    """>>> f([1, -2.5], "x\\n")\n    3\n    """\n'
        "assert f({'a': (1, None)}, True) == 2  # f(3, {4})\nf(x, 2)\nf(1)\ngf(1, 1)\n"
    )
    assert examples(text, "python", "f", 2) == (
        ([1, -2.5], "x\n"),
        (MapValue((("a", (1, None)),)), True),
        (3, SetValue((4,))),
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("javascript", "// f(1, 'a')"),
        ("typescript", "expect(f(1, 'a')).toBe(2);"),
        ("java", 'assert solution.f(1, "a") == 2;'),
        ("c", 'assert(f(1, "a") == 2);'),
        ("cpp", 'assert (f(1, "a") == 2);'),
        ("go", 'if f(1, "a") != 2 { }'),
        ("rust", 'assert_eq!(f(1, "a"), 2);'),
    ],
)
def test_calls_are_read_in_every_language(language: str, text: str) -> None:
    assert examples(text, language, "f", 2) == ((1, "a"),)


# What a function needs ---------------------------------------------------------------------------


def test_a_function_takes_along_what_it_needs_and_no_more() -> None:
    text = (
        "import os\nimport math\nLIMITS = {}\nfor i in range(3):\n    LIMITS[i] = i\nOTHER = 1\n"
        "def helper(x):\n    return x + math.pi\ndef other():\n    pass\n"
        "def f(x):\n    return helper(LIMITS[x])\nprint(f(1))\n"
        "if __name__ == '__main__':\n    f(2)\n"
    )
    kept = program(text, "python", "f")
    assert kept.splitlines() == [
        "import math",
        "LIMITS = {}",
        "for i in range(3):",
        "    LIMITS[i] = i",
        "def helper(x):",
        "    return x + math.pi",
        "def f(x):",
        "    return helper(LIMITS[x])",
    ]


def test_a_file_is_kept_whole_where_loading_it_runs_nothing() -> None:
    text = 'package main\n\nimport "fmt"\n\nfunc f() { fmt.Println(1) }\n\nfunc g() {}\n'
    assert program(text, "go", "f") == text


# Tracing -----------------------------------------------------------------------------------------


def ran(code: str, *arguments: Value) -> tuple[list[Value], dict[int, int]]:
    """What the traced `f` answers, here and not in a sandbox: the code is ours."""
    found = traced(Side(code, "python", Entry("f", ())))
    assert found is not None
    names: dict[str, object] = {}
    exec(found.side.code, names)  # noqa: S102
    call = names[found.side.entry.name]
    assert callable(call)
    return call(*arguments), found.branches


BRANCHES = (
    "def f(n):\n    while n > 3:\n        n -= 1\n    if n:\n        return 1 if n > 2 else 2\n"
)


def test_branches_are_noted_with_their_lines() -> None:
    answer, branches = ran(BRANCHES, 9)
    assert sorted(branches.values()) == [1, 2, 4, 4, 5, 5]
    hits = answer[3]
    assert isinstance(hits, list)
    assert sorted(branches[int(str(each))] for each in hits) == [1, 2, 4, 5]
    nothing, _ = ran(BRANCHES, 0)
    assert isinstance(nothing[3], list)
    assert len(nothing[3]) == 2


def test_an_endless_loop_ends_and_is_called_so() -> None:
    answer, _ = ran("def f(n):\n    while n != 0:\n        n = n // 10\n", -1)
    assert answer[0] == "endless"


@pytest.mark.parametrize(
    ("code", "arguments", "note"),
    [
        ("def f(n):\n    return n % 3\n", (-1,), "division of a negative number"),
        ("def f(n):\n    return n // 3\n", (-1,), "division of a negative number"),
        ("def f(a, i):\n    return a[i - 1]\n", ([1], 0), "negative index"),
        ("def f(n):\n    return n * n\n", (10**5,), "beyond 32 bits"),
        ("def f(n):\n    return n ** 9\n", (10**5,), "beyond 53 bits"),
    ],
)
def test_what_only_python_does_is_noted(code: str, arguments: tuple[Value, ...], note: str) -> None:
    assert ran(code, *arguments)[0][4] == [note]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("def f(n):\n    return n % 3\n", (4,)),
        ("def f(n):\n    return '%d' % n\n", (-4,)),
        ("def f(a):\n    return a[-1] + a[1:][0]\n", ([1, 2],)),
        ("def f(d):\n    return d[-1 * 1]\n", ({-1: 1},)),
    ],
)
def test_what_other_languages_do_as_well_is_not(code: str, arguments: tuple[Value, ...]) -> None:
    assert ran(code, *arguments)[0][4] == []


def test_the_program_is_the_same_otherwise() -> None:
    code = (
        "from __future__ import annotations\nX: List[int] = [1]\n"
        "def f(a: List[int], b: int = X[0]):\n    '''Doc.'''\n    return a[b] % 7\n"
    )
    answer, _ = ran(code, [3, 9])
    assert answer[0] == "returned"


def test_coverage_is_what_all_reach_together() -> None:
    found = traced(Side(BRANCHES, "python", Entry("f", ())))
    assert found is not None
    some = coverage(
        found,
        [Trace("returned", hits=frozenset({0, 1})), Trace("returned", hits=frozenset({1, 2}))],
    )
    assert (some.reached, some.branches, some.share) == (3, 6, 0.5)
    assert len(some.missed_lines) > 0
