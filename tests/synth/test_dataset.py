"""What is on the disk: whole after every kill, without what is forgotten, and clear when broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.seeds.samples import ALL
from tests.synth.functions import JAVASCRIPT, PYTHON, engine, order, sources

from transloop_sandbox.sandbox import Sandbox
from transloop_seeds.event import About, Imported, Source, new_id
from transloop_seeds.store import Store
from transloop_settings.errors import PairsUnusable
from transloop_synth import lines, table
from transloop_synth.dataset import Dataset, Recorded
from transloop_synth.order import Attempt, Share
from transloop_synth.pair import Pair
from transloop_synth.plan import key_of
from transloop_synth.source import of_seed
from transloop_synth.synthesize import synthesize

ROOT = Path(__file__).parents[2]
PAIR = Pair(
    id="p1",
    source_language="python",
    target_language="javascript",
    code=PYTHON["half"],
    needs=(),
    names=("half",),
    entry_point="half",
    translation=JAVASCRIPT["half"],
    signature=None,
    origin="translated",
    parents=("s1",),
)


def _recorded(pick: str, order_key: str = "o", **changes: object) -> Recorded:
    attempt = Attempt("s", "python:javascript", ("loops",), True, **changes)  # type: ignore[arg-type]
    return Recorded(attempt, order_key, pick, 24, 0.9, 1.5)


def test_killed_at_any_point_it_ends_with_the_same_rows(tmp_path: Path, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.synth.killed", tmp_path, "7"],
        cwd=ROOT,
        env={**os.environ, "TRANSLOOP_HOME": str(home)},
        capture_output=True,
        check=False,
        timeout=250,
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    whole, torn = found["whole"], found["torn"]
    assert found["status"] == 0
    assert len(whole["attempts"]) == 8
    assert {each["origin"] for each in whole["pairs"]} == {"translated", "repaired"}
    assert {each["source_language"] for each in whole["pairs"]} == {"python", "javascript"}
    assert len(whole["invented"]) == 1
    assert len(whole["files"]) == 1, "an order's pairs end in one file"
    midway = {count for count in found["after"] if 0 < count < 8}
    assert len(midway) >= 2, f"killed at {found['after']}"
    assert torn == whole


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    full = replace(
        PAIR,
        id="p2",
        needs=("import math",),
        signature="function half(n)",
        origin="repaired",
        draft="x",
        problem="y",
        seeds=("s1",),
        constructs=("loops", "maps"),
        cases=24,
        mutants=0.95,
        maker="model",
        order=3,
    )
    recorded = _recorded("a", failures={"wrong": 2}, admitted=("p1", "p2"), seconds=2.5)
    dataset.add(recorded, [PAIR, full])
    again = Dataset(tmp_path)
    assert again.pairs() == [PAIR, full]
    assert again.recorded() == [recorded]
    assert again.attempts() == [recorded.attempt]


def test_a_line_that_was_cut_off_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines.append(path, {"a": 1})
    with path.open("a") as file:
        file.write('{"a": 2')
    assert lines.read(path) == [{"a": 1}]
    lines.append(path, {"a": 3})
    assert lines.read(path) == [{"a": 1}, {"a": 3}]


def test_pairs_of_an_attempt_that_was_not_finished_are_removed(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add(_recorded("a", "1-o"), [PAIR])
    dataset.keep([replace(PAIR, id="p2")], "1-o-unfinished")
    dataset.keep([replace(PAIR, id="p3")], "2-other")
    dataset.begin("1-o")
    assert [pair.id for pair in dataset.pairs()] == ["p1", "p3"]


def test_files_of_an_order_are_joined(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    for number, pick in enumerate("zyx"):
        dataset.add(_recorded(pick), [replace(PAIR, id=f"p{number}")])
    assert len(list((tmp_path / "pairs").iterdir())) == 3
    dataset.join("o")
    assert [path.name for path in (tmp_path / "pairs").iterdir()] == ["o.parquet"]
    assert [pair.id for pair in dataset.pairs()] == ["p0", "p1", "p2"]
    dataset.add(_recorded("w"), [replace(PAIR, id="p9")])
    dataset.join("o")
    assert [pair.id for pair in dataset.pairs()] == ["p0", "p1", "p2", "p9"]


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / "o.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(PairsUnusable, match="can be made again"):
        Dataset(tmp_path).pairs()


def test_rows_of_something_else_are_told(tmp_path: Path) -> None:
    from datasets import Dataset as Table

    Table.from_list([{"text": "x"}]).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(PairsUnusable, match="holds no pairs"):
        table.read(tmp_path / "x.parquet")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    dataset = Dataset(tmp_path / "file" / "below")
    with pytest.raises(PairsUnusable, match="it goes on where it was"):
        dataset.add(_recorded("a"), [PAIR])


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    dataset = Dataset(tmp_path)
    dataset.add(_recorded("a"), [PAIR])
    (tmp_path / "attempts.jsonl").rename(tmp_path / "kept")
    (tmp_path / "attempts.jsonl").symlink_to("/dev/full")
    with pytest.raises(PairsUnusable, match="No space left"):
        dataset.add(_recorded("b"), [])
    (tmp_path / "attempts.jsonl").unlink()
    (tmp_path / "kept").rename(tmp_path / "attempts.jsonl")
    assert Dataset(tmp_path).pairs() == [PAIR]


async def test_the_pairs_of_a_forgotten_seed_vanish(sandbox: Sandbox, tmp_path: Path) -> None:
    """And all that was made of them, from every reading and from the disk."""
    store = Store(tmp_path / "seeds")
    for name in ("half", "total"):
        source = Source(PYTHON[name], "python", (name,))
        store.record(Imported(About(new_id(), source, "javascript")), ALL)
    given = [of_seed(each) for each in store.seeds()]
    back = {name: (PYTHON[name],) for name in PYTHON}
    dataset = Dataset(tmp_path / "data", store)
    await synthesize(order(), given, engine(), sandbox, dataset)
    returned = order(Share("javascript:python", None, 2), number=1)
    await synthesize(returned, given, engine(back), sandbox, dataset)
    assert len(dataset.pairs()) == 4
    forgotten = next(each for each in store.seeds() if each.names == ("half",))
    store.forget(forgotten.id)
    assert [pair.entry_point for pair in dataset.pairs()] == ["total", "total"]
    assert len(Dataset(tmp_path / "data").pairs()) == 4, "nobody has asked the store"
    dataset.forget()
    assert len(Dataset(tmp_path / "data").pairs()) == 2
    gone = JAVASCRIPT["half"].encode()
    assert not any(gone in path.read_bytes() for path in (tmp_path / "data").rglob("*.*"))


async def test_an_order_goes_on_without_the_pairs_of_a_forgotten_seed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    store = Store(tmp_path / "seeds")
    store.record(Imported(About(new_id(), Source(PYTHON["half"], "python", ("half",)))), ALL)
    given = [of_seed(each) for each in store.seeds()]
    dataset = Dataset(tmp_path / "data", store)
    await synthesize(order(), given, engine(), sandbox, dataset)
    store.forget(given[0].seeds[0])
    made = await synthesize(order(), sources("total"), engine(), sandbox, dataset)
    assert made.pairs == 1
    assert [pair.entry_point for pair in dataset.pairs()] == ["total"]


def test_equal_orders_are_one() -> None:
    assert key_of(order()) == key_of(order())
    keys = {key_of(order(**each)) for each in ({}, {"number": 1}, {"samples": 4}, {"cases": 9})}
    assert len(keys) == 4
