"""What is published: the wheel, installed alone in a new environment without development tools."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    run([*command, str(ROOT)])
    (built,) = out.glob("transloop-*.whl")
    return built


def run(command: list[str], **environment: str) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_wheel_holds_the_data_and_nothing_of_the_rest(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "transloop_model/catalog.toml" in names
    assert sum(name.startswith("transloop_syntax/languages/") for name in names) == 8
    assert sum(name.startswith("transloop_sandbox/languages/") for name in names) == 8
    assert "transloop_sandbox/daemons/java/CompilerDaemon.java" in names
    assert any(name.startswith("transloop/samples/") for name in names)
    assert any(name.endswith("/share/transloop/neovim/lsp/transloop.lua") for name in names)
    assert not [name for name in names if name.startswith(("tests", "server", "benchmarks"))]


@pytest.mark.timeout(1200)
def test_the_command_starts_without_the_development_tools(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "env"
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    constraints = str(ROOT / "constraints.txt")
    run([str(python), "-m", "pip", "install", "-q", "-c", constraints, str(wheel)])
    command = [str(python), "-P", "-m", "transloop"]
    assert run([*command, "--version"]).startswith("transloop ")
    assert "qwen2.5-coder-0.5b-instruct" in run([*command, "models", "list"])
    source = tmp_path / "a.py"
    source.write_text("def f(x):\n    return x\n")
    translated = run(
        [*command, "translate", str(source), "--to", "go"], TRANSLOOP_ENGINE__BACKEND="echo"
    )
    assert "def f(x)" in translated
    written = [*command, "setup", "--editor", "neovim", "--yes"]
    shown = run(written, HOME=str(tmp_path), XDG_CONFIG_HOME="")
    assert f'+local client = "{place}/share/transloop/neovim"' in shown
    missing = run([str(python), "-c", "import importlib.util as u; print(u.find_spec('torch'))"])
    assert missing.strip() == "None"
