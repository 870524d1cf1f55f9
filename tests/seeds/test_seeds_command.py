"""`transloop seeds`, as a user calls it."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.seeds.samples import ALL, JAVASCRIPT, PYTHON, about
from tests.synth.test_dataset import PAIR
from typer.testing import CliRunner, Result

from transloop.seeds import app
from transloop_seeds.event import Accepted, Edited
from transloop_seeds.lineage import Descent
from transloop_seeds.store import Store
from transloop_settings import directories
from transloop_settings.errors import StoreNewer, UsageError
from transloop_synth.dataset import Dataset
from transloop_trainer.loop.folders import pairs


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in a folder of their own, on a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / ".transloop.toml").write_text("")
    return tmp_path


@pytest.fixture
def filled(store: Store) -> Store:
    """Two seeds in the store that the commands use."""
    made = Store()
    made.record(Accepted(about(), JAVASCRIPT), ALL)
    made.record(Edited(about("another"), "the draft", "the final text"), ALL)
    return made


def run(*arguments: object, stdin: str | None = None) -> Result:
    words = [str(each) for each in arguments]
    return CliRunner().invoke(app, words, input=stdin, catch_exceptions=False)


def told(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_on_a_new_machine_there_are_none_and_looking_makes_none() -> None:
    assert "no seeds yet" in run("list").stderr
    assert told("list") == []
    stats = told("stats")
    assert (stats["events"], stats["seeds"], stats["consent"]) == ({}, {}, "not asked yet")


def test_list_and_show_tell_what_is_stored(filled: Store) -> None:
    shown = run("list").stdout
    assert all(word in shown for word in ("accepted", "corrected", "python -> javascript"))
    one, other = told("list")
    assert (one["names"], one["path"], one["verdict"]) == (["double"], "src/app.py", "verified")
    text = run("show", other["id"][:10]).stdout
    for stored in ("another", "the draft", "the final text", "src/app.py", "survivors", "sha256:"):
        assert stored in text
    stored_rows = told("show", other["id"])
    assert stored_rows["seed"]["digest"] == other["id"]
    assert stored_rows == filled.about(other["id"])
    assert stored_rows["events"][0]["texts"]["draft"] == "the draft"


def test_stats_count(filled: Store) -> None:
    stats = told("stats")
    assert stats["seeds"] == {"accepted": 1, "corrected": 1}
    assert stats["file"] == str(directories.seeds() / "seeds.db")
    assert stats["bytes"] > 10_000
    assert "2 python -> javascript" in run("stats").stdout


def test_forget_removes_and_says_what_it_marked(filled: Store) -> None:
    one, other = told("list")
    assert told("forget", one["id"][:12]) == {"forgotten": [one["id"]], "marked": []}
    assert [each["id"] for each in told("list")] == [other["id"]]
    assert PYTHON.encode() not in filled.database.path.read_bytes()
    with pytest.raises(UsageError, match="There is no seed"):
        run("forget", one["id"])
    with pytest.raises(UsageError, match="Name the seeds"):
        run("forget")
    assert told("forget", "--all")["forgotten"] == [other["id"]]
    assert told("list") == []


def test_forget_offers_a_way_back_where_an_adapter_has_seen_the_seed(filled: Store) -> None:
    one, other = told("list")
    filled.descend([Descent(one["id"], "adapter:abc", "trained")])
    assert "transloop train --once" not in run("forget", other["id"]).stderr
    said = run("forget", one["id"]).stderr
    assert "transloop adapters rollback" in said
    assert "transloop train --once" in said


def test_what_was_grown_out_of_a_forgotten_seed_goes_from_the_disk(filled: Store) -> None:
    one, other = told("list")
    dataset = Dataset(pairs(), filled)
    for seed in (one, other):
        made = replace(PAIR, id=f"of {seed['id']}", parents=(seed["id"],), seeds=(seed["id"],))
        dataset.keep([made], seed["id"])
    run("forget", one["id"])
    assert [each.seeds for each in Dataset(pairs()).pairs()] == [(other["id"],)]


def test_purge_keeps_to_the_retention_of_the_settings(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.record(Accepted(about("old"), "old too", time=1.0), ALL)
    assert len(told("list")) == 3
    monkeypatch.setenv("TRANSLOOP_LEARN__RETENTION_DAYS", "30")
    gone = told("purge")
    assert (len(gone["expired"]), gone["texts"]) == (1, 3)
    assert len(told("list")) == 2


def test_export_and_import(filled: Store, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "2 seeds" in run("export", "out.jsonl").stderr
    file = place / "out.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("export", "-").stdout == file.read_text()
    with pytest.raises(UsageError, match="exists"):
        run("export", "out.jsonl")
    monkeypatch.setenv("TRANSLOOP_HOME", str(place / "other"))
    assert "2 seeds are new" in run("import", "out.jsonl").stderr
    assert told("import", "out.jsonl")["known"] == 2
    assert "2 were known" in run("import", "-", stdin=file.read_text()).stderr
    assert {each["origin"] for each in told("list")} == {"imported"}


def test_a_wrong_file_imports_nothing(filled: Store, place: Path) -> None:
    run("export", "out.jsonl")
    run("forget", "--all")
    rows = (place / "out.jsonl").read_text()
    (place / "bad.jsonl").write_text(rows + "{}\n{\n")
    with pytest.raises(UsageError, match=r"(?s)line 3: version.*line 4: "):
        run("import", "bad.jsonl")
    assert told("list") == []
    (place / "latin.jsonl").write_bytes(b"caf\xe9")
    for name, why in (("none.jsonl", "cannot be read"), ("latin.jsonl", "not text in UTF-8")):
        with pytest.raises(UsageError, match=why):
            run("import", name)


def test_where_no_code_may_be_kept_none_is_added(place: Path) -> None:
    (place / ".transloop.toml").write_text('[learn]\nlevel = "no-code"\n')
    (place / "a.py").write_text("def f(x):\n    y = x\n    return y\n")
    for command in (("import", "-"), ("harvest", "a.py")):
        with pytest.raises(UsageError, match="level is no-code here"):
            run(*command, stdin="")


def test_harvest_keeps_what_can_be_tested(place: Path) -> None:
    (place / "a.py").write_text(
        "def clamp(x: int, low: int, high: int) -> int:\n"
        "    if x < low:\n        return low\n    return min(x, high)\n"
    )
    result = told("harvest", "a.py", "--limit", 5, "--seconds", 60)
    assert (result["kept"], result["run"], result["files"]) == (1, 1, 1)
    (seed,) = told("list")
    assert (seed["names"], seed["path"], seed["origin"]) == (["clamp"], "a.py", "harvested")
    again = run("harvest", "a.py")
    assert "Kept 0 of 1 functions in 1 files; 1 were run" in again.stderr
    assert "it is known, or was forgotten" in again.stderr
    with pytest.raises(UsageError, match="no file or folder"):
        run("harvest", "nowhere")


def test_consent_is_given_shown_and_taken_back(place: Path) -> None:
    assert "not asked yet" in run("consent").stdout
    assert run("consent", "all").stdout.split() == ["everywhere", "all"]
    assert str(place) in run("consent", "off", "--workspace", place).stdout
    assert told("stats")["consent"] == "off"
    with pytest.raises(UsageError, match="most is none of all, no-code, off"):
        run("consent", "most")


def test_a_newer_store_is_told_without_a_traceback(filled: Store) -> None:
    filled.database.write(lambda each: each.execute("PRAGMA user_version = 99"))
    filled.close()
    with pytest.raises(StoreNewer):
        run("list")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "transloop", "seeds", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 8
    assert done.stderr.startswith("transloop: The store of seeds has version 99")


def test_the_command_starts_without_heavy_imports() -> None:
    program = (
        "import sys; import transloop.seeds;"
        "heavy = {'rich', 'sqlite3', 'detect_secrets', 'pydantic', 'transloop_seeds.store'};"
        "print(heavy & {*sys.modules})"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "set()"
