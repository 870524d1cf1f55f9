"""The documents say what is: trees, targets, languages, settings and commands are compared."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.trainer import units

from transloop_settings.settings import load
from transloop_syntax.language import languages

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def blocks(info: str) -> list[str]:
    fences = (token for token in MarkdownIt().parse(README) if token.type == "fence")
    return [token.content for token in fences if token.info == info]


def packages() -> list[str]:
    return PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_the_readmes_tree_names_every_room_and_every_package() -> None:
    tree = blocks("")[0]
    named = re.findall(r"^(?:  )?([\w.-]+)/?\s", tree, re.MULTILINE)
    rooms = {path.split("/")[0] for path in packages()}
    expected = rooms | {path.split("/")[1] for path in packages()}
    assert expected <= set(named)
    there = {path.name for room in rooms for path in (ROOT / room).iterdir()}
    assert set(named) <= {path.name for path in ROOT.iterdir()} | there


def test_every_package_is_in_the_wheel_and_under_the_import_contracts() -> None:
    there = {
        str(path.parent.relative_to(ROOT))
        for room in ("server", "sandbox", "synth", "trainer")
        for path in (ROOT / room).glob("*/__init__.py")
    }
    assert there == set(packages())
    names = {path.split("/")[1] for path in packages()}
    assert names == set(PYPROJECT["tool"]["importlinter"]["root_packages"])
    assert names == set(PYPROJECT["tool"]["mypy"]["packages"])


def test_the_architectures_arrow_is_the_checked_one() -> None:
    shown = re.search(r"^```\n(transloop .*?)^```", ARCHITECTURE, re.MULTILINE | re.DOTALL)
    assert shown
    arrow = [re.split(r"\s{2,}", line)[0] for line in shown[1].splitlines()]
    (layers,) = (
        contract["layers"]
        for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    assert arrow == layers


def test_every_language_is_named_in_the_readme() -> None:
    assert len(languages()) == 8
    for language in languages().values():
        assert language.name in README


def test_the_make_targets_that_the_documents_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z]+)", README + ARCHITECTURE))
    assert {"demo", "test"} <= named
    assert named <= targets


def test_ci_runs_the_readmes_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_readmes_settings_are_valid(tmp_path: Path, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "transloop.toml").write_text(blocks("toml")[0])
    found = load(tmp_path)
    assert found.placement == "below"
    assert found.sampling.alternatives == 4


COMMANDS = [
    line
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("transloop ") and not line.startswith("transloop doctor")
]
LEARNING = [line for line in COMMANDS if line.split()[1] in ("train", "report")]
"""They need a history, or do not end."""


@pytest.mark.parametrize("line", LEARNING)
def test_the_readmes_commands_of_learning_exist(line: str) -> None:
    _, name, *options = shlex.split(line.split("#")[0])
    done = subprocess.run(
        [sys.executable, "-P", "-m", "transloop", name, "--help"],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(option in done.stdout for option in options)


@pytest.mark.parametrize("line", [line for line in COMMANDS if line not in LEARNING])
def test_the_readmes_commands_run(line: str, tmp_path: Path, home: Path) -> None:
    source = "def double(x):\n    return 2 * x\n"
    (tmp_path / "a.py").write_text(source)
    (tmp_path / "app.py").write_text("import os\n" * 9 + source * 8)
    (tmp_path / "a.js").write_text("function double(x) {\n  return 2 * x;\n}\n")
    units.write(tmp_path / "units.jsonl", units.HALF)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "b.py").write_text(source)
    command = line.split("#")[0]
    command, _, stdin = command.partition("<")
    arguments = shlex.split(command)[1:]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "transloop", *arguments],
        cwd=tmp_path,
        env={
            **os.environ,
            "TRANSLOOP_ENGINE__BACKEND": "echo",
            "TRANSLOOP_MODEL": str(tmp_path / "model.gguf"),
        },
        input=(tmp_path / stdin.strip()).read_text() if stdin else "",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_changelog_knows_this_version() -> None:
    from transloop import __version__

    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert PYPROJECT["project"]["version"] == __version__
    assert "## [Unreleased]" in changelog or f"## [{__version__}]" in changelog


def test_the_links_of_the_documents_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README + ARCHITECTURE)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []
