"""`transloop translate`: what it prints where, what it writes, and how it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import psutil
import pytest

from transloop_model.catalog import ModelFile
from transloop_syntax.language import language
from transloop_syntax.outline import syntax_problem

COMMAND = [sys.executable, "-P", "-m", "transloop"]
Ran = subprocess.CompletedProcess[bytes]
Run = Callable[..., Ran]

LLAMA = {"TRANSLOOP_ENGINE__BACKEND": "llama"}
LONG = {"TRANSLOOP_VERIFY__SECONDS": "120"}
"""On a busy machine the usual seconds are over before a second translation is tried."""


def said(ran: Ran) -> str:
    return " ".join(ran.stderr.decode().split())


def facts(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


# What goes where ---------------------------------------------------------------------------------


def test_the_code_alone_goes_to_stdout(run: Run, gcd: Path) -> None:
    ran = run("translate", gcd, "--to", "javascript")
    assert (ran.returncode, ran.stdout.decode()) == (0, f"echo:\n{gcd.read_text()}")
    assert "Not run: check it yourself" in said(ran)
    assert "does not parse as JavaScript" in said(ran)


@pytest.mark.parametrize("lines", ["7", "5-6", "4-8"])
def test_lines_grow_to_the_whole_function(run: Run, gcd: Path, lines: str) -> None:
    ran = run("translate", f"{gcd}:{lines}", "--to", "js")
    assert ran.stdout.decode().splitlines()[1:] == gcd.read_text().splitlines()[3:8]
    assert ("grown to function gcd, lines 4 to 8" in said(ran)) == (lines != "4-8")


def test_a_file_whose_own_name_looks_like_a_range_wins(run: Run, work: Path) -> None:
    (work / "a.py").write_text("x = 1\n")
    (work / "a.py:1").write_text("y = 2\n")
    ran = run("translate", "a.py:1", "--from", "python", "--to", "go")
    assert ran.stdout == b"echo:\ny = 2\n"


def test_json_carries_the_code_and_its_origin(run: Run, gcd: Path) -> None:
    found = facts(run("translate", f"{gcd}:4", "--to", "java", "--json"))
    assert found["code"].startswith("echo:\ndef gcd")
    assert (found["source"], found["target"]) == ("python", "java")
    unit = {"kind": "function", "names": ["gcd"], "start_line": 4, "end_line": 8}
    assert found["unit"] == unit
    assert found["verdict"] == "unchecked: nothing was run"
    assert (found["model"], found["model_sha256"], found["prompt_version"]) == ("echo", None, 1)
    assert found["stats"]["tokens"] > 0
    assert any("does not parse" in note for note in found["notes"])


def test_the_settings_of_the_files_project_hold(run: Run, work: Path, gcd: Path) -> None:
    (work / ".transloop.toml").write_text("[sampling]\nmax_tokens = 16\n")
    ran = run("translate", gcd, "--to", "js")
    assert ran.returncode == 5
    assert "cut off after 16 tokens" in said(ran)


# Standard input ----------------------------------------------------------------------------------


def test_standard_input_is_translated(run: Run) -> None:
    ran = run("translate", "-", "--from", "python", "--to", "js", stdin=b"x = 1\n")
    assert (ran.returncode, ran.stdout) == (0, b"echo:\nx = 1\n")


def test_the_language_of_standard_input_is_told_when_it_is_clear(run: Run, gcd: Path) -> None:
    ran = run("translate", "-", "--to", "js", "--json", stdin=gcd.read_bytes())
    assert facts(ran)["source"] == "python"
    assert "taken as Python" in said(ran)


def test_standard_input_of_an_unclear_language_needs_from(run: Run) -> None:
    ran = run("translate", "-", "--to", "js", stdin=b"x = 1\n")
    assert ran.returncode == 2
    assert "Give --from" in said(ran)


# Files that are written --------------------------------------------------------------------------


def test_a_new_file_keeps_the_line_endings_of_the_source(run: Run, work: Path) -> None:
    (work / "a.py").write_bytes("\ufeffx = 'ä'\r\ny = 2\r\n".encode())
    ran = run("translate", "a.py", "--to", "js", "-o", "a.js")
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert (work / "a.js").read_bytes() == "echo:\r\nx = 'ä'\r\ny = 2\r\n".encode()
    assert "written to a.js" in said(ran)
    assert sorted(path.name for path in work.iterdir()) == ["a.js", "a.py"]


def test_an_existing_file_is_never_overwritten(run: Run, work: Path, gcd: Path) -> None:
    (work / "gcd.js").write_text("mine")
    ran = run("translate", gcd, "--to", "js", "-o", "gcd.js")
    assert ran.returncode == 2
    assert "exists already" in said(ran)
    assert (work / "gcd.js").read_text() == "mine"


def test_a_missing_output_folder_is_named(run: Run, gcd: Path) -> None:
    ran = run("translate", gcd, "--to", "js", "-o", "nowhere/gcd.js")
    assert ran.returncode == 2
    assert "There is no folder nowhere" in said(ran)


# Folders -----------------------------------------------------------------------------------------


@pytest.fixture
def project(work: Path, gcd: Path) -> Path:
    """Three files to translate, of which one cannot be read, and much that is not to be."""
    folder = work / "project"
    for name in ("a.py", "sub/b.py", ".hidden/c.py", "node_modules/d.py", "__pycache__/e.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(gcd.read_text())
    (folder / "sub" / "latin.py").write_bytes(b"x = '\xe4'\n")
    (folder / "sub" / "__init__.py").touch()
    (folder / "there.js").write_text("let x = 1;\n")
    (folder / "notes.txt").write_text("no code\n")
    return folder


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_is_mirrored_and_failures_do_not_stop_it(
    run: Run, project: Path, work: Path
) -> None:
    ran = run("translate", project, "--to", "js", "-o", "out")
    assert ran.returncode == 1
    assert files_in(work / "out") == ["a.js", "sub/b.js"]
    assert "latin.py is not text in UTF-8: byte 0xe4 at offset 5" in said(ran)
    assert "2 translated, 1 empty, 1 failed" in said(ran)
    assert ran.stdout == b""


def test_a_second_run_leaves_what_is_there(run: Run, project: Path, work: Path) -> None:
    (project / "sub" / "latin.py").unlink()
    first = run("translate", project, "--to", "js", "-o", "out")
    (work / "out" / "a.js").write_text("mine")
    second = run("translate", project, "--to", "js", "-o", "out")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "2 already there" in said(second)
    assert (work / "out" / "a.js").read_text() == "mine"


def test_translations_inside_the_folder_are_not_translated_again(run: Run, project: Path) -> None:
    run("translate", project, "--to", "js", "-o", project / "out")
    ran = run("translate", project, "--to", "c", "-o", project / "out")
    assert files_in(project / "out") == ["a.c", "a.js", "sub/b.c", "sub/b.js", "there.c"]
    assert "out/a.js" not in said(ran)


def test_from_limits_a_folder_to_one_language(run: Run, project: Path, work: Path) -> None:
    run("translate", project, "--from", "javascript", "--to", "c", "-o", "out")
    assert files_in(work / "out") == ["there.c"]


def test_two_files_never_become_the_same_file(run: Run, project: Path, work: Path) -> None:
    (project / "a.go").write_text("package a\n\nfunc f() {}\n")
    ran = run("translate", project, "--to", "js", "-o", "out")
    assert "is for the translation of" in said(ran)
    assert "package a" in (work / "out" / "a.js").read_text()


def test_json_of_a_folder_is_one_object_a_line(run: Run, project: Path) -> None:
    ran = run("translate", project, "--to", "js", "-o", "out", "--json")
    a, b, latin = map(json.loads, ran.stdout.splitlines())
    assert (a["output"], b["output"]) == ("out/a.js", "out/sub/b.js")
    assert latin["error"]["class"] == "UsageError"
    assert latin["file"].endswith("latin.py")


def test_a_folder_needs_an_output_folder(run: Run, project: Path) -> None:
    ran = run("translate", project, "--to", "js")
    assert ran.returncode == 2
    assert "Give it with -o" in said(ran)


# Failures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gcd.py", "--to", "klingon"], "Unknown language `klingon`. Known languages: c, cpp"),
        (["gcd.py", "--from", "klingon", "--to", "js"], "Unknown language"),
        (["missing.py", "--to", "js"], "no file or folder missing.py"),
        (["missing.py:3", "--to", "js"], "no file or folder missing.py:3"),
        (["gcd.py:2-3", "--to", "js"], "There is no code at line 2"),
        (["gcd.py:3-1", "--to", "js"], "not a range of lines"),
        (["gcd.py:0", "--to", "js"], "not a range of lines"),
        (["gcd.py:5-99", "--to", "js"], "has 12 lines"),
        (["gcd.py", "--to", "python"], "is Python already"),
        (["notes.txt", "--to", "js"], "no known language. Give --from"),
        (["latin.py", "--to", "js"], "not text in UTF-8: byte 0xe4"),
        (["wide.py", "--to", "js"], "iconv -f UTF-16"),
        (["gcd.py"], "Missing option '--to'"),
    ],
)
def test_a_request_that_is_off_exits_with_2(
    run: Run, work: Path, gcd: Path, arguments: list[str], words: str
) -> None:
    (work / "notes.txt").write_text("x")
    (work / "latin.py").write_bytes(b"'\xe4'")
    (work / "wide.py").write_text("x = 1", "utf-16")
    ran = run("translate", *arguments)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert words in said(ran)
    assert "Traceback" not in said(ran)


def test_a_function_that_does_not_fit_the_context_exits_with_2(run: Run, work: Path) -> None:
    body = "\n".join(f"    x = x + {number} * x" for number in range(200))
    (work / "long.py").write_text(f"def f(x):\n{body}\n    return x\n")
    ran = run("translate", "long.py", "--to", "js", TRANSLOOP_ENGINE__CONTEXT="512")
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert "too long" in said(ran)


def test_a_failure_as_json_has_class_message_and_advice(run: Run, gcd: Path) -> None:
    ran = run("translate", gcd, "--to", "klingon", "--json")
    assert ran.returncode == 2
    error = facts(ran)["error"]
    assert error["class"] == "UsageError"
    assert error["message"] == "Unknown language `klingon`."
    assert error["advice"].startswith("Known languages:")


def test_a_missing_model_says_how_to_pull_it(run: Run, gcd: Path) -> None:
    ran = run("translate", gcd, "--to", "js", **LLAMA)
    assert (ran.returncode, ran.stdout) == (3, b"")
    assert "transloop models pull qwen2.5-coder-0.5b-instruct" in said(ran)


def write_gguf(path: Path, architecture: str) -> Path:
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_model_of_an_unknown_architecture_exits_with_3(run: Run, gcd: Path, work: Path) -> None:
    model = write_gguf(work / "odd.gguf", "nonsense")
    ran = run("translate", gcd, "--to", "js", "--model", model, "--json", **LLAMA)
    assert ran.returncode == 3
    assert facts(ran)["error"]["class"] == "ModelUnsupported"
    assert "odd.gguf" in facts(ran)["error"]["message"]


def test_a_truncated_model_exits_with_3(run: Run, gcd: Path, work: Path) -> None:
    model = write_gguf(work / "half.gguf", "llama")
    model.write_bytes(model.read_bytes()[:40])
    ran = run("translate", gcd, "--to", "js", "--model", model, "--json", **LLAMA)
    assert ran.returncode == 3
    assert facts(ran)["error"]["class"] == "ModelCorrupt"


def test_a_model_that_is_no_gguf_exits_with_3(run: Run, gcd: Path) -> None:
    ran = run("translate", gcd, "--to", "js", "--model", gcd, **LLAMA)
    assert (ran.returncode, ran.stdout) == (3, b"")
    assert "not a GGUF file" in said(ran)


def test_a_folder_stops_when_no_file_could_be_translated(
    run: Run, project: Path, work: Path
) -> None:
    model = write_gguf(work / "odd.gguf", "nonsense")
    ran = run("translate", project, "--to", "js", "-o", "out", "--model", model, **LLAMA)
    assert ran.returncode == 3
    assert said(ran).count("does not know the architecture") == 1


# Endings -----------------------------------------------------------------------------------------


def test_a_reader_that_goes_away_is_no_traceback(work: Path, environment: dict[str, str]) -> None:
    (work / "long.py").write_text("x = 12345678\n" * 20_000)
    more = {"TRANSLOOP_ENGINE__CONTEXT": "900000", "TRANSLOOP_SAMPLING__MAX_TOKENS": "900000"}
    with subprocess.Popen(
        [*COMMAND, "translate", "long.py", "--to", "js"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=work,
        env={**environment, **more},
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        words = process.stderr.read().decode()
        assert process.wait(60) == 1
    assert "Traceback" not in words
    assert "Broken" not in words


def interrupted(work: Path, environment: dict[str, str], *arguments: object) -> tuple[int, str]:
    """Press Ctrl-C a second after the process (and its model's, if it has one) is there."""
    with subprocess.Popen(
        [*COMMAND, "translate", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=work,
        env=environment,
        start_new_session=True,
    ) as process:
        watched = psutil.Process(process.pid)
        wants_model = environment["TRANSLOOP_ENGINE__BACKEND"] == "llama"
        deadline = time.monotonic() + 30
        while wants_model and not watched.children() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)
        children = watched.children(recursive=True)
        assert bool(children) == wants_model
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr
        words = process.stderr.read().decode()
        code = process.wait(30)
        _, left = psutil.wait_procs(children, timeout=5)
        assert not left
    return code, words


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_ctrl_c_while_reading_standard_input_exits_with_130(
    work: Path, environment: dict[str, str]
) -> None:
    code, words = interrupted(work, environment, "-", "--from", "python", "--to", "js")
    assert code == 130
    assert "interrupted" in words
    assert "Traceback" not in words


# Running both sides ------------------------------------------------------------------------------


def test_a_translation_that_does_not_compile_is_handed_over_and_called_so(
    run: Run, work: Path
) -> None:
    (work / "a.ts").write_text("function double(x: number): number {\n  return 2 * x;\n}\n")
    ran = run("translate", "a.ts", "--to", "javascript", "--mode", "balanced", "--json", **LONG)
    assert ran.returncode == 0, said(ran)
    told = json.loads(ran.stdout)
    assert told["verdict"] == "compile_error"
    assert len(told["tried"]) > 1
    assert "Does not compile: " in said(ran)
    assert told["tokens"] > 0
    split = told["latency"]
    assert list(split) == ["first_token", "greedy", "evidence", "first_verdict", "last_verdict"]
    assert 0 < split["first_token"] <= split["greedy"] < split["first_verdict"]
    assert split["first_verdict"] < split["last_verdict"] <= told["seconds"]


def test_a_budget_that_is_used_up_is_told(run: Run, work: Path) -> None:
    (work / "a.ts").write_text("function double(x: number): number {\n  return 2 * x;\n}\n")
    asked = ("translate", "a.ts", "--to", "javascript", "--mode", "balanced", "--json")
    ran = run(*asked, TRANSLOOP_VERIFY__TOKENS="1", **LONG)
    assert ran.returncode == 0, said(ran)
    told = json.loads(ran.stdout)
    assert told["notes"][-1] == "the budget of 1 tokens is used up"
    assert len(told["tried"]) == 1
    assert "note: the budget of 1 tokens is used up" in said(ran)


def test_a_folder_is_run_file_by_file(run: Run, work: Path) -> None:
    (work / "in").mkdir()
    (work / "in" / "a.js").write_text("const x = 1;\n")
    (work / "in" / "b.js").write_text("const now = () => Date.now();\n")
    ran = run("translate", "in", "--to", "typescript", "-o", "out", "--mode", "fast")
    assert ran.returncode == 0, said(ran)
    assert "a.js: Not checked: it has no function that could be called" in said(ran)
    assert "b.js: Not checked: side effects: " in said(ran)


@pytest.mark.model
@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_ctrl_c_ends_the_models_process_and_leaves_no_file(
    work: Path, gcd: Path, environment: dict[str, str], coder: ModelFile
) -> None:
    gcd.write_text(gcd.read_text() * 10)
    environment = {**environment, **LLAMA, "TRANSLOOP_MODEL": str(coder.path)}
    code, words = interrupted(work, environment, gcd, "--to", "js", "-o", "gcd.js")
    assert code == 130
    assert "Traceback" not in words
    assert [path.name for path in work.iterdir()] == ["gcd.py"]


@pytest.mark.model
def test_the_real_model_writes_javascript_that_parses(
    run: Run, gcd: Path, coder: ModelFile
) -> None:
    ran = run(
        "translate", f"{gcd}:4", "--to", "javascript", "--model", coder.path, seconds=120, **LLAMA
    )
    assert ran.returncode == 0, said(ran)
    code = ran.stdout.decode()
    assert "gcd" in code
    assert syntax_problem(code, language("javascript")) is None


@pytest.mark.model
def test_the_real_model_is_judged_by_running_both_sides(
    run: Run, gcd: Path, coder: ModelFile
) -> None:
    asked = ("translate", f"{gcd}:11", "--to", "javascript", "--model", coder.path, "--json")
    ran = run(*asked, "--mode", "balanced", seconds=240, **LLAMA, **LONG)
    assert ran.returncode == 0, said(ran)
    told = json.loads(ran.stdout)
    assert told["verdict"] == "verified", told
    assert told["evidence"]["cases"] >= 12
