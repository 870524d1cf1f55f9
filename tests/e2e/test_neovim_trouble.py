"""What goes wrong around a Neovim: it is told in words, and Neovim goes on."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.neovim_editor import APP, GCD, JAVASCRIPT, Neovim, Report, below, echo, text

from transloop_server.offering import NO

pytestmark = pytest.mark.e2e

READ_ONLY = """
import ctypes, os, sys
CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24
if os.geteuid() == 0:  # who may write everywhere otherwise
    assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Starts a program for which modes of files count, whoever starts it."""


@pytest.fixture
def neovim(tmp_path: Path) -> Neovim:
    made = Neovim(tmp_path)
    made.file("app.py", APP)
    made.settings(placement="below")
    return made


def plays(neovim: Neovim, *steps: dict[str, Any], **given: Any) -> Report:
    return neovim.plays("steps", steps=list(steps), **given)


def command(line: str) -> dict[str, str]:
    return {"presses": f":{line}<CR>"}


OPENED = {"opens": "app.py"}
TRANSLATED = (command("6,9Transloop translate javascript"), {"waits_for_jobs": 1})


# The server


def test_a_missing_server_is_told_once_with_what_to_do(neovim: Neovim) -> None:
    neovim.config["cmd"] = ["/nowhere/transloop", "lsp"]
    neovim.file("two.py", APP)
    seen = plays(
        neovim,
        {"looks_at": "app.py"},
        {"waits_for_message": "/nowhere/transloop is not there"},
        {"looks_at": "two.py"},
        command("6Transloop translate javascript"),
        {"waits_for_message": "`:checkhealth transloop` says why"},
        {"presses": "ggO# mine<Esc>:write<CR>"},
    )
    assert seen["messages"].count("is not there") == 1
    assert "pip install /path/to/transloop" in seen["messages"]
    assert neovim.text("two.py") == f"# mine\n{APP}"


def test_a_server_that_crashes_at_the_start_is_told_with_its_last_words(neovim: Neovim) -> None:
    neovim.config["cmd"] = [sys.executable, "-c", "import sys; sys.exit('no room for it')"]
    seen = plays(
        neovim,
        {"looks_at": "app.py"},
        {"waits_for_message": "`:Transloop log` has its last words"},
        {"presses": ":write<CR>:Transloop log<CR>"},
        {"sees_windows": "windows"},
    )
    assert "quit with exit code 1" in seen["messages"]
    assert "no room for it" in "".join(each["text"] for each in seen["windows"])
    assert neovim.text("app.py") == APP


def test_a_server_that_is_installed_later_is_started_by_hand(
    neovim: Neovim, tmp_path: Path
) -> None:
    program = tmp_path / "transloop"
    real = neovim.config["cmd"][0]
    neovim.config["cmd"] = [str(program), "lsp"]
    seen = plays(
        neovim,
        {"looks_at": "app.py"},
        {"waits_for_message": "is not there"},
        {"presses": f":call system('ln -s {real} {program}')<CR>"},
        command("Transloop restart"),
        {"waits_for_a_server": True},
        *TRANSLATED,
        {"notes": "end"},
    )
    assert text(seen, "end") == below(GCD)


# The model


def test_a_model_that_is_missing_is_offered_with_its_size_and_licence(neovim: Neovim) -> None:
    neovim.config["cmd_env"] = {"TRANSLOOP_OFFLINE": "1", "TRANSLOOP_VERIFY__MODE": "off"}
    seen = plays(
        neovim,
        OPENED,
        {"answers": NO},
        *TRANSLATED,
        {"waits_for_questions": 1},
        {"waits_for_message": "models pull"},
    )
    assert "491 MB, licence Apache-2.0" in seen["questions"][0]["prompt"]
    assert "transloop models pull qwen2.5-coder-0.5b-instruct" in seen["messages"]


# The workspace


def test_two_neovims_work_in_one_workspace(neovim: Neovim, tmp_path: Path) -> None:
    other = Neovim(tmp_path / "other")
    other.workspace, other.config = neovim.workspace, neovim.config
    neovim.file("two.py", APP.replace("gcd", "two"))
    for each in (neovim, other):
        each.settings(placement="beside")

    def works(window: Neovim, file: str) -> Report:
        return plays(window, {"opens": file}, *TRANSLATED, command("wall"))

    with ThreadPoolExecutor() as pool:
        first = pool.submit(works, neovim, "app.py")
        second = pool.submit(works, other, "two.py")
        seen = first.result(), second.result()
    assert [each["status"]["jobs"][0]["state"] for each in seen] == ["done", "done"]
    assert neovim.text("app.js") == f"{echo(GCD)}\n"
    assert neovim.text("two.js") == f"{echo(GCD)}\n".replace("gcd", "two")


def test_a_workspace_that_is_read_only_is_told_and_the_buffer_can_be_used(neovim: Neovim) -> None:
    neovim.settings(placement="beside")
    neovim.config["cmd"] = [sys.executable, "-c", READ_ONLY, *neovim.config["cmd"]]
    neovim.workspace.chmod(0o555)
    try:
        seen = plays(
            neovim,
            OPENED,
            command("6,9Transloop translate javascript"),
            {"waits_for_message": "cannot be written to, so there is no place for a new file"},
            {"notes": "end"},
        )
    finally:
        neovim.workspace.chmod(0o755)
    assert "Set `placement` to below or replace" in seen["messages"]
    assert seen["status"]["jobs"] == []
    assert sorted(each.name for each in neovim.workspace.iterdir()) == [".git", "app.py"]


def test_paths_with_spaces_and_other_letters(tmp_path: Path) -> None:
    neovim = Neovim(tmp_path / "mein Projekt ü 🎉 #1")
    neovim.file("größe (neu).py", APP)
    neovim.engine(JAVASCRIPT)
    seen = plays(
        neovim,
        {"opens": "größe\\ (neu).py"},
        *TRANSLATED,
        {"waits_for_window": "größe (neu).js"},
        command("wall"),
        {"presses": "<C-w>w:Transloop diff<CR>"},
        {"waits_for_window": "(now)"},
        {"sees_windows": "windows"},
    )
    assert neovim.text("größe (neu).js") == f"{JAVASCRIPT}\n"
    assert [each["text"] for each in seen["windows"]] == [GCD, JAVASCRIPT]
    assert seen["status"]["jobs"][0]["placed"] == (neovim.workspace / "größe (neu).js").as_uri()


def test_a_function_in_a_file_of_five_megabytes(neovim: Neovim) -> None:
    filler = "\n\n".join(f"def f{n}(x):\n    return x + {n}" for n in range(140_000))
    neovim.file("app.py", f"{filler}\n\n\n{GCD}\n")
    assert len(neovim.text("app.py")) > 5_000_000
    began = time.monotonic()
    seen = plays(
        neovim,
        OPENED,
        {"presses": "G3kVG:Transloop translate javascript<CR>"},
        {"waits_for_ends": 1},
        {"notes": "end"},
        {"presses": "u"},
        {"waits_for_no_text": "echo:"},
        {"notes": "undone"},
        patience=60.0,
    )
    assert seen["status"]["jobs"][0]["names"] == ["gcd"]
    assert text(seen, "end") == f"{filler}\n\n\n{GCD}\n\n{echo(GCD)}\n"
    assert text(seen, "undone") == f"{filler}\n\n\n{GCD}\n"
    assert time.monotonic() - began < 60


# Settings


def test_settings_that_are_wrong_are_named_and_the_others_hold(neovim: Neovim) -> None:
    neovim.settings(placement="below", colour="red", sampling={"alternatives": "many"})
    seen = plays(
        neovim,
        OPENED,
        {"waits_for_message": "colour"},
        *TRANSLATED,
        {"notes": "end"},
        command("checkhealth transloop"),
        {"waits_for_text": "The log of the server: "},
        {"sees_windows": "health"},
    )
    page = seen["health"][0]["text"]
    assert "running for 1 buffers" in page
    assert "uses echo, ready" in page
    assert "WARNING Settings: " in page
    assert "sampling.alternatives" in seen["messages"]
    assert "the defaults are used for what is wrong" in seen["messages"]
    assert text(seen, "end") == below(GCD)
