"""A real Neovim, in which the person says what they think of a translation, or just goes on."""

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
    text,
)

from transloop_model.catalog import ModelFile
from transloop_seeds.store import Store
from transloop_server.learning import ANSWERS, QUESTION

pytestmark = pytest.mark.e2e

YES = next(iter(ANSWERS))
SHOWN = APP.replace(GCD, f"{GCD}\n\n{JAVASCRIPT}")
SOON, SETTLED = 1_000, 4_000
"""Milliseconds: until what was said is written, and until what was typed has settled."""
GO = "11G"


@pytest.fixture
def neovim(tmp_path: Path) -> Neovim:
    made = Neovim(tmp_path)
    made.file("app.py", APP)
    made.engine(JAVASCRIPT, quick=True)
    made.settings(placement="below")
    made.config["cmd_env"]["TRANSLOOP_LEARN__LEVEL"] = "all"
    return made


def decides(neovim: Neovim, pause: int, **given: Any) -> Report:
    told = {"select": V_GCD, "choose": TO_JAVASCRIPT, "go": GO, "consents": YES, "pause": pause}
    return neovim.plays("decide", patience=30.0, file="app.py", **{**told, **given})


def events() -> list[tuple[str, str]]:
    """Kind and final text of everything that was written down."""
    store = Store()
    try:
        return [
            (str(each.row["kind"]), str(each.texts.get("final") or "")) for each in store.events()
        ]
    finally:
        store.close()


def test_accepted_by_a_lens(neovim: Neovim) -> None:
    seen = decides(neovim, SOON, lens="Accept")
    assert text(seen, "shown") == text(seen, "later") == SHOWN
    assert seen["questions"][0]["prompt"] == f"{QUESTION}: "
    assert seen["lenses"][1:] == ["Accept", "Reject", "Translate again"]
    assert events()[-1] == ("accepted", JAVASCRIPT)


def test_rejected_by_the_menu(neovim: Neovim) -> None:
    seen = decides(neovim, SOON, menu="Reject the translation")
    assert text(seen, "shown") == SHOWN
    assert text(seen, "later") == APP
    assert events()[-1] == ("rejected", "")


def test_edited_and_written_without_a_word(neovim: Neovim) -> None:
    seen = decides(neovim, SETTLED, keys=f"{GO}:s/gcd/divisor/<CR>:write<CR>")
    corrected = JAVASCRIPT.replace("gcd", "divisor")
    assert text(seen, "later") == APP.replace(GCD, f"{GCD}\n\n{corrected}")
    assert events()[-1] == ("edited", corrected)
    (seed,) = Store().seeds()
    assert (seed.origin, seed.code, seed.draft) == ("corrected", GCD, JAVASCRIPT)


def test_undone_is_refused_and_redone_is_not(neovim: Neovim) -> None:
    seen = decides(neovim, SETTLED, keys="u")
    assert text(seen, "later") == APP
    assert events()[-1] == ("rejected", "")


def test_nothing_is_written_down_of_what_may_not_be_learned(neovim: Neovim) -> None:
    decides(neovim, SOON, consents="No", lens="Accept")
    assert events() == []


@pytest.mark.model
@pytest.mark.timeout(300)
def test_the_real_model_with_its_verdict(neovim: Neovim, coder: ModelFile) -> None:
    neovim.file("app.py", APP.replace("def gcd(a, b)", "def gcd(a: int, b: int) -> int"))
    neovim.model(coder)
    neovim.config["cmd_env"] = {"TRANSLOOP_MODEL": str(coder.path)}
    neovim.settings(placement="below", trusted=[str(neovim.workspace)])
    command = neovim.config["cmd"]
    neovim.config["cmd"] = [str(Path(command[0]).with_name("transloop")), "lsp"]
    seen = neovim.plays(
        "decide",
        patience=90.0,
        file="app.py",
        select=V_GCD,
        choose=TO_JAVASCRIPT,
        consents=YES,
        lens="Accept",
        pause=SOON,
    )
    (job,) = seen["status"]["jobs"]
    words = {"verified": "verified: ", "failed": "differs: ", "compile_error": "does not compile: "}
    assert seen["lenses"][0].startswith(words[job["verdict"]])
    assert bool(seen["problems"]) is (job["verdict"] != "verified")
    assert "Show evidence" in seen["lenses"]
    (seed,) = Store().seeds()
    assert (seed.origin, seed.verdict) == ("accepted", job["verdict"])
    assert seed.evidence["cases"] > 0
