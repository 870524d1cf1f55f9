"""From what a model writes to code: fences, chatter, and the reasons why there is none."""

from __future__ import annotations

import pytest

from transloop_model.answer import extract
from transloop_model.engine import Finished, Reason
from transloop_settings.errors import NoCode, Refused, Truncated
from transloop_syntax.language import language

JS = language("javascript")
CODE = "function gcd(a, b) {\n  return b ? gcd(b, a % b) : a;\n}"
PYTHON = "def gcd(a, b):\n    return gcd(b, a % b) if b else a"


def code_of(text: str, reason: Reason = "stop", source: str = PYTHON) -> str:
    return extract(Finished(0, text, reason, 20), JS, source).code


@pytest.mark.parametrize(
    "text",
    [
        f"```javascript\n{CODE}\n```",
        f"```javascript\n{CODE}",  # the stop string has cut the closing fence off
        f"```js\n{CODE}\n```",
        f"```JavaScript\n{CODE}\n```",
        f"~~~javascript\n{CODE}\n~~~",
        f"```\n{CODE}\n```",
        f"\n\n```javascript\n\n{CODE}\n\n```\n\n",
        f"Sure! Here is the function in JavaScript:\n\n```javascript\n{CODE}\n```",
        f"```javascript\n{CODE}\n```\nThis function uses recursion.",
        f"```javascript\n{CODE}\n```\nUse it like this:\n```javascript\ngcd(4, 6);\n```",
        f"The Python code:\n```python\n{PYTHON}\n```\nIn JavaScript:\n```javascript\n{CODE}\n```",
        CODE,
        f"Here is the translated code:\n\n{CODE}\n\nIt takes two numbers and returns one.",
        f"{CODE}   \n",
    ],
)
def test_the_code_is_found_without_fences_and_chatter(text: str) -> None:
    assert code_of(text) == CODE


def test_comments_around_the_code_belong_to_it() -> None:
    text = f"// The greatest common divisor.\n{CODE}\n// End of file."
    assert code_of(text) == text


def test_indentation_of_the_first_line_is_kept() -> None:
    assert code_of("```javascript\n  const a = 1;\n  const b = 2;\n```") == (
        "  const a = 1;\n  const b = 2;"
    )


def test_a_fence_inside_the_code_is_not_the_end_of_a_longer_fence() -> None:
    code = "const doc = `\n```\nx\n```\n`;"
    assert code_of(f"````javascript\n{code}\n````") == code


def test_half_an_answer_is_never_handed_out() -> None:
    with pytest.raises(Truncated, match=r"20 tokens.*max_tokens"):
        code_of(f"```javascript\n{CODE}\n```", reason="length")


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "Sorry, I cannot translate this code.",
        "As an AI language model I am unable to assist.",
    ],
)
def test_a_refusal_is_quoted(text: str) -> None:
    with pytest.raises(Refused) as refused:
        code_of(text)
    assert text[:20] in str(refused.value)


def test_a_refusal_inside_the_fence_that_we_began_is_a_refusal() -> None:
    with pytest.raises(Refused):
        code_of("```javascript\nI'm sorry, but I cannot translate this.")


@pytest.mark.parametrize("text", ["", "  \n ", "```javascript\n```", "```javascript\n"])
def test_an_empty_answer_is_no_code(text: str) -> None:
    with pytest.raises(NoCode, match=r"empty|prose"):
        code_of(text)


def test_prose_is_no_code() -> None:
    with pytest.raises(NoCode, match="only prose"):
        code_of("This function computes the greatest common divisor of two numbers.")


def test_the_source_handed_back_is_no_translation() -> None:
    with pytest.raises(NoCode, match="source instead of JavaScript"):
        code_of(f"```javascript\n{PYTHON}\n```")


def test_code_that_is_valid_in_both_languages_may_stay_as_it_is() -> None:
    found = extract(
        Finished(0, f"```typescript\n{CODE}\n```", "stop", 9), language("typescript"), CODE
    )
    assert found.code == CODE


def test_an_apology_in_a_comment_is_code() -> None:
    text = f"// I'm sorry for this one.\n{CODE}"
    assert code_of(f"```javascript\n{text}\n```") == text


def test_code_that_does_not_parse_is_handed_out_with_a_note() -> None:
    found = extract(Finished(0, "```javascript\nfunction f( {\n```", "stop", 9), JS, PYTHON)
    assert found.code == "function f( {"
    assert "does not parse as JavaScript" in found.notes[0]


def test_code_that_parses_has_no_note() -> None:
    assert extract(Finished(0, CODE, "stop", 9), JS, PYTHON).notes == ()
