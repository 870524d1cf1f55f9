"""`transloop setup` with real files of each editor, and programs that only say so."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.editor_files import BEFORE, FILES, HELIX_TOML, KATE_JSON, VSCODE
from typer.testing import CliRunner

from transloop import jsonc, setup_files
from transloop import setup as command
from transloop.cli import _add_commands, app
from transloop.editors import neovim_client, server_command
from transloop.setup_editors import HELIX, KATE, LISP, UNREACHABLE, editors
from transloop_settings.errors import TransloopError
from transloop_syntax.language import languages

Ran = subprocess.CompletedProcess[str]
Setup = Callable[..., Ran]


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """The home of somebody whose name is not in ASCII, with a folder of programs."""
    home = tmp_path / "zoë ü"
    (home / "bin").mkdir(parents=True)
    return home


@pytest.fixture
def setup(person: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    """Run `transloop setup`; `answers` is what is typed."""
    if not any(each.name == "setup" for each in app.registered_commands):
        _add_commands()

    def run(*arguments: str, answers: str = "") -> Ran:
        with monkeypatch.context() as place:
            place.delenv("XDG_CONFIG_HOME", raising=False)
            place.setenv("HOME", str(person))
            place.setenv("PATH", str(person / "bin"))
            done = CliRunner().invoke(app, ["setup", *arguments], input=answers)
        if isinstance(done.exception, TransloopError):  # as `transloop.cli.main` ends it
            return Ran(arguments, done.exception.exit_code, done.output, str(done.exception))
        assert isinstance(done.exception, SystemExit | None), done.exception
        return Ran(arguments, done.exit_code, done.output, "")

    return run


def has(person: Path, id_: str, text: str | None = None) -> Path:
    """Give somebody an editor's file; its path."""
    path = person / FILES[id_]
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is not None:
        path.write_bytes(text.encode())
    return path


def program(person: Path, name: str, script: str = "exit 0") -> None:
    path = person / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def check_neovim(text: str) -> None:
    assert "vim.lsp.enable('transloop')" in text
    assert json.dumps(server_command()[0], ensure_ascii=False) in text


def check_json(*path: str, value: Callable[[Any], bool]) -> Callable[[str], None]:
    def check(text: str) -> None:
        assert value(jsonc.get(text, path)), text

    return check


def check_helix(text: str) -> None:
    found = tomllib.loads(text)
    program, *arguments = server_command()
    assert found["language-server"]["transloop"] == {"command": program, "args": arguments}
    served = {each["name"]: each["language-servers"] for each in found["language"]}
    assert served.keys() == HELIX.keys()
    assert all(each[-1] == "transloop" for each in served.values())


def check_emacs(text: str) -> None:
    assert "(defun transloop ()" in text
    assert text.count("(") == text.count(")")


COMMAND_IS = server_command()
CHECKS: dict[str, Callable[[str], None]] = {
    "neovim": check_neovim,
    **dict.fromkeys(
        ("vscode", "vscode-insiders", "vscodium"),
        check_json("transloop.server.command", value=lambda found: found == COMMAND_IS),
    ),
    "helix": check_helix,
    "sublime": check_json(
        "clients", "transloop", value=lambda found: found["command"] == COMMAND_IS
    ),
    "emacs": check_emacs,
    "kate": check_json(
        "servers", value=lambda found: all(found[key]["command"] == COMMAND_IS for key in KATE)
    ),
}


# Each editor --------------------------------------------------------------------------------------


def test_every_editor_is_tested() -> None:
    assert {each.id for each in editors()} == FILES.keys() == CHECKS.keys() == BEFORE.keys()


@pytest.mark.parametrize("id_", FILES)
def test_it_writes_once_and_takes_back_byte_by_byte(setup: Setup, person: Path, id_: str) -> None:
    path = has(person, id_, BEFORE[id_])
    before = path.read_bytes()
    first = setup("--editor", id_, "--yes")
    assert first.returncode == 0, first.stderr
    written = path.read_text("utf-8")
    CHECKS[id_](written)
    assert all(comment in written for comment in re.findall("(?:#|//|;;).*", BEFORE[id_]))
    again = setup("--editor", id_, "--yes")
    assert "set up already" in again.stdout
    assert path.read_text("utf-8") == written
    undone = setup("--undo", "--yes")
    assert "taken back" in undone.stdout, undone.stdout
    assert path.read_bytes() == before
    assert "nothing that could be taken back" in setup("--undo", "--yes").stdout


@pytest.mark.parametrize("id_", FILES)
def test_a_file_that_was_not_there_goes_with_its_folders(
    setup: Setup, person: Path, id_: str
) -> None:
    path = person / FILES[id_]
    assert setup("--editor", id_, "--yes").returncode == 0
    CHECKS[id_](path.read_text("utf-8"))
    assert setup("--undo", "--yes").returncode == 0
    assert not path.exists()
    assert sorted(each.name for each in person.iterdir()) == ["bin"]


@pytest.mark.parametrize("id_", [id_ for id_ in FILES if id_ != "neovim"])
def test_what_was_written_since_stays_when_it_is_taken_back(
    setup: Setup, person: Path, id_: str
) -> None:
    path = has(person, id_, BEFORE[id_] or "{\n}\n")
    setup("--editor", id_, "--yes")
    since = {"helix": "\n[editor]\nmine = 1\n", "emacs": '(setq since "then")\n'}
    later = since.get(id_)
    text = path.read_text("utf-8")
    if later is None:
        text = jsonc.put(text, ("since",), "then")
    path.write_text(text + (later or ""), "utf-8")
    assert setup("--undo", "--yes").returncode == 0
    left = path.read_text("utf-8")
    assert "transloop" not in left
    assert (later or '"since": "then"') in left
    for line in BEFORE[id_].splitlines():
        assert line.rstrip().removesuffix("}").rstrip() in left or id_ == "helix"


def test_helix_keeps_what_was_there_and_adds_to_it(setup: Setup, person: Path) -> None:
    path = has(person, "helix", HELIX_TOML)
    setup("--editor", "helix", "--yes")
    text = path.read_text("utf-8")
    assert "# mine" in text
    assert "# from npm" in text
    found = {each["name"]: each for each in tomllib.loads(text)["language"]}
    assert found["python"]["language-servers"][:2] == [
        "pyright",
        {"name": "ruff", "except-features": ["hover"]},
    ]
    assert found["python"]["auto-format"] is True
    assert found["rust"]["language-servers"] == ["rust-analyzer", "transloop"]
    assert found["rust"]["indent"] == {"tab-width": 2, "unit": "  "}


def test_the_languages_of_each_editor_are_those_that_there_are() -> None:
    ids = {id_ for each in languages().values() for id_ in each.lsp_ids}
    react = {"jsx": "javascriptreact", "tsx": "typescriptreact"}
    assert {react.get(name, name) for name in HELIX} == ids
    assert set(KATE) == {each.id for each in languages().values()}
    assert "{languages}" in LISP


# Asking -------------------------------------------------------------------------------------------


def test_what_is_found_is_shown_as_a_diff_and_asked_for(setup: Setup, person: Path) -> None:
    vscode, helix = has(person, "vscode", VSCODE), has(person, "helix", HELIX_TOML)
    program(person, "nvim")
    ran = setup(answers="n\ny\nn\n")
    assert ran.returncode == 0
    assert '+    "transloop.server.command": [' in ran.stdout
    assert "\n     // the end\n+    " in ran.stdout
    assert ran.stdout.count("Write this? [y/N]") == 3
    assert not (person / FILES["neovim"]).exists()
    CHECKS["vscode"](vscode.read_text("utf-8"))
    assert helix.read_text("utf-8") == HELIX_TOML
    assert "Emacs" not in ran.stdout


def test_without_an_answer_nothing_is_written(setup: Setup, person: Path) -> None:
    path = has(person, "vscode", VSCODE)
    ran = setup()
    assert ran.returncode == 0
    assert "nothing was changed" in ran.stdout
    assert path.read_text("utf-8") == VSCODE


def test_other_servers_are_not_displaced_by_a_general_yes(setup: Setup, person: Path) -> None:
    path = has(person, "kate", KATE_JSON)
    ran = setup("--yes")
    assert "one server a language" in ran.stdout
    assert path.read_text("utf-8") == KATE_JSON
    theirs = KATE_JSON.replace('"bash"', '"rust"')
    path.write_text(theirs, "utf-8")
    ran = setup("--editor", "kate", "--yes")
    assert ran.returncode == 1
    assert "`rust` has a server there already" in ran.stdout
    assert path.read_text("utf-8") == theirs


def test_an_unknown_editor_exits_with_2(setup: Setup) -> None:
    ran = setup("--editor", "ed")
    assert ran.returncode == 2
    assert "neovim, vscode" in ran.stderr


def test_nothing_found_says_where_to_look(setup: Setup) -> None:
    ran = setup("--yes")
    assert ran.returncode == 0
    assert "docs/editors.md" in ran.stdout


def test_what_nothing_can_be_written_for_is_said(setup: Setup, person: Path) -> None:
    program(person, "zed")
    assert UNREACHABLE["zed"] in setup("--yes").stdout


# Files that are not as one would wish -------------------------------------------------------------


@pytest.mark.parametrize(
    ("id_", "text", "why"),
    [
        ("vscode", '{"a": 1,,}', "not one JSON object"),
        ("vscode", "[1]", "not one JSON object"),
        ("vscode", '{"a": [1,,2]}', "not one JSON object"),
        ("vscode", '{"a": 1', "not one JSON object"),
        ("vscode", '{"a": f(1)}', "which is no JSON"),
        ("sublime", '{"clients": 3}', "`clients` is no object"),
        ("helix", "[language-server\n", "no valid TOML"),
        ("helix", "language = 3\n", "`language` is no list"),
        ("helix", "language-server = 3\n", "`language-server` is no table"),
        ("neovim", "print('mine')\n", "it is yours"),
        ("emacs", ";; transloop: written by `transloop setup`\n(", "is missing"),
    ],
)
def test_what_cannot_be_read_is_left_alone_and_shown_to_paste(
    setup: Setup, person: Path, id_: str, text: str, why: str
) -> None:
    path = has(person, id_, text)
    ran = setup("--editor", id_, "--yes")
    assert ran.returncode == 1
    assert why in ran.stdout
    assert "Paste this yourself" in ran.stdout
    CHECKS[id_](ran.stdout.split("Paste this yourself:\n")[1])
    assert path.read_text("utf-8") == text


def test_a_file_in_another_encoding_is_left_alone(setup: Setup, person: Path) -> None:
    path = has(person, "vscode")
    path.write_bytes('{"a": "ü"}'.encode("latin-1"))
    ran = setup("--editor", "vscode", "--yes")
    assert "not in UTF-8" in ran.stdout
    assert path.read_bytes() == '{"a": "ü"}'.encode("latin-1")


def test_a_byte_order_mark_and_line_ends_stay(setup: Setup, person: Path) -> None:
    path = has(person, "vscode", "\ufeff" + VSCODE.replace("\n", "\r\n"))
    setup("--editor", "vscode", "--yes")
    written = path.read_bytes()
    assert written.startswith("\ufeff".encode())
    assert written.count(b"\n") == written.count(b"\r\n") == VSCODE.count("\n") + 1


def test_a_link_stays_a_link_and_modes_stay(setup: Setup, person: Path) -> None:
    dotfiles = person / "dotfiles" / "vscode.json"
    dotfiles.parent.mkdir()
    dotfiles.write_text(VSCODE)
    dotfiles.chmod(0o640)
    link = has(person, "vscode")
    link.symlink_to(dotfiles)
    setup("--editor", "vscode", "--yes")
    assert link.is_symlink()
    CHECKS["vscode"](dotfiles.read_text("utf-8"))
    assert dotfiles.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in dotfiles.parent.iterdir()) == ["vscode.json"]
    setup("--undo", "--yes")
    assert link.is_symlink()
    assert dotfiles.read_text("utf-8") == VSCODE


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_read_only_is_left_alone(setup: Setup, person: Path, what: str) -> None:
    path = has(person, "vscode", VSCODE)
    place = path if what == "file" else path.parent
    mode = place.stat().st_mode
    place.chmod(0o444 if what == "file" else 0o555)
    try:
        ran = setup("--editor", "vscode", "--yes")
    finally:
        place.chmod(mode)
    assert ran.returncode == 1
    assert f"{place} is read-only" in ran.stdout
    assert path.read_text("utf-8") == VSCODE


def test_without_a_place_for_a_backup_nothing_is_written(
    setup: Setup, person: Path, home: Path
) -> None:
    path = has(person, "vscode", VSCODE)
    (home / "state").mkdir(mode=0o555)
    ran = setup("--editor", "vscode", "--yes")
    assert ran.returncode == 1
    assert f"{home / 'state'} is read-only" in ran.stdout
    assert path.read_text("utf-8") == VSCODE


def test_what_an_editor_writes_meanwhile_is_not_overwritten(person: Path) -> None:
    path = has(person, "vscode", VSCODE)
    change = setup_files.Change(path, VSCODE, "{}")
    path.write_text("{}\n")
    with pytest.raises(jsonc.Unreadable, match="changed meanwhile"):
        setup_files.apply(change)
    assert path.read_text() == "{}\n"


def test_a_damaged_note_is_told_and_nothing_is_done(setup: Setup, person: Path, home: Path) -> None:
    path = has(person, "vscode", VSCODE)
    (home / "state/setup").mkdir(parents=True)
    (home / "state/setup/written.json").write_text("{")
    for arguments in (("--editor", "vscode", "--yes"), ("--undo", "--yes")):
        ran = setup(*arguments)
        assert ran.returncode == 2
        assert "written.json cannot be read" in ran.stderr
    assert path.read_text("utf-8") == VSCODE


# The extension of VS Code -------------------------------------------------------------------------

CODE = """\
PATH=/bin:/usr/bin
echo "$@" >> "$HOME/said"
case "$1" in
  --list-extensions) [ -e "$HOME/installed" ] && echo transloop.transloop; exit 0;;
  --install-extension) {install};;
  --uninstall-extension) rm "$HOME/installed";;
esac
"""


def said(person: Path) -> list[str]:
    file = person / "said"
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize("fails", [False, True])
def test_the_extension_is_installed_and_taken_away(
    setup: Setup, person: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fails: bool
) -> None:
    package = tmp_path / "transloop.vsix"
    package.touch()
    monkeypatch.setattr(command, "_package", lambda: package)
    install = 'echo "no room" >&2; exit 1' if fails else 'touch "$HOME/installed"'
    program(person, "code", CODE.replace("{install}", install))
    ran = setup("--editor", "vscode", "--yes")
    assert ran.returncode == int(fails), ran.stdout
    assert said(person) == ["--list-extensions", "--install-extension"]
    if fails:
        assert "no room" in ran.stdout
        return
    assert setup("--editor", "vscode", "--yes").returncode == 0
    assert said(person)[2:] == ["--list-extensions"]
    assert setup("--undo", "--yes").returncode == 0
    assert said(person)[3:] == ["--uninstall-extension"]
    assert not (person / FILES["vscode"]).exists()


# Neovim reads it ----------------------------------------------------------------------------------


def starts_neovim(person: Path, ask: str) -> Any:
    """What a Neovim with that person's configuration says, which must not complain."""
    nvim = Path(sys.executable).with_name("nvim")
    kept = {key: each for key, each in os.environ.items() if not key.startswith("XDG_")}
    done = subprocess.run(
        [nvim, "--headless", "-i", "NONE", "-c", f"lua io.write({ask})", "-c", "qall!"],
        env={**kept, "HOME": str(person)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_neovim_starts_with_what_was_written(setup: Setup, person: Path) -> None:
    setup("--editor", "neovim", "--yes")
    ask = "vim.json.encode({vim.lsp.config.transloop.cmd, vim.fn.exists(':Transloop')})"
    assert starts_neovim(person, ask) == [server_command(), 2]


def moved(setup: Setup, person: Path, place: str) -> None:
    """What setup writes, if the plug-in were in another place."""
    setup("--editor", "neovim", "--yes")
    written = person / FILES["neovim"]
    text = written.read_text("utf-8").replace(str(neovim_client()), place)
    written.write_text(text, "utf-8")


def test_neovim_finds_the_plug_in_wherever_it_is(setup: Setup, person: Path) -> None:
    place = person / "a, b #1 %"
    shutil.copytree(neovim_client(), place)
    moved(setup, person, str(place))
    ask = "vim.json.encode({#vim.lsp.config.transloop.filetypes, vim.fn.exists(':Transloop')})"
    assert starts_neovim(person, ask) == [10, 2]


def test_neovim_starts_when_the_plug_in_is_gone(setup: Setup, person: Path) -> None:
    moved(setup, person, "/nowhere")
    assert starts_neovim(person, "tostring(vim.lsp.is_enabled('transloop'))") is False
