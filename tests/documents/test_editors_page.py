"""The page about other editors: what it shows is valid, and what it names exists."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from pygls.lsp.server import LanguageServer

from transloop.setup_editors import UNREACHABLE, editors
from transloop_server.server import create_server

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/editors.md").read_text("utf-8")
BLOCKS = [each for each in MarkdownIt().parse(PAGE) if each.type == "fence"]


def server() -> LanguageServer:
    return create_server("test")


def test_each_editor_has_five_lines() -> None:
    assert len(BLOCKS) == 6
    for block in BLOCKS:
        lines = [line for line in block.content.splitlines() if line.strip(" {}")]
        assert len(lines) <= 5, block.content


def test_every_editor_that_setup_knows_has_a_section_or_a_page_of_its_own() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    names = [each.name for each in editors() if "VS" not in each.name and each.name != "Neovim"]
    assert set(names) <= set(headings)
    assert {name.capitalize() for name in UNREACHABLE} <= set(headings)


@pytest.mark.parametrize("block", [each for each in BLOCKS if each.info in ("json", "toml")])
def test_the_blocks_are_valid_and_start_the_server(block: Any) -> None:
    read = json.loads if block.info == "json" else tomllib.loads
    assert "transloop" in json.dumps(read(block.content))
    assert '"lsp"' in block.content


def test_the_table_names_every_command() -> None:
    table = PAGE[PAGE.index("| command |") :]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {
        name.removeprefix("transloop.").lstrip(".")
        for c in first
        for name in re.findall("`(.*?)`", c)
    }
    commands = {name.removeprefix("transloop.") for name in server().protocol.fm.commands}
    assert named == commands


def test_the_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGE)
    assert len(links) == 2
    assert all((ROOT / "docs" / link).exists() for link in links)
