"""Sources: what is translated and what is run, out of programs, seeds and pairs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.synth.functions import JAVASCRIPT, PYTHON, order
from tests.synth.test_dataset import PAIR

from transloop_model.echo import EchoEngine
from transloop_sandbox.sandbox import Sandbox
from transloop_settings.errors import UnitError
from transloop_synth.dataset import Dataset
from transloop_synth.order import Share
from transloop_synth.source import of_pair, of_program
from transloop_synth.synthesize import synthesize

TOOL = """\
import java.util.List;

public class Tool {
    /** Half, rounded down. */
    public static int half(int n) {
        return Math.floorDiv(n, 2);
    }
}"""
TWO = (
    "def twice(n: int) -> int:\n    return 2 * n\n\n\n"
    "def four(n: int) -> int:\n    return twice(twice(n))"
)


def test_the_only_function_is_translated_without_what_is_around_it() -> None:
    found = of_program(TOOL, "java", "Tool.half")
    assert found.functions == ("Tool.half",)
    assert found.code.startswith("/** Half, rounded down. */\npublic static int half(int n) {")
    assert "class Tool" not in found.code
    assert found.program == TOOL


def test_a_function_that_needs_others_is_translated_with_them() -> None:
    found = of_program(TWO, "python", "four", prelude="import math")
    assert found.code == TWO
    assert found.program == f"import math\n{TWO}"
    assert found.functions == ("four",)


def test_there_must_be_such_a_function() -> None:
    with pytest.raises(UnitError, match=r"there is no `five`; there are `twice`, `four`"):
        of_program(TWO, "python", "five")


async def test_a_method_is_translated_and_called(sandbox: Sandbox, dataset: Dataset) -> None:
    model = EchoEngine(lambda request, candidate: f"{PYTHON['half']}\n```")
    asked = order(Share("java:python", None, 1), mutants=0.0)
    made = await synthesize(asked, [of_program(TOOL, "java", "Tool.half")], model, sandbox, dataset)
    assert made.pairs == 1
    (pair,) = dataset.pairs()
    assert pair.entry_point == "Tool.half"
    assert of_pair(pair).functions == ("half",)


def test_a_translation_is_a_source_with_its_seeds() -> None:
    found = of_pair(replace(PAIR, seeds=("s0",)))
    assert (found.language, found.code, found.origin) == (
        "javascript",
        JAVASCRIPT["half"],
        "reentered",
    )
    assert (found.parents, found.seeds) == (("p1",), ("s0",))


def test_a_translation_that_cannot_be_called_is_no_source() -> None:
    with pytest.raises(UnitError):
        of_pair(replace(PAIR, translation="const half = 1;"))
