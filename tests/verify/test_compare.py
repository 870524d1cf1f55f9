"""Every rule of `compare.py`, both ways round."""

from __future__ import annotations

import pytest

from transloop_verify.case import Observation, Side
from transloop_verify.compare import Rules, differs, opaque, rules_for, same
from transloop_verify.entry import entries
from transloop_verify.value import Opaque, RecordValue, Value, decode

NUMBERS = Rules(any_number=True)
CODES = Rules(codes=True)
TRUTHS = Rules(truths=True)
SINGLE = Rules(single=True)


@pytest.mark.parametrize(
    ("one", "other", "rules"),
    [
        ("1", "1", Rules()),
        ("3", "3.0", NUMBERS),
        ("0.1", "0.10000000000000003", Rules()),
        ("1e-13", "0.0", Rules()),
        ("0.1", "0.1000000015", SINGLE),
        ('{"f":"nan"}', '{"f":"nan"}', Rules()),
        ("-0.0", "0.0", Rules()),
        ('{"f":"inf"}', '{"f":"inf"}', Rules()),
        ("[1,[2]]", '{"t":[1,{"t":[2]}]}', Rules()),
        ('{"s":[1,2,3]}', '{"s":[3,1,2]}', Rules()),
        ('{"s":[{"t":[1,0.1]}]}', '{"s":[{"t":[1,0.10000000000000003]}]}', Rules()),
        ('{"m":[[1,"a"],["x",2]]}', '{"m":[["x",2],[1,"a"]]}', Rules()),
        ('{"m":[[1,"a"],["x",2]]}', '{"r":["",[["x",2],["1","a"]]]}', Rules()),
        ('{"r":["P",[["a_b",1]]]}', '{"r":["Q",[["aB",1],["more",null]]]}', Rules()),
        ('"a"', "97", CODES),
        ('"aé"', "[97,233]", CODES),
        ('"aé"', '{"b":"61c3a9"}', CODES),
        ('{"b":"61"}', "[97]", Rules()),
        ("true", "1", TRUTHS),
        ("null", "null", Rules()),
    ],
)  # fmt: skip
def test_values_that_are_the_same(one: str, other: str, rules: Rules) -> None:
    assert same(decode(one), decode(other), rules)
    assert same(decode(other), decode(one), rules)


@pytest.mark.parametrize(
    ("one", "other", "rules"),
    [
        ("1", "2", NUMBERS),
        ("3", "3.0", Rules()),
        ("12345678901234567890", "12345678901234567891", NUMBERS),
        ("1.0", "1.0000001", Rules()),
        ("1.0", "1.0001", SINGLE),
        ('{"f":"nan"}', "0.0", Rules()),
        ('{"f":"inf"}', '{"f":"-inf"}', Rules()),
        ("1", "true", NUMBERS),
        ("2", "true", TRUTHS),
        ("0", "null", NUMBERS),
        ("[]", "null", Rules()),
        ('""', "null", Rules()),
        ('"1"', "1", NUMBERS),
        ("[1,2]", "[2,1]", Rules()),
        ("[1,2]", "[1]", Rules()),
        ("[1]", '{"s":[1]}', Rules()),
        ('{"s":[1,2]}', '{"s":[1,1]}', Rules()),
        ('{"s":[1,2]}', '{"s":[1,2,3]}', Rules()),
        ('{"m":[[1,2]]}', '{"m":[[1,3]]}', Rules()),
        ('{"m":[[1,2]]}', '{"m":[[1,2],[2,3]]}', Rules()),
        ('{"m":[["a_b",1]]}', '{"r":["",[["aB",1]]]}', Rules()),
        ('{"r":["P",[["x",1]]]}', '{"r":["P",[["y",1]]]}', Rules()),
        ('"a"', "97", Rules()),
        ('"ab"', "97", CODES),
        ('["a","b"]', '"ab"', Rules()),
        ('{"?":"x"}', '{"?":"x"}', Rules()),
        ('[{"?":"x"}]', '[{"?":"x"}]', Rules()),
    ],
)  # fmt: skip
def test_values_that_are_not(one: str, other: str, rules: Rules) -> None:
    assert not same(decode(one), decode(other), rules)
    assert not same(decode(other), decode(one), rules)


def test_a_huge_int_beside_a_float_is_no_error() -> None:
    assert not same(10**400, 1.0, NUMBERS)


RETURNED = Observation("returned", value=1, printed="a\n")


def returned(value: Value, after: tuple[Value, ...] = ()) -> Observation:
    return Observation("returned", value=value, after=after)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (Observation("returned", value=1, printed="a  \n\n"), None),
        (Observation("returned", value=2, printed="a\n"), "the source returned 1, the target 2"),
        (Observation("returned", value=1, printed="b\n"),
         r"the source printed 'a\n', the target 'b\n'"),
        (Observation("raised", error="E", message="no"),
         "the source returned 1, the target raised E: no"),
        (Observation("crashed", error="SIGSEGV"),
         "the source returned 1, the target crashed: SIGSEGV"),
        (Observation("timeout"), "the source returned 1, the target did not come to an end"),
        (Observation("memory"), "the source returned 1, the target ran out of memory"),
    ],
)  # fmt: skip
def test_what_the_target_did_otherwise_is_told(target: Observation, reason: str | None) -> None:
    assert differs(RETURNED, target) == reason


def test_a_text_that_was_handed_over_as_characters_is_the_same_afterwards() -> None:
    rules = Rules(shared=(True,), names=("text",))
    assert differs(returned(1, ("ab",)), returned(1, (["a", "b"],)), rules) is None
    told = differs(returned(1, ("ab",)), returned(1, (["b", "a"],)), rules)
    assert told is not None
    assert "text" in told
    assert differs(returned("ab"), returned(["a", "b"]), rules) is not None


def test_errors_are_the_same_whatever_they_are_called() -> None:
    one = Observation("raised", error="ValueError", message="empty")
    assert differs(one, Observation("raised", error="panic", message="no items")) is None


def test_text_printed_before_an_error_counts() -> None:
    one = Observation("raised", error="ValueError", printed="a\n")
    assert differs(one, Observation("raised", error="panic", printed="b\n")) is not None


def test_long_values_are_cut_in_a_reason() -> None:
    reason = differs(returned([0] * 1000), returned([1] * 1000))
    assert reason is not None
    assert len(reason) < 300


def sides(source: tuple[str, str], target: tuple[str, str]) -> tuple[Side, Side]:
    made = [Side(code, language, entries(code, language)[0]) for language, code in (source, target)]
    return made[0], made[1]


def test_arguments_are_compared_where_both_can_change_them() -> None:
    python = ("python", "def f(values: list[int], text: str): ...")
    by_reference = ("cpp", "void f(std::vector<int> &values, std::string &text) {}")
    by_value = ("cpp", "void f(std::vector<int> values, std::string text) {}")
    one, other = returned(None, ([1], "a")), returned(None, ([2], "b"))
    rules = rules_for(*sides(python, by_reference))
    assert rules.shared == (True, False)
    assert differs(one, other, rules) == "the source left `values` as [1], the target as [2]"
    assert differs(one, returned(None, ([1.0], "b")), rules) is None
    rules = rules_for(*sides(python, by_value))
    assert differs(one, other, rules) is None


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (("cpp", "int f(int a) {}"), ("python", "def f(a): ..."), False),
        (("python", "def f(a): ..."), ("cpp", "int f(int a) {}"), True),
        (("cpp", "int f(int a) {}"), ("javascript", "function f(a) {}"), True),
        (("cpp", "double f(int a) {}"), ("python", "def f(a): ..."), True),
        (("java", "class A { int f(int a) {} }"), ("rust", "fn f(a: i32) -> i64 { 0 }"), False),
    ],
)
def test_when_an_int_may_be_a_float(
    source: tuple[str, str], target: tuple[str, str], expected: bool
) -> None:
    assert rules_for(*sides(source, target)).any_number is expected


def test_floats_of_32_bits_are_compared_as_such() -> None:
    single = ("rust", "fn f(a: Vec<f32>) -> bool { true }")
    assert rules_for(*sides(("python", "def f(a): ..."), single)).single


def test_what_cannot_be_compared_is_told_wherever_it_is() -> None:
    lost = Opaque("it contains itself")
    assert opaque(returned([1])) is None
    assert opaque(returned([RecordValue("P", (("x", (lost,)),))])) == "it contains itself"
    assert opaque(returned(decode('{"m":[[1,{"s":[{"?":"why"}]}]]}'))) == "why"
    after = returned(1, (lost,))
    assert opaque(after) is None
    assert opaque(after, Rules(shared=(True,))) == "it contains itself"
