"""What languages write for a type, and what it means."""

from __future__ import annotations

import pytest

from transloop_verify.entry import entries
from transloop_verify.tables import languages
from transloop_verify.type import ANY, Type
from transloop_verify.types import fallible_type, parse_type


def shape(found: Type) -> str:
    """The type in short: `list[int32]`."""
    name = found.kind + (f"{'' if found.signed else 'u'}{found.bits}" if found.bits else "")
    inner = ", ".join(shape(each) for each in found.items)
    return f"{name}[{inner}]" if inner else name


@pytest.mark.parametrize(
    ("language", "spelled", "expected"),
    [
        ("python", "List[int]", "list[int]"),
        ("python", "typing.Optional[str]", "optional[string]"),
        ("python", "int | None", "optional[int]"),
        ("python", "Union[int, str, None]", "optional[union[int, string]]"),
        ("python", "'List[Tuple[int, str]]'", "list[tuple[int, string]]"),
        ("python", "dict[str, list[float]]", "map[string, list[float64]]"),
        ("python", "Tuple[int, ...]", "list[int]"),
        ("python", "list", "list[any]"),
        ("python", "Callable[[int], str]", "unsupported[any, string]"),
        ("python", "Whatever", "any"),
        ("javascript", "number[]", "list[float64]"),
        ("javascript", "Map<string, ?boolean>", "map[string, optional[bool]]"),
        ("typescript", ": Array<number>", "list[float64]"),
        ("typescript", "string | undefined", "optional[string]"),
        ("typescript", "[number, string][]", "list[tuple[float64, string]]"),
        ("typescript", "{ [key: string]: number }", "map[string, float64]"),
        ("typescript", "(a: number, b: Map<string, number>) => void", "unsupported"),
        ("typescript", "Readonly<Set<bigint>>", "set[int]"),
        ("java", "int []", "list[int32]"),
        ("java", "final Map<String, List<Integer>>", "map[string, list[int32]]"),
        ("java", "java.util.List<? extends Number>", "list[any]"),
        ("java", "char[][]", "list[list[char16]]"),
        ("java", "T", "any"),
        ("java", "Runnable", "unsupported"),
        ("c", "const char *", "string"),
        ("c", "unsigned long long", "intu64"),
        ("c", "const int *", "list[int32]"),
        ("c", "const char **", "list[string]"),
        ("c", "FILE *", "list[unsupported]"),
        ("cpp", "const std::vector<std::string> &", "list[string]"),
        ("cpp", "vector<vector<int>>", "list[list[int32]]"),
        ("cpp", "std::unordered_map<char, std::pair<int, bool>>", "map[char8, tuple[int32, bool]]"),
        ("cpp", "std::function<int(int)>", "unsupported[any]"),
        ("cpp", "const char *", "string"),
        ("go", "[]map[string]float64", "list[map[string, float64]]"),
        ("go", "[3]int", "list[int64]"),
        ("go", "*[]rune", "list[char32]"),
        ("go", "func(int) bool", "unsupported[any, bool]"),
        ("rust", "&'a mut Vec<Option<i64>>", "list[optional[int64]]"),
        ("rust", "std::collections::HashMap<u8, (char,)>", "map[intu8, tuple[char32]]"),
        ("rust", "&[&str]", "list[string]"),
        ("rust", "impl Fn(i32) -> i32", "unsupported[int32, int32]"),
    ],
)  # fmt: skip
def test_a_written_type_is_understood(language: str, spelled: str, expected: str) -> None:
    found = parse_type(spelled, language)
    if expected.startswith("unsupported"):
        assert found.kind == "unsupported"
    elif expected == "list[unsupported]":
        assert (found.kind, found.items[0].kind) == ("list", "unsupported")
    else:
        assert shape(found) == expected


@pytest.mark.parametrize(
    ("language", "spelled", "mutable", "place"),
    [
        ("cpp", "std::vector<int> &", True, "{}"),
        ("cpp", "const std::vector<int> &", False, "{}"),
        ("cpp", "std::vector<int>", False, "{}"),
        ("cpp", "int &", True, "{}"),
        ("cpp", "std::vector<int> &&", False, "std::move({})"),
        ("rust", "&mut Vec<i32>", True, "&mut {}"),
        ("rust", "&[i32]", False, "&{}"),
        ("rust", "Vec<i32>", False, "{}"),
        ("rust", "Box<i32>", False, "Box::new({})"),
        ("go", "[]int", True, "{}"),
        ("go", "[2]int", False, "{}"),
        ("go", "*int", True, "&{}"),
        ("java", "List<Integer>", True, "{}"),
        ("java", "String", False, "{}"),
        ("python", "list[int]", True, "{}"),
        ("python", "Tuple[int, int]", False, "{}"),
        ("c", "const int *", False, "{}"),
        ("c", "int *", True, "{}"),
    ],
)
def test_who_can_change_an_argument_and_how_it_is_passed(
    language: str, spelled: str, mutable: bool, place: str
) -> None:
    found = parse_type(spelled, language)
    assert (found.mutable, found.place) == (mutable, place)


def test_names_are_written_in_full_whatever_the_program_has_opened() -> None:
    assert parse_type("map<string, vector<int>>", "cpp").spelled == (
        "std::map<std::string, std::vector<int>>"
    )
    assert parse_type("HashSet<i32>", "rust").spelled == "std::collections::HashSet<i32>"


def test_a_result_that_may_be_an_error_is_the_value() -> None:
    value, fallible = fallible_type("Result<Vec<i32>, String>", "rust")
    assert (shape(value), fallible) == ("list[int32]", True)
    value, fallible = fallible_type("(int, error)", "go")
    assert (shape(value), fallible) == ("int64", True)
    value, fallible = fallible_type("i32", "rust")
    assert (shape(value), fallible) == ("int32", False)


def test_nothing_written_is_anything() -> None:
    assert all(parse_type("", language) == ANY for language in languages())


def test_brackets_without_end_end() -> None:
    for language in languages():
        for text in ("<<<<<<<<", "List<" * 40, "[" * 300, ")))", "List<,>", "&" * 50, "a | " * 60):
            assert parse_type(text, language).kind


def test_records_are_known_by_their_names() -> None:
    code = "struct P { x: i32, next: Vec<Q> } struct Q { y: f64 } fn f(p: &P, q: Option<Q>) {}"
    (found,) = entries(code, "rust")
    point, other = (each.type for each in found.parameters)
    assert [name for name, _ in point.fields] == ["x", "next"]
    assert point.fields[1][1].items[0].fields[0][0] == "y"
    assert other.items[0].name == "Q"


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("cpp", "struct P { int x; int *rest; }; int f(P p) { return 0; }"),
        ("cpp", "struct P { int x; P(int a) : x(a) {} }; int f(P p) { return 0; }"),
        ("c", "typedef struct { int x; char *name; } P; int f(P p) { return 0; }"),
        ("typescript", "interface P { x: number; run(): void } function f(p: P) {}"),
    ],
)
def test_a_record_that_cannot_be_written_down_whole_is_none(language: str, code: str) -> None:
    (found,) = entries(code, language)
    assert found.parameters[0].type.kind in ("unsupported", "any")
