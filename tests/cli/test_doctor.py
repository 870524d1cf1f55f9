"""`transloop doctor`: what it finds, on healthy and on broken machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from transloop_model.catalog import ModelFile

Run = Callable[..., subprocess.CompletedProcess[bytes]]

ALL = [
    "Python",
    "platform",
    "settings",
    "llama.cpp",
    "model",
    "memory",
    "disk",
    "grammars",
    "engine",
    "language server",
    "Neovim",
    "VS Code",
]


def report(run: Run, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the checks by name."""
    ran = run("doctor", "--json", **environment)
    assert ran.stderr == b""
    found = json.loads(ran.stdout)
    assert found["ok"] == (ran.returncode == 0)
    return ran.returncode, {check["name"]: check for check in found["checks"]}


def test_every_check_is_made_and_nothing_fails_without_a_model_to_need(run: Run) -> None:
    code, found = report(run)
    assert code == 0
    assert list(found) == ALL
    assert {check["state"] for check in found.values()} <= {"ok", "warn"}
    assert "answered initialize" in found["language server"]["detail"]
    assert "Rust" in found["grammars"]["detail"]


def test_the_table_says_what_is_not_checked(run: Run) -> None:
    ran = run("doctor")
    assert ran.returncode == 0
    told = " ".join(ran.stdout.decode().split())
    assert "Compilers and interpreters of the languages are not checked" in told
    assert all(name in told for name in ALL)


def test_a_missing_model_fails_with_the_command_that_gets_it(run: Run) -> None:
    code, found = report(run, TRANSLOOP_ENGINE__BACKEND="llama")
    assert code == 1
    assert found["model"]["state"] == "fail"
    assert "transloop models pull" in found["model"]["advice"]
    assert found["engine"]["state"] == "warn"
    assert found["language server"]["state"] == "ok"


def test_wrong_settings_fail_and_the_rest_is_still_checked(run: Run, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "transloop.toml").write_text("colour = 'red'\n")
    code, found = report(run)
    assert code == 1
    assert found["settings"]["state"] == "fail"
    assert "colour" in found["settings"]["detail"]
    assert list(found) == ALL


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_crash_of_llama_cpp_does_not_end_the_doctor(run: Run, work: Path) -> None:
    (work / "broken").mkdir()
    crash = "import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n"
    (work / "broken" / "llama_cpp.py").write_text(crash)
    path = str(work / "broken")
    code, found = report(run, TRANSLOOP_ENGINE__BACKEND="llama", PYTHONPATH=path)
    assert code == 1
    assert "ended by signal 4" in found["llama.cpp"]["detail"]
    assert "llama-cpp-python" in found["llama.cpp"]["advice"]


def test_an_engine_that_does_not_answer_fails(run: Run) -> None:
    code, found = report(
        run, TRANSLOOP_ENGINE__BACKEND="remote", TRANSLOOP_REMOTE__URL="http://127.0.0.1:9/v1"
    )
    assert code == 1
    assert found["engine"]["state"] == "fail"
    assert "127.0.0.1:9" in found["engine"]["detail"]


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.parametrize(("version", "state"), [("0.9.5", "warn"), ("0.11.4", "ok")])
def test_an_old_neovim_is_told_from_a_new_one(
    run: Run, work: Path, version: str, state: str
) -> None:
    program = work / "bin" / "nvim"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho 'NVIM v{version}'\n")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    _, found = report(run, PATH=path)
    assert found["Neovim"]["state"] == state
    assert version in found["Neovim"]["detail"]
    assert ("vim.lsp.enable" in found["Neovim"]["advice"]) == (state == "ok")


@pytest.mark.model
def test_the_real_model_is_loaded_and_answers(run: Run, coder: ModelFile) -> None:
    code, found = report(run, TRANSLOOP_ENGINE__BACKEND="llama", TRANSLOOP_MODEL=str(coder.path))
    assert code == 0
    assert found["llama.cpp"]["detail"].startswith("llama-cpp-python 0.")
    assert "loaded in" in found["engine"]["detail"]
