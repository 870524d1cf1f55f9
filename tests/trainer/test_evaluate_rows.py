"""Reading units: the benchmark's rows and seeds, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.trainer import units

from transloop_settings.errors import UsageError
from transloop_trainer.evaluate.rows import read
from transloop_trainer.evaluate.task import tasks


def test_both_formats_are_read_from_one_file(tmp_path: Path) -> None:
    path = units.write(tmp_path / "a.jsonl", units.LAST, units.TOTAL, units.SEED)
    rows = read(path)
    assert {row["id"] for row in rows} == {"own/last", "own/total", "seed/5eed"}
    found = {task.id: task for task in tasks(rows, "python:javascript")}
    assert len(found) == 3
    assert found["own/last"].target.signature == "function lastItem(xs)"
    assert found["own/total"].cases
    assert not found["seed/5eed"].target.tests


def test_a_unit_without_tests_of_a_language_is_judged_by_its_source(tmp_path: Path) -> None:
    rows = read(units.write(tmp_path / "a.jsonl", units.LAST, units.HALF))
    found = {task.id: task for task in tasks(rows, "python:go")}
    assert set(found) == {"own/last", "own/half"}
    assert not any(task.target.tests for task in found.values())
    assert list(tasks(rows, "java:go")) == []


def test_a_folder_is_all_its_files_in_an_order_of_no_file(tmp_path: Path) -> None:
    units.write(tmp_path / "a.jsonl", units.LAST, units.HALF)
    (tmp_path / "more").mkdir()
    units.write(tmp_path / "more" / "b.jsonl", units.TOTAL)
    both = [row["id"] for row in read(tmp_path)]
    (tmp_path / "more" / "b.jsonl").rename(tmp_path / "0.jsonl")
    assert [row["id"] for row in read(tmp_path)] == both
    assert len(both) == 3


def test_stand_ins_for_test_libraries_are_put_in(tmp_path: Path) -> None:
    (tmp_path / "shims").mkdir()
    (tmp_path / "shims" / "check.js").write_text("const shim = 1;")
    (tmp_path / "dev").mkdir()
    script = {**units.LAST["languages"]["javascript"], "tests": "//@@SHIM check.js@@\nshim;"}
    row = {"id": "a/1", "languages": {"javascript": script}}
    for folder in (tmp_path, tmp_path / "dev"):
        found = read(units.write(folder / "a.jsonl", row))
        assert found[0]["languages"]["javascript"]["tests"] == "const shim = 1;\nshim;"
    (tmp_path / "shims" / "check.js").unlink()
    with pytest.raises(UsageError, match=r"shims/check\.js"):
        read(tmp_path / "a.jsonl")


def test_all_lines_that_are_no_units_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "languages": {"go": {}}}\nnonsense\n\n{"languages": {}}\n[]\n')
    with pytest.raises(UsageError) as told:
        read(path)
    for line in ("line 1", "line 2", "line 4", "line 5"):
        assert line in str(told.value)
    assert told.value.exit_code == 2


def test_a_unit_that_is_there_twice_is_told(tmp_path: Path) -> None:
    units.write(tmp_path / "a.jsonl", units.LAST, units.HALF)
    units.write(tmp_path / "b.jsonl", units.LAST)
    with pytest.raises(UsageError, match="twice: own/last"):
        read(tmp_path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match=r"no \*.jsonl"):
        read(tmp_path)


@pytest.mark.parametrize("direction", ["python", "python:python", "python:klingon", ":", "py:py"])
def test_what_is_no_direction_is_told(direction: str) -> None:
    with pytest.raises(UsageError):
        list(tasks([units.LAST], direction))
