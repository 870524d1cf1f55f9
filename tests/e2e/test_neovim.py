"""Translating in a real Neovim: the menu, a file beside, and places in the same file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.e2e.neovim_editor import (
    APP,
    GCD,
    JAVASCRIPT,
    SCALE,
    TO_JAVASCRIPT,
    V_GCD,
    Neovim,
    below,
    echo,
    instead,
    step,
    text,
)

pytestmark = pytest.mark.e2e


@pytest.fixture
def neovim(tmp_path: Path) -> Neovim:
    return Neovim(tmp_path)


# The menu


def test_the_server_attaches_in_utf_8_and_offers_the_languages_in_order(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    seen = neovim.plays("attach", file="app.py", select=V_GCD)
    assert seen["at"]["end"]["buffers"]["app.py"]["attached"]
    assert seen["encoding"] == "utf-8"
    names = ("JavaScript", "TypeScript", "Java", "Go", "Rust", "C++", "C")
    offered = [*(f"Translate to {name}" for name in names), "Translate to...", "Bring into Python"]
    assert seen["menus"] == [offered]
    assert not seen["messages"]


def test_nothing_is_offered_where_there_is_nothing(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    on_a_blank_line, in_a_body, blank_lines = "5G", "13G15|", "10GVj"
    seen = neovim.plays("attach", file="app.py", nothing=[on_a_blank_line, in_a_body, blank_lines])
    assert seen["menus"] == []


def test_the_language_can_be_asked_for(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    neovim.settings(placement="below", targets=["rust", "python", "go"])
    seen = neovim.plays("translate", file="app.py", steps=[step(V_GCD, "Translate to...", "Go")])
    assert seen["menus"][0][:3] == ["Translate to Rust", "Translate to Go", "Translate to..."]
    assert seen["questions"] == [
        {"prompt": "Translate to which language?: ", "titles": ["Rust", "Go"]}
    ]
    assert text(seen, "done 1") == below(GCD)


# A file beside


def test_a_file_beside_opens_without_taking_the_focus(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    neovim.engine(JAVASCRIPT)
    seen = neovim.plays("translate", file="app.py", steps=[step(V_GCD, TO_JAVASCRIPT)])
    before, done = seen["at"]["before 1"], seen["at"]["done 1"]
    assert done["buffers"]["app.js"]["windows"] == 1
    assert done["buffers"]["app.js"]["attached"]
    assert done["buffers"]["app.py"] == before["buffers"]["app.py"]
    assert not done["buffers"]["app.py"]["modified"]
    assert (done["current"], done["cursor"]) == ("app.py", before["cursor"])
    status = seen["status"]
    assert (status["engine"], status["state"], status["problem"]) == ("echo", "ready", "")
    (job,) = status["jobs"]
    assert (job["state"], job["names"], job["target"]) == ("done", ["gcd"], "javascript")
    assert job["placed"] == (neovim.workspace / "app.js").as_uri()


def test_a_file_beside_holds_the_translation_and_one_line_end(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    neovim.engine(JAVASCRIPT)
    neovim.plays("translate", file="app.py", steps=[step(V_GCD, TO_JAVASCRIPT)], write=True)
    assert neovim.text("app.js") == JAVASCRIPT + "\n"
    assert neovim.text("app.py") == APP


def test_the_progress_is_shown_from_beginning_to_end(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    neovim.engine(JAVASCRIPT, seconds_per_token=0.03)
    seen = neovim.plays("translate", file="app.py", steps=[step(V_GCD, TO_JAVASCRIPT)])
    first, *between, last = seen["progress"]
    assert (first["kind"], first["title"]) == ("begin", "Translating gcd to JavaScript")
    assert {event["kind"] for event in between} == {"report"}
    assert any(re.fullmatch(r"\d+ tokens, \d+ tokens/s", event["message"]) for event in between)
    assert last["kind"] == "end"
    said = r"Translated to JavaScript \(\d+ tokens in \d\.\d s\), not run\. In app\.js\."
    assert re.fullmatch(said, last["message"])
    assert len({event["token"] for event in seen["progress"]}) == 1


def test_no_file_of_the_persons_is_overwritten_and_the_last_language_comes_first(
    neovim: Neovim,
) -> None:
    neovim.file("app.py", APP)
    neovim.file("app.rs", "// mine\n")
    steps = [step(V_GCD, "Translate to Rust"), step("12GV", "Translate to Rust")]
    seen = neovim.plays("translate", file="app.py", steps=steps, write=True)
    assert neovim.text("app.rs") == "// mine\n"
    assert neovim.text("app_gcd.rs").startswith("echo:\ndef gcd")
    assert neovim.text("app_area.rs").startswith("echo:\ndef area")
    assert seen["menus"][1][:2] == ["Translate to Rust", "Translate to JavaScript"]


def test_a_buffer_that_was_never_saved_is_not_written_into(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    seen = neovim.plays(
        "translate", file="app.py", unsaved=["app.js"], steps=[step(V_GCD, TO_JAVASCRIPT)]
    )
    assert text(seen, "done 1", "app.js") == "mine, and not saved\n"
    assert seen["status"]["jobs"][0]["placed"].endswith("/app_gcd.js")


# In the same file

WAYS = [(V_GCD, "V"), ("7G9|vj3h", "v"), ("6G5|", "n")]
"""Ways to select gcd: its lines, some characters in it, or only the cursor on its name."""
WAYS_OF_A_METHOD = [("19GV2j", "V"), ("19G5|vjj", "v"), ("19G10|", "n")]


@pytest.mark.parametrize("placement", ["below", "replace"])
def test_however_it_is_selected_one_undo_takes_it_back(neovim: Neovim, placement: str) -> None:
    neovim.file("app.py", APP)
    neovim.settings(placement=placement)
    steps = [step(keys, TO_JAVASCRIPT) for keys, _ in WAYS]
    seen = neovim.plays("translate", file="app.py", steps=steps, undo=True)
    expected = below(GCD) if placement == "below" else instead(GCD)
    for number, (_, mode) in enumerate(WAYS, 1):
        assert seen["at"][f"before {number}"]["mode"] == mode
        assert text(seen, f"done {number}") == text(seen, f"redone {number}") == expected
        assert text(seen, f"undone {number}") == APP
        assert not seen["at"][f"undone {number}"]["buffers"]["app.py"]["modified"]


def test_a_method_keeps_its_indentation(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    neovim.settings(placement="replace")
    steps = [step(keys, TO_JAVASCRIPT) for keys, _ in WAYS_OF_A_METHOD]
    seen = neovim.plays("translate", file="app.py", steps=steps, undo=True)
    for number in (1, 2, 3):
        assert text(seen, f"done {number}") == instead(SCALE, "    ")
        assert text(seen, f"undone {number}") == APP


def test_the_original_is_kept_as_a_comment_on_demand(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    neovim.settings(placement="replace", keep_original=True)
    seen = neovim.plays("translate", file="app.py", steps=[step(V_GCD, TO_JAVASCRIPT)], undo=True)
    commented = "\n".join(f"# {line}" for line in GCD.split("\n"))
    assert text(seen, "done 1") == APP.replace(GCD, f"{commented}\n{echo(GCD)}")
    assert text(seen, "undone 1") == APP


def test_tabs_and_emoji_survive(neovim: Neovim) -> None:
    method = '\tshout(name) {\n\t\tconst cry = "🎉\t" + name; // 👩‍🚀\tend\n\t\treturn cry;\n\t}'
    code = f"class Voice {{\n{method}\n}}\n"
    neovim.file("voice.js", code)
    neovim.settings(placement="below")
    steps = [step("3G0f🎉vj", "Translate to Python"), step("3G0t+vl", "Translate to Python")]
    seen = neovim.plays("translate", file="voice.js", steps=steps, undo=True)
    for number in (1, 2):
        expected = code.replace(method, f"{method}\n\n{echo(method, chr(9))}")
        assert text(seen, f"done {number}", "voice.js") == expected
        assert text(seen, f"undone {number}", "voice.js") == code


@pytest.mark.parametrize("placement", ["below", "replace"])
def test_dos_line_ends_stay_on_the_disk(neovim: Neovim, placement: str) -> None:
    neovim.file("app.py", APP.replace("\n", "\r\n"))
    neovim.settings(placement=placement)
    neovim.plays("translate", file="app.py", steps=[step(V_GCD, TO_JAVASCRIPT)], write=True)
    expected = below(GCD) if placement == "below" else instead(GCD)
    assert neovim.text("app.py") == expected.replace("\n", "\r\n")


def test_a_file_without_a_last_line_end_is_translated_whole(neovim: Neovim) -> None:
    neovim.file("app.py", GCD)
    neovim.settings(placement="below")
    steps = [step("VG", TO_JAVASCRIPT)]
    seen = neovim.plays("translate", file="app.py", steps=steps, undo=True)
    assert text(seen, "done 1") == f"{GCD}\n\n{echo(GCD)}\n"
    assert text(seen, "undone 1") == GCD + "\n"


def test_a_pasted_snippet_is_brought_into_the_files_language(neovim: Neovim) -> None:
    pasted = APP + f"\n\n{JAVASCRIPT}\n"
    brought = GCD.replace("gcd", "brought")
    neovim.file("app.py", pasted)
    neovim.engine(brought)
    steps = [step("24GV5j", "Bring into Python")]
    seen = neovim.plays("translate", file="app.py", steps=steps, undo=True)
    assert text(seen, "done 1") == APP + f"\n\n{brought}\n"
    assert text(seen, "undone 1") == pasted
    assert not seen["questions"]
