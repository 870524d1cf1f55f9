"""Inputs: boundaries first, relations kept, always the same for a seed."""

from __future__ import annotations

import itertools

import pytest

from transloop_verify.case import Observation
from transloop_verify.draw import Constants, boundaries
from transloop_verify.inputs import Domain, Input, Relation, drawable, fractions, inputs, mixed
from transloop_verify.mined import constants, effects, intended, reads
from transloop_verify.type import ANY, Type
from transloop_verify.value import MapValue, RecordValue, SetValue, Value

INT = Type("int")
TEXT = Type("string")
NUMBERS = Type("list", (INT,))


def some(domain: Domain, count: int = 80, seed: int = 0) -> list[Input]:
    return list(itertools.islice(inputs(domain, seed), count))


def firsts(domain: Domain, count: int = 80) -> list[Value]:
    return [each.arguments[0] for each in some(domain, count)]


def test_the_same_seed_gives_the_same_inputs() -> None:
    domain = Domain((NUMBERS, TEXT))
    assert some(domain) == some(domain)
    assert some(domain) != some(domain, seed=5)


def test_no_input_comes_twice_and_few_values_come_to_an_end() -> None:
    assert len(set(map(repr, some(Domain((INT, INT)), 200)))) == 200
    assert [each.arguments for each in some(Domain((Type("bool"),)))] == [(True,), (False,)]


def test_a_function_without_parameters_is_called_once() -> None:
    assert [each.arguments for each in some(Domain(()))] == [()]


def test_calls_that_exist_come_first_then_boundaries() -> None:
    found = some(Domain((INT,), examples=((77,),)))
    assert found[0] == Input((77,), "call")
    assert {each.origin for each in found[1:6]} == {"boundary"}
    assert found[-1].origin == "generated"


def test_numbers_are_drawn_around_the_constants_of_the_program() -> None:
    assert {364, 365, 366} <= set(firsts(Domain((INT,), constants=Constants(integers=(365,)))))


def test_texts_are_made_of_the_letters_of_the_program() -> None:
    texts = firsts(Domain((TEXT,), constants=Constants(strings=("(", ")"))))
    nested = [each for each in texts if isinstance(each, str) and each and not each.strip("()")]
    assert len(nested) > 5
    assert "abcabc" not in nested


def test_numbers_stay_small_and_texts_ascii() -> None:
    for value in firsts(Domain((NUMBERS,)), 300):
        assert isinstance(value, list)
        assert all(isinstance(each, int) and abs(each) <= 1000 for each in value)
    assert all(str(each).isascii() for each in firsts(Domain((TEXT,)), 300))


@pytest.mark.parametrize(
    ("bits", "signed", "low", "high"), [(8, True, -128, 127), (8, False, 0, 255)]
)
def test_integers_fit_their_bits(bits: int, signed: bool, low: int, high: int) -> None:
    kind = Type("int", bits=bits, signed=signed)
    found = firsts(Domain((kind,), constants=Constants(integers=(10**6,))), 300)
    assert all(isinstance(each, int) and low <= each <= high for each in found)


def test_a_length_is_the_length() -> None:
    domain = Domain((NUMBERS, INT, INT), (Relation(1, "length", 0), Relation(2, "within", 0)))
    lengths = set()
    for each in some(domain, 200):
        numbers, length, index = each.arguments
        assert isinstance(numbers, list)
        assert length == len(numbers)
        assert isinstance(index, int)
        assert 0 <= index < max(1, len(numbers))
        lengths.add(length)
    assert len(lengths) > 4


def test_the_programs_own_texts_meet_in_several_parameters() -> None:
    names = ("Mercury", "Venus", "Earth")
    domain = Domain((TEXT, TEXT), constants=Constants(strings=names))
    pairs = {each.arguments for each in some(domain, 100)}
    assert len({pair for pair in pairs if {*pair} <= {*names} and pair[0] != pair[1]}) >= 3


def test_text_comes_in_both_cases() -> None:
    texts = {str(each.arguments[0]) for each in some(Domain((TEXT,)), 100)}
    assert "A" in texts
    assert any(text.isupper() for text in texts if len(text) > 2)


@pytest.mark.parametrize("kind", [INT, NUMBERS])
def test_guessed_numbers_may_be_no_whole_ones(kind: Type) -> None:
    found = fractions(Domain((kind, TEXT)), frozenset({0}), 4, seed=0)
    assert len(found) == 4
    numbers = [each.arguments[0] for each in found]
    flat = [one for each in numbers for one in (each if isinstance(each, list) else [each])]
    assert flat
    assert not any(float(str(each)).is_integer() for each in flat)


def test_declared_and_related_numbers_stay_whole() -> None:
    assert fractions(Domain((INT,)), frozenset(), 4, seed=0) == []
    tied = Domain((NUMBERS, INT), (Relation(1, "length", 0),))
    assert fractions(tied, frozenset({1}), 4, seed=0) == []


def test_lists_of_which_only_the_truth_is_asked_hold_items_of_all_kinds() -> None:
    for each in mixed(Domain((NUMBERS, INT)), frozenset({0}), 4, seed=0):
        items, number = each.arguments
        assert isinstance(items, list)
        assert isinstance(number, int)
        assert len([item for item in items if not item]) == 2
        assert len({type(item) for item in items}) > 1
    assert mixed(Domain((NUMBERS,)), frozenset(), 4, seed=0) == []
    tied = Domain((NUMBERS, INT), (Relation(1, "length", 0),))
    assert mixed(tied, frozenset({0}), 4, seed=0) == []


def test_containers_of_the_same_length() -> None:
    for each in some(Domain((NUMBERS, NUMBERS), (Relation(1, "same", 0),)), 100):
        first, second = each.arguments
        assert isinstance(first, list)
        assert isinstance(second, list)
        assert len(first) == len(second)


def test_a_searched_number_is_often_there() -> None:
    found = [each.arguments for each in some(Domain((NUMBERS, INT)), 200)]
    met = [number in numbers for numbers, number in found if isinstance(numbers, list)]
    assert 30 < sum(met) < 170


def test_a_searched_letter_is_often_there() -> None:
    found = [each.arguments for each in some(Domain((TEXT, Type("char"))), 200)]
    met = [letter in text for text, letter in found if isinstance(text, str) and letter]
    assert 60 < sum(met) < 190
    assert all(isinstance(letter, str) and len(letter) == 1 for _, letter in found)


def test_a_list_of_another_depth_is_no_stand_in() -> None:
    tables = Type("list", (NUMBERS,))
    for each in some(Domain((tables, tables)), 300):
        assert all(isinstance(row, list) for table in each.arguments for row in table)  # type: ignore[union-attr]


def test_text_may_be_kept_to_some_letters() -> None:
    constants = Constants(strings=("VI", "abc"), only="IVX")
    kinds = (TEXT, Type("char"), Type("list", (TEXT,)))
    for each in some(Domain(kinds, constants=constants), 200):
        text, letter, texts = each.arguments
        assert isinstance(text, str)
        assert isinstance(letter, str)
        assert isinstance(texts, list)
        assert {*text, *letter, *"".join(map(str, texts))} <= {*"IVX"}


@pytest.mark.parametrize(
    ("kind", "python"),
    [
        (Type("optional", (INT,)), (int, type(None))),
        (Type("map", (TEXT, INT)), MapValue),
        (Type("set", (INT,)), SetValue),
        (Type("tuple", (INT, TEXT)), tuple),
        (Type("bytes"), bytes),
        (Type("char"), str),
        (Type("float"), float),
        (Type("union", (INT, TEXT)), (int, str)),
        (Type("record", name="P", fields=(("x", INT),)), RecordValue),
    ],
)
def test_every_kind_is_drawn(kind: Type, python: type) -> None:
    assert drawable(kind)
    found = firsts(Domain((kind,)), 30)
    assert len(found) > 5
    assert all(isinstance(each, python) for each in found)


def test_what_cannot_be_drawn_is_known() -> None:
    assert not drawable(ANY)
    assert not drawable(Type("list", (Type("unsupported"),)))
    assert boundaries(Type("unsupported"), Constants()) == []


# What a source tells -----------------------------------------------------------------------------


def test_constants_are_mined_from_code_and_not_from_prose_or_imports() -> None:
    code = 'import a1\n"""Doc 99."""\nx = [7, 2.5, "a\\n", \'b\']  # 55\n'
    assert constants(code, "python") == Constants((7,), (2.5,), ("a\n", "b"))
    assert constants('import "fmt"\nvar x = "y"', "go").strings == ("y",)


def test_effects_are_told_with_their_line_and_not_from_comments_or_text() -> None:
    code = 'import random\n# open(x)\ny = "open(x)"\nz = random.random()\n'
    assert [(each.what, each.line) for each in effects(code, "python")] == [("randomness", 4)]


FILES, AROUND = "the file system", "the environment"


@pytest.mark.parametrize(
    ("language", "line", "what"),
    [
        ("python", "os.stat(x).st_mtime", FILES),
        ("python", "os.path.exists(x)", FILES),
        ("python", "path.getmtime(x)", FILES),
        ("python", "os.getcwd()", FILES),
        ("python", "os.listdir(x)", FILES),
        ("python", "x.is_file()", FILES),
        ("python", "glob.glob(x)", FILES),
        ("python", "os.environ['X']", AROUND),
        ("python", "os.getenv(x)", AROUND),
        ("python", "sys.platform == x", AROUND),
        ("python", "platform.system()", AROUND),
        ("python", "os.path.join(x, 'y') + os.sep", ""),
        ("python", "x.path.exists()", ""),
        ("python", "min(x, sys.maxsize)", ""),
        ("python", "'os.stat' in x", ""),
        ("javascript", "fs.existsSync(x)", FILES),
        ("javascript", "fs.statSync(x).size", FILES),
        ("javascript", "readdirSync(x)", FILES),
        ("javascript", "process.env.X", AROUND),
        ("javascript", "process.cwd()", AROUND),
        ("javascript", "x.path.join(x)", ""),
        ("typescript", "fs.readFileSync(x)", FILES),
        ("typescript", "os.hostname()", AROUND),
        ("typescript", "path.join(x, 'y')", ""),
        ("java", "new File(x).exists()", FILES),
        ("java", "Files.size(x)", FILES),
        ("java", "System.getenv(x)", AROUND),
        ("java", "Locale.getDefault()", AROUND),
        ("java", "x.profile.size()", ""),
        ("c", "stat(x, &s)", FILES),
        ("c", "getcwd(x, 9)", FILES),
        ("c", "getenv(x)", AROUND),
        ("c", "x->stat(x)", ""),
        ("cpp", "std::filesystem::exists(x)", FILES),
        ("cpp", "fs::file_size(x)", FILES),
        ("cpp", "std::getenv(x)", AROUND),
        ("cpp", "x.exists(x)", ""),
        ("go", "os.Stat(x)", FILES),
        ("go", "os.Getwd()", FILES),
        ("go", "filepath.Abs(x)", FILES),
        ("go", "os.Getenv(x)", AROUND),
        ("go", "runtime.NumCPU()", AROUND),
        ("go", "filepath.Join(x)", ""),
        ("rust", "fs::metadata(x)", FILES),
        ("rust", "Path::new(x).exists()", FILES),
        ("rust", "x.is_dir()", FILES),
        ("rust", "env::var(x)", AROUND),
        ("rust", "Path::new(x).join(x)", ""),
    ],
)
def test_what_another_machine_would_answer_otherwise_is_known(
    language: str, line: str, what: str
) -> None:
    assert [each.what for each in reads(line, language)] == ([what] if what else [])
    assert effects(line, language) == ()


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("import os as o\ndef f(x):\n    return o.listdir(x)\n", 3),
        ("import os.path as p\ndef f(x):\n    return p.exists(x)\n", 3),
        ("from os import (\n    path,\n    stat,\n)\ndef f(x):\n    return stat(x)\n", 1),
        ("from os.path import join, exists\ndef f(x):\n    return exists(x)\n", 1),
    ],
)
def test_other_names_of_the_same_hide_nothing(code: str, line: int) -> None:
    assert [(each.what, each.line) for each in reads(code, "python")] == [(FILES, line)]


def test_an_error_is_meant_when_the_code_raises_it() -> None:
    meant = intended("def f(x):\n    raise ValueError(x)\n", "python")
    assert meant(Observation("raised", error="ValueError"))
    assert not meant(Observation("raised", error="IndexError"))
    assert not meant(Observation("raised", error="TypeError"))


def test_a_panic_is_meant_unless_it_is_an_accident() -> None:
    meant = intended('fn f() { panic!("no"); }', "rust")
    assert meant(Observation("raised", error="panic", message="no"))
    assert not meant(Observation("raised", error="panic", message="attempt to add with overflow"))
    assert not intended("fn f() { }", "rust")(Observation("raised", error="panic", message="no"))
