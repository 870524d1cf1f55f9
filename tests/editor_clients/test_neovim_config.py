"""The Neovim client, loaded by a real Neovim. A missing Neovim fails; it is in the `dev` extra."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "editor-clients/neovim"
NVIM = Path(sysconfig.get_path("scripts")) / "nvim"


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
    files = sorted((ROOT / "server/transloop_syntax/languages").glob("*.toml"))
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]


def readme_lua(which: int) -> str:
    """A block of the README, with this clone's path."""
    blocks = re.findall(r"```lua\n(.*?)```", (CLIENT / "README.md").read_text("utf-8"), re.S)
    return str(blocks[which]).replace("/path/to/transloop/editor-clients/neovim", str(CLIENT))


def test_the_lines_of_the_readme_configure_the_server(ask: Any) -> None:
    found = ask(readme_lua(0) + "return vim.lsp.config.transloop")
    assert found["cmd"] == ["transloop", "lsp"]
    assert found["root_markers"] == [".transloop.toml", ".git"]
    assert ask(readme_lua(0) + "return vim.lsp.is_enabled('transloop')") is True


def test_what_the_readme_sets_is_merged_with_the_file(ask: Any) -> None:
    found = ask(readme_lua(0) + readme_lua(1) + "return vim.lsp.config.transloop")
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
