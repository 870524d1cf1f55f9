"""Neovim in a terminal, with a person's own keys and nothing that is a stub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.neovim_editor import APP, GCD, JAVASCRIPT, Neovim, nvim
from tests.e2e.terminal import Terminal

from transloop_model.catalog import ModelFile

pytestmark = pytest.mark.e2e

SECOND = JAVASCRIPT.replace("gcd", "second")
THIRD = JAVASCRIPT.replace("gcd", "third")
INIT = """\
vim.opt.runtimepath:append({client})
vim.lsp.config('transloop', vim.json.decode({config}))
vim.lsp.enable('transloop')
vim.o.swapfile = false
vim.o.more = false
"""

STATUS = """vim.o.statusline = "%f%m %=%{v:lua.require'transloop'.status()} %l:%c"\n"""

Start = Callable[..., Terminal]


@pytest.fixture
def neovim(tmp_path: Path) -> Neovim:
    made = Neovim(tmp_path)
    made.file("app.py", APP)
    made.engine(JAVASCRIPT, SECOND, THIRD)
    made.settings(placement="below")
    return made


@pytest.fixture
def opens(neovim: Neovim, tmp_path: Path) -> Iterator[Start]:
    """Open Neovim in a terminal, with files of the workspace; it is closed at the end."""
    started: list[Terminal] = []

    def start(*arguments: str, **environment: str) -> Terminal:
        config = tmp_path / "config/nvim"
        if not config.exists():
            config.mkdir(parents=True)
            client = json.dumps(str(Path(__file__).parents[2] / "editor-clients/neovim"))
            told = f"[==[{json.dumps(neovim.config)}]==]"
            init = INIT.format(client=client, config=told) + STATUS
            (config / "init.lua").write_text(init, "utf-8")
        homes = {
            f"XDG_{kind.upper()}_HOME": str(tmp_path / kind)
            for kind in ("config", "data", "state", "cache")
        }
        outside = {key: each for key, each in os.environ.items() if "VIM" not in key}
        command = [nvim(), "-i", "NONE", *arguments]
        terminal = Terminal(command, neovim.workspace, {**outside, **homes, **environment})
        started.append(terminal)
        return terminal

    yield start
    for each in started:
        each.close()


def select_gcd(terminal: Terminal) -> None:
    terminal.types("6GV3j")
    terminal.sees("-- VISUAL LINE --")


def menu(terminal: Terminal, title: str, key: str = "gra") -> None:
    """Open the menu and choose a line of it by its number, as `vim.ui.select` has it."""
    terminal.types(key)
    screen = terminal.sees("Type number and <Enter>")
    lines = [line.strip() for line in screen.splitlines()]
    (line,) = [line for line in lines if line.partition(": ")[2] == title]
    terminal.types(line.partition(":")[0], enter=True)
    terminal.keys("Escape")  # the menu leaves the selection as it is


def written(neovim: Neovim, terminal: Terminal) -> str:
    """The file, once it is saved."""
    terminal.keys("Escape")
    terminal.types(":write", enter=True)
    terminal.sees("written")
    return neovim.text("app.py")


def test_a_person_translates_looks_changes_their_mind_and_accepts(
    neovim: Neovim, opens: Start
) -> None:
    terminal = opens("app.py")
    terminal.sees("transloop: echo")
    select_gcd(terminal)
    menu(terminal, "Translate to JavaScript")
    lenses = "translated, not run (1/1) | Next alternative | Accept | Reject | Translate again"
    terminal.sees("function gcd(a, b) {", lenses)

    terminal.types("12G")
    menu(terminal, "Next alternative translation")
    terminal.sees("function second(a, b) {", "(2/3)")
    terminal.types("u")
    terminal.sees("function gcd(a, b) {")
    terminal.keys("C-r")
    terminal.sees("function second(a, b) {")
    terminal.types("12G:Transloop ne")
    terminal.keys("Tab", "Enter")
    terminal.sees("function third(a, b) {", "(3/3)")

    terminal.types("12G:Transloop reject", enter=True)
    terminal.sees_no("function third")
    terminal.sees_no("Next alternative")
    assert written(neovim, terminal) == APP

    terminal.types("6G:Transloop translate java")
    terminal.keys("Tab", "Tab", "Enter")
    terminal.sees("function gcd(a, b) {")
    terminal.types("11G:s/gcd/divisor/", enter=True)
    terminal.sees("you changed it, not run since")
    terminal.types(":Transloop draft", enter=True)
    terminal.sees("(before)", "(now)", "function gcd", "function divisor")
    terminal.types("q")
    terminal.sees_no("(before)")
    terminal.types("12G:Transloop accept", enter=True)
    terminal.sees_no("Reject")
    corrected = JAVASCRIPT.replace("gcd", "divisor")
    assert written(neovim, terminal) == APP.replace(GCD, f"{GCD}\n\n{corrected}")


def test_a_person_cancels_what_the_status_line_shows(neovim: Neovim, opens: Start) -> None:
    neovim.engine("word " * 400, seconds_per_token=0.2)
    terminal = opens("app.py")
    terminal.sees("transloop: echo")
    select_gcd(terminal)
    menu(terminal, "Translate to JavaScript")
    terminal.sees("Translating gcd to JavaScript: ", "tokens/s", "Cancel: translating gcd")
    menu(terminal, "Cancel translation to JavaScript")
    terminal.sees_no("tokens/s")
    terminal.types(":Transloop status", enter=True)
    terminal.sees("gcd to javascript: Cancelled; nothing was changed.")
    terminal.keys("Enter")
    assert written(neovim, terminal) == APP


def test_two_windows_are_translated_at_once_and_each_is_undone(
    neovim: Neovim, opens: Start
) -> None:
    neovim.file("two.py", APP.replace("gcd", "two"))
    neovim.engine(held=True)
    terminal = opens("-O", "app.py", "two.py")
    terminal.sees("transloop: echo")
    for _ in range(2):
        terminal.types("6G:Transloop translate rust", enter=True)
        terminal.sees("Cancel: translating")
        terminal.keys("C-w", "w")
    terminal.sees("Cancel: translating gcd", "Cancel: translating two")
    neovim.gate.touch()
    terminal.sees("echo:", "(1/1)")
    terminal.sees_no("Cancel: translating")
    for _ in range(2):
        terminal.types("u")
        terminal.keys("C-w", "w")
    terminal.sees_no("echo:")
    terminal.sees_no("[+]")
    terminal.types(":wqall", enter=True)
    terminal.ends()
    assert neovim.text("app.py") == APP
    assert neovim.text("two.py") == APP.replace("gcd", "two")


def test_the_verdict_and_the_evidence_after_the_questions(neovim: Neovim, opens: Start) -> None:
    neovim.file("app.py", APP.replace("def gcd(a, b)", "def gcd(a: int, b: int) -> int"))
    neovim.config["cmd_env"] = {"TRANSLOOP_VERIFY__MODE": "fast"}
    terminal = opens("app.py")
    terminal.sees("transloop: echo")
    terminal.types("6G:Transloop translate javascript", enter=True)
    terminal.sees("Do you trust", "1: Yes, run it", "Type number")
    terminal.types("1", enter=True)
    terminal.sees("May transloop learn", "Type number")
    terminal.types("1", enter=True)
    terminal.sees("translated, not run")
    terminal.types("12G:Transloop reject", enter=True)
    terminal.sees_no("translated, not run")
    terminal.types("6G:Transloop translate javascript", enter=True)
    terminal.sees("differs: gcd(", "Fix with this", "0 of 1 verified", patience=60)
    terminal.types("12G:Transloop evidence", enter=True)
    terminal.sees("# gcd: Python to JavaScript", "branches reached", "| input | the original")
    terminal.types("q")
    terminal.sees_no("branches reached")


@pytest.mark.model
@pytest.mark.timeout(300)
def test_a_newcomer_gets_from_setup_to_a_verdict_of_the_real_model(
    neovim: Neovim, opens: Start, coder: ModelFile, tmp_path: Path
) -> None:
    neovim.file("app.py", APP.replace("def gcd(a, b)", "def gcd(a: int, b: int) -> int"))
    (tmp_path / "config/nvim").mkdir(parents=True)
    (tmp_path / "config/nvim/init.lua").write_text(STATUS, "utf-8")
    given = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "TRANSLOOP_MODEL": str(coder.path)}
    setup = [sys.executable, "-P", "-m", "transloop", "setup", "--editor", "neovim", "--yes"]
    subprocess.run(setup, env={**os.environ, **given}, capture_output=True, check=True)
    terminal = opens("app.py", **given)
    terminal.sees("def gcd")
    terminal.types(":checkhealth transloop", enter=True)
    terminal.sees("OK server: ", "OK transloop ")
    terminal.types(":tabclose", enter=True)
    terminal.sees("transloop: ", coder.path.name)
    select_gcd(terminal)
    menu(terminal, "Translate to JavaScript")
    for question in ("Do you trust", "May transloop learn"):
        terminal.sees(question, "Type number", patience=60)
        terminal.types("1", enter=True)
    terminal.sees("app.js", "translated, not run", patience=60)
    terminal.keys("C-w", "k")
    terminal.types("G:Transloop reject", enter=True)
    terminal.sees_no("translated, not run")
    terminal.sees_no("app.js")
    select_gcd(terminal)
    menu(terminal, "Translate to JavaScript")
    screen = terminal.sees("app.js", "| Next alternative", patience=120)
    assert any(word in screen for word in ("verified: ", "differs: ", "does not compile: "))
