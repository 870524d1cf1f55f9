"""The Neovim client, loaded by a real Neovim. A missing Neovim fails; it is in the `dev` extra."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest

from transloop import __version__

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "editor-clients/neovim"
LANGUAGES = ROOT / "server/transloop_syntax/languages"
NVIM = Path(sysconfig.get_path("scripts")) / "nvim"
DATA = """
local config = vim.deepcopy(vim.lsp.config.transloop)
config.commands = vim.tbl_keys(config.commands)
config.on_attach, config.on_exit, config.handlers = nil, nil, nil
return config
"""
"""The configuration, without its functions."""


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    """Run Lua in a Neovim without the developer's configuration; what it returns, as JSON."""

    def run(lua: str) -> Any:
        script = tmp_path / "ask.lua"
        script.write_text(
            f"local function ask()\n{lua}\nend\nio.write(vim.json.encode(ask()))\n", "utf-8"
        )
        homes = {f"XDG_{kind}_HOME": str(tmp_path) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        done = subprocess.run(
            [NVIM, "--clean", "--headless", "-l", script],
            env={**os.environ, **homes},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def languages() -> list[dict[str, Any]]:
    return [tomllib.loads(file.read_text("utf-8")) for file in sorted(LANGUAGES.glob("*.toml"))]


def readme_lua(which: int) -> str:
    """A block of the README, with this clone's path."""
    blocks = re.findall(r"```lua\n(.*?)```", (CLIENT / "README.md").read_text("utf-8"), re.S)
    return str(blocks[which]).replace("/path/to/transloop/editor-clients/neovim", str(CLIENT))


def test_the_lines_of_the_readme_configure_the_server(ask: Any) -> None:
    found = ask(readme_lua(0) + DATA)
    assert found["cmd"] == ["transloop", "lsp"]
    assert found["root_markers"] == [".transloop.toml", ".git"]
    ours = found["capabilities"]["experimental"]["transloop"]
    assert {f"transloop.{each}" for each in ours} <= set(found["commands"])
    assert ask(readme_lua(0) + "return vim.lsp.is_enabled('transloop')") is True


def test_what_the_readme_sets_is_merged_with_the_file(ask: Any) -> None:
    found = ask(readme_lua(0) + readme_lua(1) + DATA)
    assert found["cmd"] == ["/path/to/.venv/bin/transloop", "lsp"]
    assert found["init_options"] == {"settings": {"targets": ["go", "rust"], "placement": "below"}}
    assert "python" in found["filetypes"]


def test_it_attaches_to_the_languages_that_there_are(ask: Any) -> None:
    found = ask(readme_lua(0) + "return vim.lsp.config.transloop.filetypes")
    assert found == sorted(each for language in languages() for each in language["lsp_ids"])


def test_neovim_calls_the_languages_by_the_names_of_the_protocol(ask: Any) -> None:
    suffixes = [suffix for language in languages() for suffix in language["suffixes"]]
    names = json.dumps([f"name{suffix}" for suffix in suffixes])
    found = ask(
        f"""local types = {{}}
        for _, name in ipairs(vim.json.decode([==[{names}]==])) do
          types[#types + 1] = vim.filetype.match({{ buf = 0, filename = name }}) or '(none)'
        end
        return types"""
    )
    assert len(found) == len(suffixes) > 0
    ids = {each for language in languages() for each in language["lsp_ids"]}
    assert set(found) <= ids, dict(zip(suffixes, found, strict=True))


# The rest of the plug-in


PLUGIN = readme_lua(0) + "vim.cmd.runtime('plugin/transloop.lua')\n"
HEALTH = """
vim.cmd.checkhealth('transloop')
return vim.api.nvim_buf_get_lines(0, 0, -1, false)
"""


def completes(ask: Any, line: str) -> list[str]:
    found: list[str] = ask(f"{PLUGIN}return vim.fn.getcompletion('{line}', 'cmdline')")
    return found


def test_languages_are_completed_as_the_server_has_them(ask: Any) -> None:
    ids = sorted(language_file.stem for language_file in LANGUAGES.glob("*.toml"))
    assert completes(ask, "Transloop translate ") == completes(ask, "1,3Transloop bring ") == ids
    assert completes(ask, "Transloop translate ja") == ["java", "javascript"]


def test_words_are_completed_and_are_all_in_the_help(ask: Any) -> None:
    words = completes(ask, "Transloop ")
    assert {"accept", "evidence", "restart", "translate"} <= set(words)
    assert completes(ask, "Transloop re") == ["reject", "restart", "retry"]
    assert completes(ask, "Transloop accept ") == []
    tags = re.findall(r"\*:Transloop-(\w+)\*", (CLIENT / "doc/transloop.txt").read_text("utf-8"))
    assert sorted(tags) == words


def test_the_help_is_found_without_a_plug_in_manager(ask: Any, tmp_path: Path) -> None:
    doc = tmp_path / "doc"
    doc.mkdir()
    shutil.copy(CLIENT / "doc/transloop.txt", doc)
    ask(f"vim.cmd.helptags([[{doc}]]) return 1")
    assert (doc / "tags").read_text("utf-8") == (CLIENT / "doc/tags").read_text("utf-8")
    assert ask(f"{PLUGIN}vim.cmd.help(':Transloop-diff') return vim.bo.filetype") == "help"


def test_health_says_that_the_server_is_missing_and_what_to_do(ask: Any) -> None:
    said = "\n".join(ask(f"vim.env.PATH = '/nowhere'\n{PLUGIN}{HEALTH}"))
    assert "ERROR transloop is not there" in said
    assert "pip install /path/to/transloop" in said


def test_health_names_the_version_and_what_is_missing(ask: Any, home: Path) -> None:
    program = NVIM.with_name("transloop")
    setup = f"vim.lsp.config('transloop', {{ cmd = {{ '{program}', 'lsp' }} }})\n"
    said = "\n".join(ask(f"{PLUGIN}{setup}{HEALTH}"))
    assert f"OK server: {program}" in said
    assert f"OK transloop {__version__}" in said
    assert "WARNING no model of the catalog is on this machine" in said
    assert "transloop models pull" in said
    assert "ERROR" not in said


def test_the_plug_in_is_loaded_when_it_is_used(ask: Any) -> None:
    loaded = """return vim.tbl_filter(function(name)
      return vim.startswith(name, 'transloop')
    end, vim.tbl_keys(package.loaded))"""
    assert ask(PLUGIN + loaded) == ["transloop"]
    complete = "vim.fn.getcompletion('Transloop ', 'cmdline')\n"
    assert "transloop.command" in ask(PLUGIN + complete + loaded)
