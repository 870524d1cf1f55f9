"""`transloop models`, as a user calls it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from transloop.models import app
from transloop_model import catalog
from transloop_settings.errors import ModelCorrupt, ModelMissing, PullFailed, UsageError

BYTES = b"GGUF" + bytes(5000)


@pytest.fixture(autouse=True)
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> catalog.Entry:
    """The catalog holds one small model, and one whose digest nobody knows."""
    digest = hashlib.sha256(BYTES).hexdigest()
    tiny = catalog.Entry("tiny", "Small", "tiny.gguf", "MIT", 10**9, len(BYTES), digest)
    big = catalog.Entry("big", "Large", "big.gguf", "non-commercial", 10**10, repo="us/big")
    monkeypatch.setenv("TRANSLOOP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRANSLOOP_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(catalog, "entries", lambda: {"tiny": tiny, "big": big})
    return tiny


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "download" / "tiny.gguf"
    path.parent.mkdir()
    path.write_bytes(BYTES)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def test_list_says_what_is_here_and_what_needs_a_path(file: Path) -> None:
    before = run("list").stdout
    run("pull", "tiny", "--from", file)
    after = run("list").stdout
    assert "not here" in before
    assert "ready" in after
    big = next(line for line in after.splitlines() if line.startswith("big"))
    assert all(word in big for word in ("give a local path", "unknown", "non-commercial"))


def test_list_as_json_carries_every_row(row: catalog.Entry, file: Path) -> None:
    run("pull", "tiny", "--from", file)
    tiny, big = json.loads(run("list", "--json").stdout)
    assert (tiny["id"], tiny["state"], tiny["path"]) == ("tiny", "ready", str(row.path))
    assert tiny["sha256"] == row.sha256
    assert (big["state"], big["path"], big["bytes"]) == ("give a local path", None, None)


def test_list_shows_a_file_of_the_wrong_size(row: catalog.Entry) -> None:
    row.path.parent.mkdir(parents=True)
    row.path.write_bytes(b"half")
    assert json.loads(run("list", "--json").stdout)[0]["state"] == "wrong size"


def test_path_prints_the_path_and_nothing_else(row: catalog.Entry, file: Path) -> None:
    assert run("pull", "tiny", "--from", file.parent).stdout == ""
    result = run("path", "tiny")
    assert result.stdout == f"{row.path}\n"
    assert result.stderr == ""


def test_path_of_a_missing_model_says_how_to_pull_it() -> None:
    with pytest.raises(ModelMissing, match="Run: transloop models pull tiny"):
        run("path", "tiny")


def test_pull_says_that_a_model_is_already_here(file: Path) -> None:
    assert "tiny is ready" in run("pull", "tiny", "--from", file).stderr
    assert "tiny is already here" in run("pull", "tiny").stderr


def test_pull_without_an_id_takes_the_model_of_the_settings(
    row: catalog.Entry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSLOOP_MODEL", "tiny")
    run("pull", "--from", file)
    assert row.path.exists()


def test_pull_fails_with_every_reason(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(BYTES[:-1] + b"!")
    with pytest.raises(PullFailed, match=r"wrong digest.*--from PATH"):
        run("pull", "tiny", "--from", tmp_path / "other")


def test_pull_of_an_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="tiny, big"):
        run("pull", "huge")


def test_verify_finds_what_resolve_cannot(row: catalog.Entry, file: Path) -> None:
    run("pull", "tiny", "--from", file)
    assert f"tiny: intact, SHA-256 {row.sha256}" in run("verify").stderr
    row.path.write_bytes(BYTES[:-1] + b"!")
    assert run("path", "tiny").exit_code == 0
    with pytest.raises(ModelCorrupt, match=r"damaged.*models remove tiny"):
        run("verify", "tiny")


def test_verify_of_any_file_prints_its_digest(file: Path) -> None:
    digest = hashlib.sha256(BYTES).hexdigest()
    assert f"not in the catalog, SHA-256 {digest}" in run("verify", file).stderr


def test_verify_on_an_empty_machine_says_so() -> None:
    assert "No model is on this machine" in run("verify").stderr


def test_remove_deletes_the_model_and_leaves_the_origin(row: catalog.Entry, file: Path) -> None:
    run("pull", "tiny", "--from", file)
    assert "removed" in run("remove", "tiny").stderr
    assert not row.path.exists()
    assert file.read_bytes() == BYTES
    assert "was not here" in run("remove", "tiny").stderr


def test_the_command_starts_without_heavy_imports() -> None:
    program = (
        "import sys; import transloop.models;"
        "heavy = {'rich.progress', 'huggingface_hub', 'httpx', 'transloop_model.pull'};"
        "print(heavy & {*sys.modules})"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "set()"
