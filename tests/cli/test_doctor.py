"""`transloop doctor`: what it finds, on healthy and on broken machines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from transloop import sandbox_checks
from transloop_model.catalog import ModelFile
from transloop_sandbox.job import Isolation
from transloop_sandbox.recipe import recipes
from transloop_settings.settings import Settings

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
    "isolation",
    *sorted(recipes()),
    "language server",
    "Neovim",
    "VS Code",
]


NO_COMPILERS = {"PATH": "/nowhere", "HOME": "/nowhere"}
"""Most checks do not need them, and running a program in every language takes seconds."""


def report(run: Run, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the checks by name."""
    ran = run("doctor", "--json", **{**NO_COMPILERS, **environment})
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


def test_the_table_names_every_check(run: Run) -> None:
    ran = run("doctor", **NO_COMPILERS)
    assert ran.returncode == 0
    told = ran.stdout.decode()
    assert all(name in told for name in ALL)


def test_every_language_is_compiled_and_run_in_isolation(run: Run) -> None:
    _, found = report(run, PATH=os.environ["PATH"], HOME=os.environ["HOME"])
    for language in recipes():
        assert re.search(r"\d+\.\d+.*; compiled and run in \d", found[language]["detail"])
    level, *tried = found["isolation"]["detail"].splitlines()
    assert level == "full"
    held, of = re.findall(r"(\d+) of (\d+) probes held", tried[0])[0]
    assert held == of
    assert int(of) >= 15


def test_a_compiler_that_is_not_here_is_told_with_the_way_to_get_it(run: Run, work: Path) -> None:
    _, found = report(run, TRANSLOOP_HOME=str(work / "home"))
    assert found["go"]["state"] == found["typescript"]["state"] == "warn"
    assert "no go on this machine" in found["go"]["detail"]
    assert found["go"]["advice"] == "Run: transloop toolchains install"
    assert "apt install gcc" in found["c"]["advice"]


def test_isolation_that_is_not_reached_fails_with_what_leaked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaking = {
        "isolation": asdict(Isolation("full", "bwrap", "0.11.0")),
        "probes": [
            {"name": "secret", "what": "reading a secret", "got": "s3cr3t"},
            {"name": "tcp", "what": "connecting", "got": ""},
        ],
        "granted": False,
    }
    monkeypatch.setattr(sandbox_checks, "PROBES", f"print({json.dumps(leaking)!r})")
    check = sandbox_checks.isolation(Settings.model_construct())
    assert check.state == "fail"
    assert "landlock is not reached" in check.detail
    assert "1 of 2 probes held\n  reading a secret: s3cr3t" in check.detail
    assert "bubblewrap" in check.advice


def test_probing_that_fails_is_no_isolation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_checks, "PROBES", "raise SystemExit('out of order')")
    check = sandbox_checks.isolation(Settings.model_construct())
    assert (check.state, check.detail) == ("fail", "landlock is not reached\nout of order")


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
    _, found = report(run, PATH=str(program.parent))
    assert found["Neovim"]["state"] == state
    assert version in found["Neovim"]["detail"]
    assert ("vim.lsp.enable" in found["Neovim"]["advice"]) == (state == "ok")


@pytest.mark.model
def test_the_real_model_is_loaded_and_answers(run: Run, coder: ModelFile) -> None:
    code, found = report(run, TRANSLOOP_ENGINE__BACKEND="llama", TRANSLOOP_MODEL=str(coder.path))
    assert code == 0
    assert found["llama.cpp"]["detail"].startswith("llama-cpp-python 0.")
    assert "loaded in" in found["engine"]["detail"]
