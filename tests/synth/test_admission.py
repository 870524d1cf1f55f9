"""What of all that holds is taken: few of an item, none twice, nothing that is examined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.synth.functions import JAVASCRIPT, PYTHON, engine, order, sources

from transloop_sandbox.sandbox import Sandbox
from transloop_synth import lines
from transloop_synth.barred import Barred, Examined
from transloop_synth.dataset import Dataset
from transloop_synth.normal import canonical, shingles
from transloop_synth.order import Share
from transloop_synth.source import of_program
from transloop_synth.synthesize import synthesize

RENAMED = "function half(number) {\n  // down\n  return Math.floor(number / 2);\n}"
ARROW = "const half = (n) => Math.floor(n / 2);"
SHIFT = "function half(n) {\n  return (n - (((n % 2) + 2) % 2)) / 2;\n}"
OF_TWICE = "function half(n) {\n  const odd = Math.abs(n) % 2;\n  return (n - odd) / 2;\n}"


def test_own_names_and_layout_make_no_other_solution() -> None:
    assert canonical(RENAMED, "javascript") == canonical(JAVASCRIPT["half"], "javascript")


@pytest.mark.parametrize(
    "code",
    [
        JAVASCRIPT["half"].replace("floor", "trunc"),
        JAVASCRIPT["half"].replace("2", "3"),
        JAVASCRIPT["half"].replace("n / 2", "2 / n"),
        "function half(n, m) {\n  return Math.floor(m / 2);\n}",
    ],
)
def test_another_method_constant_or_order_does(code: str) -> None:
    assert canonical(code, "javascript") != canonical(JAVASCRIPT["half"], "javascript")


@pytest.mark.parametrize("language", ["python", "javascript", "java", "typescript", "go"])
def test_own_names_are_replaced_in_every_language(language: str) -> None:
    codes = {
        "python": "def f({0}, k):\n    for {1} in {0}:\n        k += {1}\n    return k",
        "javascript": "function f({0}, k) {{ for (const {1} of {0}) {{ k += {1}; }} return k; }}",
        "typescript": "function f({0}: number[], k: number) {{ for (const {1} of {0})"
        " {{ k += {1}; }} return k; }}",
        "java": "static int f(int[] {0}, int k) {{ for (int {1} : {0}) k += {1}; return k; }}",
        "go": "func f({0} []int, k int) int {{ for _, {1} := range {0} {{ k += {1} }}; return k }}",
    }
    one, other = (codes[language].format(*names) for names in (("xs", "x"), ("items", "each")))
    assert canonical(one, language) == canonical(other, language)
    assert shingles(one, language) == shingles(other, language)


async def test_at_most_two_distinct_solutions_of_an_item(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    answers = (JAVASCRIPT["half"], RENAMED, ARROW, SHIFT)
    made = await synthesize(
        order(samples=3), sources("half"), engine({"half": answers}), sandbox, dataset
    )
    (attempt,) = made.attempts
    assert (attempt.greedy, attempt.right) == (True, 3)
    assert [pair.translation for pair in dataset.pairs()] == [ARROW, JAVASCRIPT["half"]]
    assert attempt.rejected == {"surplus": 1}


async def test_a_pair_that_is_nearly_another_items_is_a_duplicate(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    code = PYTHON["clamp"].replace("clamp", "limit").replace("low", "least")
    again = of_program(code, "python", "limit")
    answer = JAVASCRIPT["clamp"].replace("clamp", "limit").replace("low", "least")
    model = engine({"limit": (answer,)})
    made = await synthesize(order(), [*sources("clamp"), again], model, sandbox, dataset)
    assert made.pairs == 1
    assert sorted(len(each.rejected) for each in made.attempts) == [0, 1]
    (dropped,) = dataset.dropped()
    assert dropped.reason == "duplicate"
    assert dropped.against == dataset.pairs()[0].id


# Evaluation sets -------------------------------------------------------------------------------

CLAMP = PYTHON["clamp"]
BY_ANOTHER_NAME = CLAMP.replace("clamp", "bounded").replace("low", "a").replace("high", "b")
IN_OTHER_WORDS = "def within(v: int, a: int, b: int) -> int:\n    return sorted([v, a, b])[1] if a <= b else (a if v < a else (b if v > b else v))"  # noqa: E501
OTHER = "def other(x: int, y: int, z: int) -> int:\n    return x + 2 * y - z"
CALLS = tuple(((x, 0, 10), max(0, min(x, 10))) for x in (-5, 0, 3, 10, 99, 7))


async def _dropped(
    code: str, unit: Examined, sandbox: Sandbox, dataset: Dataset
) -> list[tuple[str, str, str]]:
    """The report on a source with this code, where the unit is in an evaluation set."""
    name = code[4 : code.index("(")]
    barred = Barred([unit], dataset.folder)
    model = engine({name: (JAVASCRIPT["clamp"].replace("clamp", name),)})
    source = of_program(code, "python", name)
    made = await synthesize(order(), [source], model, sandbox, dataset, barred=barred)
    if dataset.dropped():
        assert made.pairs == 0
        assert made.attempts[0].unusable.startswith("contaminated")
        assert model.requests == []
    return [(each.reason, each.by, each.against) for each in dataset.dropped()]


@pytest.mark.parametrize("name", ["clamp", "Clamp", "Solution.clamp", "clamp_"])
async def test_by_its_name(sandbox: Sandbox, dataset: Dataset, name: str) -> None:
    unit = Examined("set/1", {"python": OTHER}, (name,), CALLS)
    assert await _dropped(CLAMP, unit, sandbox, dataset) == [("contaminated", "name", "set/1")]


async def test_by_its_text(sandbox: Sandbox, dataset: Dataset) -> None:
    unit = Examined("set/1", {"python": CLAMP}, ("clamp",), ())
    found = await _dropped(BY_ANOTHER_NAME, unit, sandbox, dataset)
    assert found == [("contaminated", "text", "set/1")]


async def test_by_what_it_does_on_recorded_calls(sandbox: Sandbox, dataset: Dataset) -> None:
    unit = Examined("set/1", {"java": "static int x() { return 1; }"}, ("clamp",), CALLS)
    found = await _dropped(IN_OTHER_WORDS, unit, sandbox, dataset)
    assert found == [("contaminated", "behaviour", "set/1")]


async def test_by_what_the_units_own_code_does(sandbox: Sandbox, dataset: Dataset) -> None:
    script = JAVASCRIPT["clamp"].replace("function", "/** x: number */ function")
    unit = Examined("set/1", {"javascript": script}, ("clamp",))
    found = await _dropped(IN_OTHER_WORDS, unit, sandbox, dataset)
    assert found == [("contaminated", "behaviour", "set/1")]
    assert (dataset.folder / "examined.jsonl").exists(), "it is run once only"


@pytest.mark.parametrize(
    "unit",
    [
        Examined("set/1", {"python": OTHER}, ("other",)),
        Examined("set/1", {}, ("f",), tuple(((x, 0, 10), 0) for x in range(-9, 0))),
        Examined("set/1", {}, ("f",), CALLS[:3]),
        Examined("set/1", {}, ("f",), tuple(((x,), y) for (x, *_), y in CALLS)),
        Examined("set/1", {}, ("f",), (*CALLS, ((5, 0, 10), 6))),
    ],
    ids=[
        "another program",
        "calls that say nothing",
        "too few calls",
        "other types",
        "one differs",
    ],
)
async def test_what_is_no_sign(sandbox: Sandbox, dataset: Dataset, unit: Examined) -> None:
    assert await _dropped(IN_OTHER_WORDS, unit, sandbox, dataset) == []


async def test_a_name_that_many_problems_have_says_nothing(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    code = OTHER.replace("other", "solve")
    unit = Examined("set/1", {"python": PYTHON["total"].replace("total", "solve")}, ("solve",))
    assert await _dropped(code, unit, sandbox, dataset) == []


async def test_a_translation_that_is_a_units_reference(sandbox: Sandbox, dataset: Dataset) -> None:
    """Its source is clean, as far as one can see."""
    reference = JAVASCRIPT["clamp"].replace("clamp", "examined")
    barred = Barred([Examined("set/1", {"javascript": reference}, ("examined",), CALLS[:2])])
    made = await synthesize(order(), sources("clamp"), engine(), sandbox, dataset, barred=barred)
    assert made.pairs == 0
    assert made.attempts[0].rejected == {"contaminated": 1}
    assert dataset.dropped()[0].by == "text"


def test_a_source_is_told_from_its_likes(tmp_path: Path) -> None:
    (one,) = sources("half")
    assert replace(one, parents=("x",)).id == one.id
    assert replace(one, program=one.program + "\n").id != one.id


async def test_an_invention_may_be_contaminated_as_well(sandbox: Sandbox, dataset: Dataset) -> None:
    unit = Examined("set/1", {"python": OTHER}, ("other",))
    barred = Barred([unit])
    asked = order(Share("python:javascript", None, 1), invented=1.0)
    model = engine(new=(OTHER,))
    made = await synthesize(asked, sources("half"), model, sandbox, dataset, barred=barred)
    assert [each.unusable for each in made.attempts] == ["contaminated by its name"]
    assert dataset.invented() == []


async def test_a_call_that_never_ends_hides_no_unit_behind_it(
    sandbox: Sandbox, dataset: Dataset
) -> None:
    code = (
        "def slow(n: int) -> int:\n    k = 0\n    while n > 10**6:\n        k += 1\n"
        "    return n * n - n"
    )
    endless = tuple(((10**7 + n,), n) for n in range(4))
    same = tuple(((n,), n * n - n) for n in range(2, 9))
    units = [*(Examined(f"set/{n}", {}, ("f",), endless) for n in range(3))]
    barred = Barred([*units, Examined("set/same", {}, ("g",), same)])
    source = of_program(code, "python", "slow")
    model = engine({"slow": (JAVASCRIPT["half"],)})
    await synthesize(order(mutants=0.0), [source], model, sandbox, dataset, barred=barred)
    assert [each.against for each in dataset.dropped()] == ["set/same"]


async def test_a_source_is_screened_once_for_all_orders(sandbox: Sandbox, dataset: Dataset) -> None:
    barred = Barred([Examined("set/1", {}, ("other",), CALLS)])
    for number, target in enumerate(("javascript", "java")):
        asked = order(Share(f"python:{target}", None, 1), number=number)
        await synthesize(asked, sources("total"), engine(), sandbox, dataset, barred=barred)
    path = dataset.folder / "screened.jsonl"
    assert len(lines.read(path)) == 1
    more = Barred([Examined("set/2", {}, ("total",), CALLS)])
    asked = order(Share("python:typescript", None, 1), number=2)
    made = await synthesize(asked, sources("total"), engine(), sandbox, dataset, barred=more)
    assert [each.unusable for each in made.attempts] == ["contaminated by its name"]
    assert len(lines.read(path)) == 2, "what was found holds for the units that it was found with"
