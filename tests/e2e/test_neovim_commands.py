"""`:Transloop` and what belongs to it, in a real Neovim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.neovim_editor import (
    APP,
    GCD,
    JAVASCRIPT,
    V_GCD,
    Neovim,
    Report,
    below,
    text,
)

pytestmark = pytest.mark.e2e

SECOND = JAVASCRIPT.replace("gcd", "second")
IN_IT = "12G"
"""Into the translation below gcd."""


@pytest.fixture
def neovim(tmp_path: Path) -> Neovim:
    made = Neovim(tmp_path)
    made.file("app.py", APP)
    made.settings(placement="below")
    made.engine(JAVASCRIPT, SECOND, JAVASCRIPT.replace("gcd", "third"))
    return made


def plays(neovim: Neovim, *steps: dict[str, Any], **given: Any) -> Report:
    """Open app.py, and take these steps."""
    return neovim.plays("steps", steps=[{"opens": "app.py"}, *steps], **given)


def command(line: str) -> dict[str, str]:
    return {"presses": f":{line}<CR>"}


def with_text(code: str) -> str:
    return APP.replace(GCD, f"{GCD}\n\n{code}")


TRANSLATED = (command("6,9Transloop translate javascript"), {"waits_for_jobs": 1})


# Beginning


def test_a_language_is_picked_or_named(neovim: Neovim) -> None:
    neovim.config["cmd"] = Neovim(neovim.folder / "plain").config["cmd"]  # the echo
    seen = plays(
        neovim,
        {"answers": "Go"},
        {"presses": f"{V_GCD}:Transloop<CR>"},
        {"waits_for_jobs": 1},
        {"notes": "picked"},
        {"presses": "u"},
        {"presses": "6G:Transloop translate rust<CR>"},
        {"waits_for_jobs": 2},
        {"notes": "named"},
    )
    assert seen["questions"][0]["prompt"] == "Translate to which language?: "
    assert text(seen, "picked") == text(seen, "named") == below(GCD)
    assert [job["target"] for job in seen["status"]["jobs"]] == ["go", "rust"]


def test_a_wrong_word_or_language_is_told(neovim: Neovim) -> None:
    seen = plays(
        neovim,
        command("Transloop nonsense"),
        command("6Transloop translate klingon"),
        command("Transloop accept"),
        {"waits_for_message": "there is no translation here"},
        command("Transloop cancel"),
        {"waits_for_message": "nothing is being translated"},
        {"notes": "end"},
    )
    assert "there is no `nonsense`" in seen["messages"]
    assert "klingon" in seen["messages"]
    assert text(seen, "end") == APP


def test_a_snippet_is_brought(neovim: Neovim) -> None:
    brought = "def brought(a):\n    return a"
    neovim.file("app.py", f"{APP}\n\n{JAVASCRIPT}\n")
    neovim.engine(brought)
    seen = plays(
        neovim,
        {"presses": "24GV5j:Transloop bring javascript<CR>"},
        {"waits_for_jobs": 1},
        {"notes": "end"},
    )
    assert text(seen, "end") == f"{APP}\n\n{brought}\n"
    assert not seen["questions"]


def test_everything_is_cancelled_from_anywhere(neovim: Neovim) -> None:
    neovim.engine("word " * 400, seconds_per_token=0.2)
    seen = plays(
        neovim,
        command("6Transloop translate javascript"),
        {"waits_for_writing": True},
        {"presses": "1G:Transloop cancel<CR>"},
        {"waits_for_jobs": 1},
        {"notes": "end"},
    )
    assert text(seen, "end") == APP
    assert seen["status"]["jobs"][0]["state"] == "cancelled"


# Afterwards


def test_alternatives_are_shown_and_taken_back(neovim: Neovim) -> None:
    seen = plays(
        neovim,
        *TRANSLATED,
        {"presses": f"{IN_IT}:Transloop next<CR>"},
        {"waits_for_text": "second"},
        {"notes": "next"},
        {"presses": "u"},
        {"notes": "undone"},
    )
    assert text(seen, "next") == with_text(SECOND)
    assert text(seen, "undone") == with_text(JAVASCRIPT)


def test_a_translation_is_rejected_and_another_one_accepted(neovim: Neovim) -> None:
    seen = plays(
        neovim,
        *TRANSLATED,
        {"presses": f"{IN_IT}:Transloop reject<CR>"},
        {"waits_for_no_text": "function"},
        {"notes": "rejected"},
        command("6Transloop translate javascript"),
        {"waits_for_jobs": 2},
        {"waits_for_lenses": True},
        {"presses": f"{IN_IT}:Transloop accept<CR>"},
        {"waits_for_lenses": False},
        {"presses": ":Transloop accept<CR>"},
        {"waits_for_message": "there is no translation here"},
        {"notes": "accepted"},
    )
    assert text(seen, "rejected") == APP
    assert text(seen, "accepted") == with_text(JAVASCRIPT)


def test_original_and_translation_stand_side_by_side(neovim: Neovim) -> None:
    seen = plays(
        neovim,
        *TRANSLATED,
        {"presses": f"{IN_IT}:Transloop diff<CR>"},
        {"waits_for_window": "(now)"},
        {"sees_windows": "windows"},
        {"presses": "q"},
        {"sees_windows": "closed"},
    )
    left, right = seen["windows"]
    assert (left["text"], right["text"]) == (GCD, JAVASCRIPT)
    assert (left["filetype"], right["filetype"]) == ("python", "javascript")
    for side in (left, right):
        assert side["diff"]
        assert side["scratch"]
        assert not side["modifiable"]
    assert [each["name"] for each in seen["closed"]] == ["app.py"]
    assert not seen["closed"][0]["diff"]


def test_what_was_changed_is_compared_with_the_draft(neovim: Neovim) -> None:
    seen = plays(
        neovim,
        *TRANSLATED,
        {"presses": f"{IN_IT}A // mine<Esc>:Transloop draft<CR>"},
        {"waits_for_window": "(now)"},
        {"sees_windows": "windows"},
    )
    left, right = seen["windows"]
    assert left["text"] == JAVASCRIPT
    assert right["text"] == JAVASCRIPT.replace("(b) {", "(b) { // mine")


def test_the_evidence_opens_in_a_window_that_is_no_file(neovim: Neovim) -> None:
    neovim.config["cmd_env"]["TRANSLOOP_VERIFY__MODE"] = "fast"
    neovim.settings(placement="below", trusted=[str(neovim.workspace)])
    neovim.file("app.py", APP.replace("def gcd(a, b)", "def gcd(a: int, b: int) -> int"))
    seen = plays(
        neovim,
        *TRANSLATED,
        {"presses": f"{IN_IT}gra"},
        {"presses": ":Transloop evidence<CR>"},
        {"waits_for_window": ".md"},
        {"sees_windows": "windows"},
        {"presses": "q"},
        {"sees_windows": "closed"},
        patience=30.0,
    )
    verdict = seen["status"]["jobs"][0]["verdict"]
    assert verdict in ("verified", "failed")
    page = seen["windows"][1]
    assert page["text"].startswith("# gcd: Python to JavaScript")
    assert "| input | the original | from |" in page["text"]
    assert (page["filetype"], page["scratch"], page["modifiable"]) == ("markdown", True, False)
    assert [each["name"] for each in seen["closed"]] == ["app.py"]
    assert "Show evidence" in seen["menus"][0]


# The status line


def test_the_status_line_tells_the_model_and_what_is_written(neovim: Neovim) -> None:
    neovim.engine("word " * 400, seconds_per_token=0.2)
    seen = plays(
        neovim,
        {"sees_status": "first"},
        {"waits_for_status": "transloop: "},
        {"sees_status": "idle"},
        command("6Transloop translate javascript"),
        {"waits_for_writing": True},
        {"sees_status": "writing"},
        command("Transloop cancel"),
        {"waits_for_status": "transloop: "},
        command("Transloop status"),
        {"waits_for_message": "gcd to javascript: Cancelled"},
    )
    assert seen["first"]["text"] == "transloop"
    assert seen["idle"]["text"] == "transloop: echo"
    assert seen["writing"]["text"].startswith("Translating gcd to JavaScript: ")
    assert "tokens/s" in seen["writing"]["text"]


def test_the_status_line_does_not_wait_for_a_server_that_hangs(neovim: Neovim) -> None:
    seen = plays(
        neovim,
        {"waits_for_status": "transloop: "},
        {"signals": "sigstop"},
        command("6Transloop translate javascript"),
        {"sees_status": "hanging"},
        {"signals": "sigcont"},
        {"waits_for_jobs": 1},
        {"sees_status": "again"},
    )
    assert seen["hanging"]["text"] == "transloop: echo"
    assert max(seen[each]["milliseconds"] for each in ("hanging", "again")) < 50


# The server


def test_a_killed_server_is_told_and_started_again_by_hand(neovim: Neovim) -> None:
    neovim.engine("word " * 400, seconds_per_token=0.2)
    seen = plays(
        neovim,
        command("6Transloop translate javascript"),
        {"waits_for_writing": True},
        {"signals": "sigkill"},
        {"waits_for_message": "the server ended, and with it what it was translating"},
        {"sees_status": "gone"},
        command("Transloop accept"),
        {"waits_for_message": "the server does not run"},
        {"notes": "killed"},
        command("Transloop restart"),
        {"waits_for_a_server": True},
        command("6Transloop translate javascript"),
        {"waits_for_writing": True},
    )
    assert text(seen, "killed") == APP
    assert seen["gone"]["text"] == ""
    assert seen["status"]["jobs"][0]["state"] == "running"


def test_a_running_server_is_restarted(neovim: Neovim) -> None:
    seen = plays(
        neovim,
        *TRANSLATED,
        command("Transloop restart"),
        {"waits_until_it_is_gone": True},
        {"waits_for_a_server": True},
        {"presses": "u"},
        command("6Transloop translate javascript"),
        {"waits_for_jobs": 1},
        {"notes": "end"},
    )
    assert text(seen, "end") == with_text(JAVASCRIPT)
    assert "the server ended" not in seen["messages"]
