"""Examples: what the server would ask, and the answer; stored and read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.trainer.tiny import EXAMPLES

from transloop_model import prompt
from transloop_settings.errors import ExamplesUnusable
from transloop_syntax.language import language
from transloop_syntax.unit import snippet
from transloop_trainer.examples import (
    WEIGHTS,
    directions,
    lineage_digest,
    of_repair,
    of_translation,
    read,
    write,
)

JAVA = language("java")
UNIT = snippet("def add(a, b):\n    return a + b", language("python"))
SIGNATURE = "static int add(int a, int b)"
METHOD = f"{SIGNATURE} {{\n    return a + b;\n}}"


def test_an_example_asks_as_the_server_does_and_ends_as_an_answer_does() -> None:
    made = of_translation(UNIT, JAVA, METHOD, lineage="x", signature=SIGNATURE)
    asked = prompt.build(UNIT, JAVA, signature=SIGNATURE)
    assert (made.messages, made.answer_prefix) == (asked.messages, asked.answer_prefix)
    assert made.answer_prefix + made.completion == f"```java\n{METHOD}\n```"
    assert made.direction == "python:java"


def test_a_translation_that_begins_with_an_import_is_asked_for_without_its_declaration() -> None:
    code = f"import java.util.*;\n\n{METHOD}"
    made = of_translation(UNIT, JAVA, code, lineage="x", signature=SIGNATURE)
    assert made.messages == prompt.build(UNIT, JAVA).messages
    assert made.answer_prefix == "```java\n"
    assert made.completion == f"{code}\n```"


def test_a_correction_knows_the_draft_that_it_is_preferred_to() -> None:
    draft = METHOD.replace("a + b", "a - b")
    made = of_translation(UNIT, JAVA, METHOD, lineage="x", signature=SIGNATURE, draft=draft)
    assert made.worse == made.completion.replace("a + b", "a - b")


@pytest.mark.parametrize("draft", ["", " \n", METHOD, f"{METHOD}\n", "int other;", "/*\n```\n*/"])
def test_a_draft_that_is_no_other_answer_to_the_prompt_is_left_out(draft: str) -> None:
    made = of_translation(UNIT, JAVA, METHOD, lineage="x", signature=SIGNATURE, draft=draft)
    assert made == of_translation(UNIT, JAVA, METHOD, lineage="x", signature=SIGNATURE)


def test_a_repair_shows_the_draft_and_what_was_wrong() -> None:
    made = of_repair(UNIT, JAVA, "int add() {}", "add(1, 2) is 0, was 3.", METHOD, lineage="x")
    asked = prompt.repair(prompt.build(UNIT, JAVA), JAVA, "int add() {}", "add(1, 2) is 0, was 3.")
    assert made.messages == asked.messages
    assert [each.role for each in made.messages] == ["system", "user", "assistant", "user"]


def test_a_translation_that_would_end_its_own_block_is_no_example() -> None:
    with pytest.raises(ExamplesUnusable, match="pair-9"):
        of_translation(UNIT, JAVA, "/*\n```\n*/\nint a;", lineage="pair-9")


def test_examples_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "examples.parquet"
    written = [*EXAMPLES, replace(EXAMPLES[0], weight=WEIGHTS["corrected"], worse="x")]
    write(path, written)
    assert read(path) == written
    assert [each.name for each in path.parent.iterdir()] == ["examples.parquet"]


def test_what_is_no_file_of_examples_is_told(tmp_path: Path) -> None:
    path = tmp_path / "examples.parquet"
    for content in (b"", b"PAR1 and nothing", None):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ExamplesUnusable, match="holds no examples"):
            read(path)


def test_examples_of_another_prompt_format_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "examples.parquet"
    write(path, [replace(EXAMPLES[0], prompt_version=prompt.VERSION + 1)])
    with pytest.raises(ExamplesUnusable, match=f"format {prompt.VERSION + 1}"):
        read(path)


def test_the_lineage_does_not_depend_on_the_order() -> None:
    assert lineage_digest(EXAMPLES) == lineage_digest((*EXAMPLES[::-1], EXAMPLES[0]))
    assert lineage_digest(EXAMPLES) != lineage_digest(EXAMPLES[1:])
    assert directions(EXAMPLES) == ("python:javascript",)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_is_a_number_above_zero(weight: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        replace(EXAMPLES[0], weight=weight)


def test_what_a_person_corrected_weighs_most() -> None:
    assert WEIGHTS["corrected"] > max(w for origin, w in WEIGHTS.items() if origin != "corrected")
