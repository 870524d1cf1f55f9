"""The catalog says what it knows and what is here, and never touches the network."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import socket
from pathlib import Path

import pytest

from transloop_model import catalog
from transloop_settings import directories
from transloop_settings.errors import ModelCorrupt, ModelMissing, UsageError

BYTES = b"GGUF" + bytes(range(256)) * 8
SMOL = "smollm2-135m-instruct"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def refuse(*args: object) -> None:
        raise AssertionError("the catalog must not open a connection")

    monkeypatch.setenv("TRANSLOOP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tmp_path / "home"


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> catalog.Entry:
    """A small row, known to the catalog and not on this machine."""
    made = catalog.Entry(
        "tiny", "For tests", "tiny.gguf", "MIT", 1, len(BYTES), hashlib.sha256(BYTES).hexdigest()
    )
    monkeypatch.setattr(catalog, "entries", lambda: {"tiny": made})
    return made


def put(row: catalog.Entry, content: bytes = BYTES) -> Path:
    row.path.parent.mkdir(parents=True, exist_ok=True)
    row.path.write_bytes(content)
    return row.path


def test_the_catalog_lists_the_six_models_of_the_design() -> None:
    rows = catalog.entries()
    assert len(rows) == 6
    checked = [row for row in rows.values() if row.sha256]
    assert [len(row.mirror) for row in checked] == [6, 22, 1]
    assert all(row.bytes and len(row.sha256 or "") == 64 for row in checked)
    assert all(row.licence and row.memory > (row.bytes or 0) for row in rows.values())
    assert "non-commercial" in rows["qwen2.5-coder-3b-instruct"].licence


def test_every_mirror_pins_its_wheels_and_names_one_member_each() -> None:
    parts = [part for row in catalog.entries().values() for part in row.mirror]
    assert len(parts) == 29
    assert all("==" in part.requirement for part in parts)
    assert len({part.member for part in parts}) == len(parts)


def test_an_unknown_key_in_the_data_is_an_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        catalog._entry("x", {"colour": "red"})


def test_a_missing_model_says_how_to_pull_it() -> None:
    with pytest.raises(ModelMissing, match=f"Run: transloop models pull {SMOL}"):
        catalog.resolve(SMOL)


def test_a_missing_model_without_digest_asks_for_a_path() -> None:
    with pytest.raises(ModelMissing, match="give the path of the file"):
        catalog.resolve("qwen2.5-coder-7b-instruct")


def test_an_unknown_id_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"qwen2\.5-coder-0\.5b-instruct.*smollm2"):
        catalog.resolve("gpt-17")


def test_a_path_that_is_not_there_is_missing_and_not_an_unknown_id(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no model file at"):
        catalog.resolve(str(tmp_path / "absent.gguf"))


def test_resolving_gives_the_file_and_its_catalogued_digest(row: catalog.Entry) -> None:
    path = put(row)
    found = catalog.resolve("tiny")
    assert found == catalog.ModelFile("tiny", path, row, row.sha256)
    assert found.digest() == row.sha256


def test_a_file_of_the_wrong_size_is_corrupt(row: catalog.Entry) -> None:
    put(row, BYTES[:-1])
    with pytest.raises(ModelCorrupt, match=r"2,051 bytes, but tiny has 2,052.*models pull tiny"):
        catalog.resolve("tiny")


def test_a_path_wins_over_an_id(
    row: catalog.Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(row)
    (tmp_path / "tiny").write_bytes(b"GGUF of my own")
    monkeypatch.chdir(tmp_path)
    found = catalog.resolve("tiny")
    assert (found.path, found.entry, found.sha256) == (tmp_path / "tiny", None, None)
    assert found.digest() == hashlib.sha256(b"GGUF of my own").hexdigest()


def test_a_folder_called_like_a_model_does_not_win(
    row: catalog.Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny").mkdir()
    monkeypatch.chdir(tmp_path)
    assert put(row) == catalog.resolve("tiny").path


def test_a_file_that_is_not_a_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_text("<html>not found</html>")
    with pytest.raises(ModelCorrupt, match="not a GGUF file"):
        catalog.resolve(str(tmp_path / "page.gguf"))


def test_a_digest_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(BYTES)
    first = catalog.digest(file)
    monkeypatch.setattr(catalog, "sha256_of", lambda path: pytest.fail("read again"))
    assert catalog.digest(file) == first == hashlib.sha256(BYTES).hexdigest()


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_changed_file_gets_a_new_digest(tmp_path: Path, change: str) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(BYTES)
    first, before = catalog.digest(file), file.stat()
    file.write_bytes(BYTES + b"!" if change == "size" else BYTES[::-1])
    later = before.st_mtime_ns + (change == "time")
    os.utime(file, ns=(before.st_atime_ns, later))
    assert catalog.digest(file) != first


@pytest.mark.parametrize("damage", ["{", "[]", '{"x": 1}'])
def test_a_damaged_digest_cache_is_ignored(tmp_path: Path, damage: str) -> None:
    directories.state().mkdir(parents=True)
    (directories.state() / "digests.json").write_text(damage)
    (tmp_path / "a.gguf").write_bytes(BYTES)
    assert catalog.digest(tmp_path / "a.gguf") == hashlib.sha256(BYTES).hexdigest()


def test_a_digest_does_not_need_a_writable_state_folder(home: Path, tmp_path: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "state").write_text("a file where the folder should be")
    (tmp_path / "a.gguf").write_bytes(BYTES)
    assert catalog.digest(tmp_path / "a.gguf") == hashlib.sha256(BYTES).hexdigest()


def test_verifying_reads_the_bytes_and_finds_one_that_flipped(row: catalog.Entry) -> None:
    path = put(row)
    seen: list[int] = []
    assert catalog.verify(catalog.resolve("tiny"), seen.append) == row.sha256
    assert seen[-1] == len(BYTES)
    path.write_bytes(BYTES[:-1] + b"!")
    with pytest.raises(ModelCorrupt, match="damaged"):
        catalog.verify(catalog.resolve("tiny"))


def test_rows_cannot_be_changed(row: catalog.Entry) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.sha256 = "0"  # type: ignore[misc]
