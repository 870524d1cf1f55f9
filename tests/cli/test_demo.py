"""`transloop demo`: the real language server, a small editor, and the truth about each sample."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from tests.cli.conftest import ran_in, without_model
from tests.conftest import settle_in

from transloop import editors
from transloop_model.catalog import ModelFile
from transloop_syntax.language import language_for
from transloop_syntax.outline import syntax_problem

Ran = subprocess.CompletedProcess[bytes]
Run = Callable[..., Ran]

UNITS = ("Primes", "largest", "Stock", "median", "word_counts", "caesar", "is_balanced")


def shown(ran: Ran) -> str:
    return " ".join(ran.stdout.decode().split())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """It, run once with an engine that answers with the source; three tests see what it says."""
    place = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        settle_in(place, patch)
        return ran_in(place, without_model(), "demo", seconds=240)


def test_every_sample_is_translated_through_the_language_server(demo: Ran) -> None:
    assert demo.returncode == 0, demo.stderr.decode()
    told = shown(demo)
    assert all(f"{name} (" in told for name in UNITS)
    assert "7 of 7 were translated, 0 of them parse. Both sides were run" in told
    assert told.count("does not parse as JavaScript") == 6
    assert told.count("tokens/s") == 7
    assert "The loop" not in told  # there are no weights that could be trained


def test_it_ends_with_a_correction_and_the_seed_that_this_leaves(demo: Ran) -> None:
    told = shown(demo)
    assert "largest to JavaScript: from the first answer to a seed" in told
    assert "first answer: does not compile" in told
    assert "+def largest(scores: list[int], count: int)" in told
    assert "corrected, python to javascript, compile_error" in told


def test_a_target_can_be_chosen_and_samples_in_it_are_left_out(run: Run) -> None:
    told = shown(run("demo", "--to", "java", "--to", "go", seconds=240))
    assert "median (Python) to Java" in told
    assert "median (Python) to Go" in told
    assert "Primes (Java) to Java" not in told
    assert "13 of 13 were translated" in told


def test_it_ends_with_lines_that_set_up_this_installation(demo: Ran) -> None:
    lines = demo.stdout.decode().splitlines()
    for line in (*editors.neovim_lines(), *editors.vscode_lines()):
        assert line in lines
    command = editors.server_command()
    assert Path(command[0]).is_file()
    answer = subprocess.run([*command, "--help"], capture_output=True, check=True)
    assert b"language server" in answer.stdout


def test_without_a_checkout_the_lines_do_not_point_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editors, "clients", lambda: None)
    lines = editors.neovim_lines()
    assert not any("editor-clients" in line for line in lines)
    assert "vim.lsp.enable('transloop')" in lines
    assert not any("make" in line for line in editors.vscode_lines())


def test_it_says_what_will_be_downloaded_before_it_is(run: Run) -> None:
    ran = run("demo", TRANSLOOP_ENGINE__BACKEND="llama")
    assert ran.returncode == 3
    assert "(491 MB, licence Apache-2.0)" in shown(ran)
    assert "No source could deliver" in ran.stderr.decode()


def test_it_fails_if_nothing_was_translated(run: Run) -> None:
    ran = run(
        "demo", TRANSLOOP_ENGINE__BACKEND="remote", TRANSLOOP_REMOTE__URL="http://127.0.0.1:9/v1"
    )
    assert ran.returncode == 1
    assert shown(ran).count("not translated") == 7
    assert "0 of 7 were translated" in shown(ran)


def test_an_unknown_language_exits_with_2(run: Run) -> None:
    ran = run("demo", "--to", "klingon")
    assert ran.returncode == 2
    assert b"Unknown language" in ran.stderr


def test_the_samples_parse(tmp_path: Path) -> None:
    samples = [
        file for file in (resources.files("transloop") / "samples").iterdir() if file.is_file()
    ]
    assert len(samples) == 4
    for file in samples:
        spoken = language_for(Path(file.name))
        assert spoken is not None
        assert syntax_problem(file.read_text("utf-8"), spoken) is None


@pytest.mark.skipif(sys.platform == "win32", reason="the programs have another suffix")
def test_a_path_with_quotes_is_still_lua(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editors, "server_command", lambda: ['/o"d ü\\/transloop', "lsp"])
    assert '  cmd = { "/o\\"d ü\\\\/transloop", "lsp" },' in editors.neovim_lines()


@pytest.mark.model
@pytest.mark.timeout(600)  # half a minute on two quiet cores; llama.cpp is slow beside other work
def test_the_real_model_translates_the_samples(run: Run, coder: ModelFile) -> None:
    own = {"TRANSLOOP_ENGINE__BACKEND": "llama", "TRANSLOOP_MODEL": str(coder.path)}
    ran = run("demo", "--no-loop", seconds=580, **own)
    assert ran.returncode == 0, ran.stdout.decode()
    assert "7 of 7 were translated" in shown(ran)
