"""`transloop run` and `transloop toolchains`, as a user calls them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from transloop_sandbox.recipe import recipes
from transloop_syntax.language import languages

Run = Callable[..., subprocess.CompletedProcess[bytes]]


def told(run: Run, *arguments: object, **more: Any) -> dict[str, Any]:
    ran = run("run", "--json", *arguments, **more)
    found: dict[str, Any] = json.loads(ran.stdout)
    assert ran.returncode == (0 if found["verdict"] == "ok" else 1)
    return found


def program(work: Path, code: str, name: str = "a.py") -> Path:
    (work / name).write_text(code)
    return work / name


@pytest.mark.parametrize("name", sorted(recipes()))
def test_a_program_of_every_language_is_run_by_its_suffix(name: str, run: Run, work: Path) -> None:
    file = program(work, recipes()[name].hello.program, f"hello{languages()[name].suffixes[0]}")
    found = told(run, file, "--stdin", "-", stdin=b"world\n")
    assert (found["verdict"], found["stdout"]) == ("ok", "hello world\n"), found
    assert found["isolation"]["level"] == "full"
    assert found["isolation"]["features"]["seccomp"] == "yes"


def test_output_goes_where_it_belongs_and_the_verdict_beside_it(run: Run, work: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr)"
    ran = run("run", program(work, code))
    assert (ran.returncode, ran.stdout) == (0, b"out\n")
    lines = ran.stderr.decode().splitlines()
    assert lines[0] == "err"
    assert lines[1].startswith("ok, run: ")
    assert "isolation: full, bwrap" in lines[1]


def test_a_program_that_fails_says_how(run: Run, work: Path) -> None:
    found = told(run, program(work, "import sys; sys.exit(7)"))
    assert (found["verdict"], found["reason"]) == ("runtime_error", "exit 7")
    assert (found["exit_code"], found["signal"]) == (7, None)
    found = told(run, program(work, "int main(void) { return *(volatile int *)0; }", "a.c"))
    assert (found["verdict"], found["reason"]) == ("runtime_error", "SIGSEGV")
    assert (found["exit_code"], found["signal"]) == (None, "SIGSEGV")
    assert found["phase"] == "run"


def test_a_mistake_is_told_with_its_line(run: Run, work: Path) -> None:
    file = program(work, "int main(void) {\n  return x;\n}\n", "bad.c")
    found = told(run, file)
    assert (found["verdict"], found["phase"]) == ("compile_error", "compile")
    first = found["diagnostics"][0]
    assert (first["path"], first["line"], first["severity"]) == ("bad.c", 2, "error")
    ran = run("run", file)
    assert ran.stdout == b""
    assert b"bad.c:2:" not in ran.stdout
    assert b"undeclared" in ran.stderr


@pytest.mark.parametrize(
    ("option", "code", "verdict", "reason"),
    [
        ("--cpu 0.3", "while True: pass", "timeout", "cpu"),
        ("--wall 0.5", "import time; time.sleep(60)", "timeout", "wall"),
        ("--memory 80", "x = 'x' * 10**9", "memory", ""),
        ("--processes 4", "import threading as t, time\nfor _ in range(9): t.Thread(target=time.sleep, args=(1,)).start()", "runtime_error", "exit 1"),  # noqa: E501
        ("--scratch 1", "open('/tmp/x', 'wb').write(bytes(5 << 20))", "runtime_error", "exit 1"),
    ],
)  # fmt: skip
def test_limits_are_kept(
    option: str, code: str, verdict: str, reason: str, run: Run, work: Path
) -> None:
    found = told(run, program(work, code), *option.split())
    assert found["verdict"] == verdict, found
    assert found["reason"].startswith(reason)


def test_scratch_space_can_be_written_to(run: Run, work: Path) -> None:
    file = program(work, "open('/tmp/x', 'w').write('x'); print('written')")
    assert told(run, file)["verdict"] == "runtime_error"
    assert told(run, file, "--scratch", 1)["stdout"] == "written\n"


def test_a_program_finds_nothing_of_the_caller(run: Run, work: Path) -> None:
    secret = work / "secret"
    secret.write_text("s3cr3t")
    code = f"""
import os
print(dict(os.environ))
for path in ({str(secret)!r}, "/proc/1/environ", "/etc/passwd"):
    try:
        print(open(path).read())
    except OSError as error:
        print(error)
"""
    found = told(run, program(work, code), SBX_VALUE="t0ken")
    assert found["verdict"] == "ok"
    for each in ("s3cr3t", "t0ken", "root:"):
        assert each not in found["stdout"]


def test_a_file_without_a_suffix_needs_its_language(run: Run, work: Path) -> None:
    file = program(work, "print(1)", "script")
    ran = run("run", file)
    assert ran.returncode == 2
    assert b"Give --language" in ran.stderr
    assert told(run, file, "--language", "py")["stdout"] == "1\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("missing.py", "cannot be read"),
        ("a.py --cpu 0", "cpu_seconds must be more than 0"),
        ("a.py --memory -1", "memory_mb must be more than 0"),
        ("a.py --stdin missing", "cannot be read"),
        ("a.py --language cobol", "Unknown language"),
    ],
)
def test_a_request_that_is_off_is_told(arguments: str, problem: str, run: Run, work: Path) -> None:
    program(work, "print(1)")
    ran = run("run", *arguments.split())
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert problem in ran.stderr.decode()


def test_the_sandbox_is_left_out_only_by_name(run: Run, work: Path) -> None:
    found = told(run, program(work, "print(1)"), "--unsafe-no-sandbox")
    assert (found["verdict"], found["isolation"]["level"]) == ("ok", "none")


def test_a_level_is_asked_for_by_the_command_or_the_settings(run: Run, work: Path) -> None:
    file = program(work, "print(1)")
    assert told(run, file, "--min-level", "full")["isolation"]["level"] == "full"
    ran = run("run", file, TRANSLOOP_SANDBOX__MIN_LEVEL="none")
    assert ran.returncode == 2
    assert b"sandbox.min_level" in ran.stderr


def test_a_missing_compiler_is_told_with_the_way_to_get_it(run: Run, work: Path) -> None:
    file = program(work, "package main", "a.go")
    ran = run("run", file, PATH=str(work), HOME=str(work), TRANSLOOP_HOME=str(work / "home"))
    assert (ran.returncode, ran.stdout) == (6, b"")
    assert b"Run: transloop toolchains install" in ran.stderr


# Toolchains --------------------------------------------------------------------------------------


def test_the_list_names_every_language_and_its_tools(run: Run) -> None:
    rows = json.loads(run("toolchains", "list", "--json").stdout)
    assert {row["language"] for row in rows} == set(recipes())
    needed = [row for row in rows if not row["optional"]]
    assert all(row["version"] and Path(row["path"]).exists() for row in needed)
    table = run("toolchains", "list").stdout.decode()
    assert all(row["tool"] in table for row in rows)


def test_what_is_missing_is_listed_with_the_way_to_get_it(run: Run, work: Path) -> None:
    nowhere = {"PATH": str(work), "HOME": str(work), "TRANSLOOP_HOME": str(work / "home")}
    rows = json.loads(run("toolchains", "list", "--json", **nowhere).stdout)
    by_tool = {row["tool"]: row for row in rows}
    assert by_tool["go"]["version"] is None
    assert by_tool["go"]["advice"] == "Run: transloop toolchains install"
    assert "apt install gcc" in by_tool["gcc"]["advice"]
    ran = run("toolchains", "install", "c", **nowhere)
    assert ran.returncode == 1
    assert b"c: c cannot be run: there is no gcc on this machine." in ran.stderr


def test_installing_what_is_here_makes_it_ready(run: Run) -> None:
    ran = run("toolchains", "install", "java", "py", seconds=120)
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert ran.stderr.decode().splitlines()[-2:] == ["java: ready", "python: ready"]


def test_a_tool_that_transloop_has_not_installed_is_not_removed(run: Run) -> None:
    ran = run("toolchains", "remove", "gcc")
    assert ran.returncode == 0
    assert b"was not installed by transloop" in ran.stderr
