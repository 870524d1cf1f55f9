"""A real Neovim: how it begins with the README's lines, how it ends, and with the real model."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from tests.e2e.neovim_editor import (
    APP,
    CLIENT,
    GCD,
    TO_JAVASCRIPT,
    V_GCD,
    Neovim,
    ends,
    step,
    text,
)

from transloop_model.catalog import ModelFile
from transloop_syntax.language import language
from transloop_syntax.outline import syntax_problem

pytestmark = pytest.mark.e2e


@pytest.fixture
def neovim(tmp_path: Path) -> Neovim:
    return Neovim(tmp_path)


# Ends


@pytest.mark.parametrize("how", ["qall!", "sigkill"])
def test_leaving_while_it_translates_leaves_no_process_behind(neovim: Neovim, how: str) -> None:
    neovim.file("app.py", APP)
    neovim.engine("word " * 400, seconds_per_token=0.05)
    seen = neovim.plays("leave", file="app.py", select=V_GCD, choose=TO_JAVASCRIPT, how=how)
    assert len(seen["pids"]) == 1
    assert neovim.text("app.py") == APP


def test_neovim_stays_usable_when_the_server_is_killed(neovim: Neovim) -> None:
    neovim.file("app.py", APP)
    neovim.engine("word " * 400, seconds_per_token=0.05)
    seen = neovim.plays("kill", file="app.py", select=V_GCD, choose=TO_JAVASCRIPT)
    assert text(seen, "killed") == APP
    assert neovim.text("app.py") == f"# still here\n{APP}"
    assert TO_JAVASCRIPT in seen["menus"][1]


# The README


def readme_lua() -> tuple[str, str]:
    """The blocks of the README, with this clone's and this installation's paths."""
    readme = (CLIENT / "README.md").read_text("utf-8")
    enable, configure = re.findall(r"```lua\n(.*?)```", readme, re.S)[:2]
    here = enable.replace("/path/to/transloop/editor-clients/neovim", str(CLIENT))
    bin_ = str(Path(sys.executable).parent)
    assert here != enable
    assert "/path/to/.venv/bin" in configure
    return here, configure.replace("/path/to/.venv/bin", bin_)


def test_the_lines_of_the_readme_attach_the_server(
    neovim: Neovim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    neovim.file("app.py", APP)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    init = tmp_path / "init.lua"
    init.write_text(readme_lua()[0], "utf-8")
    seen = neovim.plays("attach", setup=["--clean", "-u", str(init)], file="app.py", select=V_GCD)
    assert TO_JAVASCRIPT in seen["menus"][0]


def test_the_copied_file_of_the_readme_attaches_with_what_is_set(
    neovim: Neovim, tmp_path: Path
) -> None:
    neovim.file("app.py", APP)
    enable, configure = readme_lua()
    (tmp_path / "config/nvim/lsp").mkdir(parents=True)
    shutil.copy(CLIENT / "lsp/transloop.lua", tmp_path / "config/nvim/lsp")
    second_line = enable.strip().split("\n")[1]
    (tmp_path / "config/nvim/init.lua").write_text(f"{configure}\n{second_line}\n", "utf-8")
    seen = neovim.plays("attach", setup=["-i", "NONE"], file="app.py", select=V_GCD)
    assert seen["menus"] == [
        ["Translate to Go", "Translate to Rust", "Translate to...", "Bring into Python"]
    ]


# The real model


@pytest.mark.model
def test_a_real_translation_parses_beside_and_below(neovim: Neovim, coder: ModelFile) -> None:
    neovim.file("app.py", APP)
    neovim.model(coder)
    below = step("12G5|", TO_JAVASCRIPT, file=".transloop.toml", lines=['placement = "below"'])
    seen = neovim.plays(
        "translate",
        file="app.py",
        steps=[step(V_GCD, TO_JAVASCRIPT), below],
        write=True,
        patience=60.0,
    )
    javascript = language("javascript")
    beside = neovim.text("app.js")
    assert "gcd" in beside
    assert syntax_problem(beside, javascript) is None
    before, _, after = APP.partition("radius * radius\n")
    inserted = neovim.text("app.py").removeprefix(before + _).removesuffix(after)
    assert "area" in inserted
    assert syntax_problem(inserted, javascript) is None
    said = [event["message"] for event in seen["progress"] if event["kind"] == "report"]
    assert any(re.fullmatch(r"\d+ tokens, [1-9]\d* tokens/s( \| .*)?", message) for message in said)


@pytest.mark.model
def test_the_real_engine_is_ready_at_once_after_a_cancel(neovim: Neovim, coder: ModelFile) -> None:
    neovim.file("app.py", "\n\n\n".join(GCD.replace("gcd", f"gcd{n}") for n in range(12)) + "\n")
    neovim.model(coder)
    seen = neovim.plays(
        "cancel", file="app.py", select="ggVG", choose=TO_JAVASCRIPT, how="progress", patience=60.0
    )
    assert ends(seen) == ["Cancelled; nothing was changed."]
    assert seen["status"]["state"] == "ready"
    assert seen["seconds"] < 1.0


@pytest.mark.model
@pytest.mark.parametrize("how", ["qall!", "sigkill"])
def test_leaving_ends_the_models_process_too(neovim: Neovim, smollm2: ModelFile, how: str) -> None:
    neovim.file("app.py", APP)
    neovim.model(smollm2)
    seen = neovim.plays("leave", file="app.py", select=V_GCD, choose=TO_JAVASCRIPT, how=how)
    assert seen["model"] in seen["pids"]


@pytest.mark.model
def test_the_model_ends_by_itself_when_the_server_is_killed(
    neovim: Neovim, smollm2: ModelFile
) -> None:
    neovim.file("app.py", APP)
    neovim.model(smollm2)
    seen = neovim.plays("kill", file="app.py", select=V_GCD, choose=TO_JAVASCRIPT)
    assert seen["model"] in seen["pids"]
    assert TO_JAVASCRIPT in seen["menus"][1]
