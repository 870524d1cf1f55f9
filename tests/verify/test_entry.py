"""What of a program can be called, and which function of a candidate answers to a source's."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from transloop_verify.case import Case, Entry, Side
from transloop_verify.entry import entries
from transloop_verify.harness import program
from transloop_verify.matching import NoCounterpart, matching, named
from transloop_verify.sized import without_lengths

SAMPLES = tomllib.loads((Path(__file__).parent / "entries.toml").read_text("utf-8"))


def _id(sample: dict[str, Any]) -> str:
    return str(sample["language"])


def label(entry: Entry) -> str:
    """Such as `Owner().name(a: kind, b: kind =) -> kind`; `?` where an error is possible."""
    owner = f"{entry.owner}{'' if entry.static else '()'}." if entry.owner else ""
    listed = ", ".join(
        f"{each.name}: {each.type.kind}{' =' if each.default else ''}" for each in entry.parameters
    )
    return f"{owner}{entry.name}({listed}) -> {entry.result.kind}{'?' if entry.fallible else ''}"


@pytest.mark.parametrize("program", SAMPLES["programs"], ids=_id)
def test_what_can_be_called_is_read_from_the_code(program: dict[str, Any]) -> None:
    found = entries(program["code"], program["language"])
    assert [label(each) for each in found] == program["entries"]


def test_code_that_does_not_parse_still_has_what_can_be_read() -> None:
    found = entries("def f(a: int) -> int:\n    return a\n\ndef g(b\n", "python")
    assert [each.name for each in found][:1] == ["f"]


def test_how_an_object_is_made_is_told_where_rust_has_several_ways() -> None:
    code = "struct S { x: i32 }\nimpl S { fn new() -> Self { S { x: 1 } } fn m(&self) {} }"
    assert [each.made for each in entries(code, "rust")] == ["S::new()"]
    code = "#[derive(Debug, Default)]\nstruct S { x: i32 }\nimpl S { fn m(&self) {} }"
    assert [each.made for each in entries(code, "rust")] == ["S::default()"]


SOURCE = entries("def has_close(numbers, limit): ...", "python")[0]


@pytest.mark.parametrize("candidate", SAMPLES["candidates"], ids=_id)
def test_the_counterpart_is_found(candidate: dict[str, Any]) -> None:
    found = matching(SOURCE, candidate["code"], candidate["language"])
    assert found.name == candidate["counterpart"]
    assert sum(not each.default for each in found.parameters) == 2


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("const x = 1;", "it has no function that could be called"),
        ("function hasClose(a) {}", "`hasClose` takes 1 arguments, the source 2"),
        ("function a(x, y) {} function b(x, y) {}",
         "none of its functions answers to `has_close` with 2 arguments: `a`, `b`"),
    ],
)  # fmt: skip
def test_why_there_is_no_counterpart_is_told(code: str, reason: str) -> None:
    with pytest.raises(NoCounterpart) as raised:
        matching(SOURCE, code, "javascript")
    assert str(raised.value) == reason


def test_in_javascript_a_call_may_leave_arguments_out() -> None:
    found = matching(SOURCE, "function hasClose(a, b, c) {}", "javascript")
    assert [each.name for each in found.parameters] == ["a", "b"]
    with pytest.raises(NoCounterpart):
        matching(SOURCE, "function hasClose(a: number, b: number, c: number) {}", "typescript")


def test_an_entry_is_found_by_its_name_and_by_its_owner() -> None:
    code = "class A:\n  def f(self): ...\nclass B:\n  def f(self): ...\ndef g(): ..."
    assert named("B.f", code, "python").owner == "B"
    assert named("g", code, "python").owner is None
    with pytest.raises(NoCounterpart, match=r"there is no `h`; there are `A.f`, `B.f`, `g`"):
        named("h", code, "python")


def test_a_pointer_and_its_length_are_one_list() -> None:
    (entry,) = entries("int f(const int *a, int n, int k, int b[], int m) { return 0; }", "c")
    sized = without_lengths(entry, "c")
    assert sized is not None
    assert [each.name for each in sized.parameters] == ["a", "k", "b"]
    side = Side("int f(const int *a, int n, int k, int b[], int m) { return 0; }", "c", sized)
    made = program(side, [Case(0, ([1, 2], 5, []))])
    assert "f(given0, given0_length, given1, given2, given2_length)" in str(made.files[0].content)
    (plain,) = entries("int g(int a, int n) { return 0; }", "c")
    assert without_lengths(plain, "c") is None
