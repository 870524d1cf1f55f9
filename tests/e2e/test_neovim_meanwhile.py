"""A real Neovim, in which the person cancels, types on, or asks for another answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.neovim_editor import (
    APP,
    GCD,
    JAVASCRIPT,
    TO_JAVASCRIPT,
    V_GCD,
    Neovim,
    Report,
    below,
    echo,
    ends,
    instead,
    text,
)

pytestmark = pytest.mark.e2e


@pytest.fixture
def neovim(tmp_path: Path) -> Neovim:
    return Neovim(tmp_path)


# Cancelling


@pytest.mark.parametrize("how", ["menu", "lens", "progress"])
def test_a_cancelled_translation_changes_nothing(neovim: Neovim, how: str) -> None:
    neovim.file("app.py", APP)
    neovim.settings(placement="replace")
    neovim.engine("word " * 400, seconds_per_token=0.05)
    cancel = "Cancel translation to JavaScript"
    seen = neovim.plays(
        "cancel", file="app.py", select=V_GCD, choose=TO_JAVASCRIPT, how=how, cancel=cancel
    )
    assert text(seen, "later") == APP
    assert not seen["at"]["later"]["buffers"]["app.py"]["modified"]
    assert ends(seen) == ["Cancelled; nothing was changed."]
    assert seen["status"]["jobs"][0]["state"] == "cancelled"
    assert seen["seconds"] < 1.0


# Meanwhile


TOLD, UNTOLD = 250, 0
"""Milliseconds after typing; Neovim 0.11 holds changes back for 150 ms, unless told otherwise."""


def meanwhile(neovim: Neovim, pause: int = TOLD, **given: Any) -> Report:
    """Translate gcd of APP while something is typed, `pause` milliseconds before the answer."""
    neovim.file("app.py", APP)
    neovim.engine(held=True)
    seen = neovim.plays(
        "meanwhile", file="app.py", select=V_GCD, choose=TO_JAVASCRIPT, pause=pause, **given
    )
    assert seen["running"] == 1
    return seen


@pytest.mark.parametrize(
    ("placement", "pause"),
    [("below", TOLD), ("replace", UNTOLD)],
    ids=["below", "replace-just-before"],
)
def test_typing_above_does_not_lead_the_insertion_astray(
    neovim: Neovim, placement: str, pause: int
) -> None:
    neovim.settings(placement=placement)
    seen = meanwhile(neovim, pause, type="ggO# typed 🎉<CR>above<Esc>5GA as m<Esc>")
    typed = text(seen, "typed")
    assert typed != APP
    kept = f"{GCD}\n\n" if placement == "below" else ""
    assert text(seen, "done") == typed.replace(GCD, kept + echo(GCD))
    assert not seen["questions"]


def test_who_keeps_typing_is_not_disturbed(neovim: Neovim) -> None:
    neovim.settings(placement="replace")
    seen = meanwhile(neovim, UNTOLD, type="ggO# ", keeps_typing="x", times=40)
    assert text(seen, "done") == f"# {'x' * 40}\n{instead(GCD)}"
    assert not seen["questions"]


EDIT = "7GO# edited<Esc>"
EDITED = GCD.replace(":\n", ":\n    # edited\n", 1)


@pytest.mark.parametrize(
    ("placement", "edit", "pause"),
    [("below", EDIT, TOLD), ("replace", "6G4dd", TOLD), ("replace", "9GA + 1<Esc>", UNTOLD)],
    ids=["edited", "deleted", "edited-just-before"],
)
def test_a_function_that_changed_is_left_alone_and_the_person_is_asked(
    neovim: Neovim, placement: str, edit: str, pause: int
) -> None:
    neovim.settings(placement=placement)
    seen = meanwhile(neovim, pause, type=edit, asks=True)
    assert text(seen, "done") == text(seen, "typed") != APP
    assert seen["questions"] == [
        {
            "prompt": "The code changed while it was translated; nothing was inserted.: ",
            "titles": ["Translate again", "Insert it below", "Put it in a new file"],
        }
    ]
    assert ends(seen)[0].endswith("nothing was inserted.")


@pytest.mark.parametrize(
    ("answer", "inserted"),
    [("Translate again", echo(EDITED)), ("Insert it below", f"{EDITED}\n\n{echo(GCD)}")],
    ids=["again", "below"],
)
def test_the_answer_to_the_question_is_done(neovim: Neovim, answer: str, inserted: str) -> None:
    neovim.settings(placement="replace")
    seen = meanwhile(neovim, type=EDIT, asks=True, answer=answer)
    assert text(seen, "done") == APP.replace(GCD, inserted)


def test_what_found_no_place_can_be_put_in_a_file(neovim: Neovim) -> None:
    neovim.settings(placement="replace")
    seen = meanwhile(neovim, type=EDIT, asks=True, answer="Put it in a new file")
    assert text(seen, "done") == text(seen, "typed")
    assert text(seen, "done", "app.js").rstrip() == echo(GCD)


def test_a_file_beside_says_that_the_source_changed(neovim: Neovim) -> None:
    seen = meanwhile(neovim, type=EDIT)
    assert text(seen, "done") == text(seen, "typed")
    assert ends(seen)[0].endswith("In app.js. The source changed meanwhile.")
    assert not seen["questions"]


def test_two_buffers_are_translated_at_the_same_time(neovim: Neovim) -> None:
    for name in ("one", "two"):
        neovim.file(f"{name}.py", APP.replace("gcd", name))
    neovim.settings(placement="below")
    neovim.engine(held=True)
    seen = neovim.plays("two", files=["one.py", "two.py"], select=V_GCD, choose=TO_JAVASCRIPT)
    assert seen["running"] == 2
    for name in ("one", "two"):
        assert text(seen, "done", f"{name}.py") == below(GCD).replace("gcd", name)


# Alternatives


ANSWERS = [JAVASCRIPT, JAVASCRIPT.replace("gcd", "second"), JAVASCRIPT.replace("gcd", "third")]


def alternatives(neovim: Neovim, placement: str, **given: Any) -> Report:
    """Translate gcd of APP, and show further answers."""
    neovim.file("app.py", APP)
    neovim.settings(placement=placement)
    neovim.engine(*ANSWERS)
    return neovim.plays("next", file="app.py", select=V_GCD, choose=TO_JAVASCRIPT, **given)


@pytest.mark.parametrize(
    ("placement", "go", "lens"),
    [("below", "12G", False), ("replace", "7G", True)],
    ids=["below-menu", "replace-lens"],
)
def test_the_next_alternative_takes_the_place_of_the_one_before(
    neovim: Neovim, placement: str, go: str, lens: bool
) -> None:
    seen = alternatives(neovim, placement, go=go, shows=3, lens=lens, undo=True)
    kept = f"{GCD}\n\n" if placement == "below" else ""
    for number, answer in enumerate(ANSWERS, 1):
        assert text(seen, f"shown {number}") == APP.replace(GCD, kept + answer)
    assert text(seen, "undone") == text(seen, "shown 2")
    assert seen["status"]["jobs"][0]["message"].endswith("Alternative 3 of 3.")


def test_the_next_alternative_takes_the_place_in_a_new_file_too(neovim: Neovim) -> None:
    seen = alternatives(neovim, "beside", go="<C-w>w", shows=3, undo=True)
    for number, answer in enumerate(ANSWERS, 1):
        assert text(seen, f"shown {number}", "app.js") == answer + "\n"
    assert text(seen, "undone", "app.js") == text(seen, "shown 2", "app.js")
    assert text(seen, "undone") == APP


def test_an_edited_translation_is_left_alone(neovim: Neovim) -> None:
    seen = alternatives(neovim, "below", go="12G", edit="A // mine<Esc>", shows=2, asks=True)
    assert text(seen, "shown 2") == text(seen, "edited") != text(seen, "shown 1")
    assert seen["questions"][0]["prompt"].startswith("You changed the translation")
