"""Seeds as files: a documented format, read as a whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.seeds.samples import ALL, JAVASCRIPT, PYTHON, about

from transloop_seeds import exchange
from transloop_seeds.event import Accepted, Edited, Harvested
from transloop_seeds.store import Store
from transloop_settings.errors import UsageError

SCHEMA = Path(__file__).parents[2] / "docs" / "seeds.schema.json"


def line(**changes: Any) -> dict[str, Any]:
    """A line that is right, but for the changes."""
    made = {
        "version": 1,
        "source": {"language": "python", "code": PYTHON, "names": ["double"]},
        "target": {"language": "javascript", "code": JAVASCRIPT},
    }
    return {**made, **changes}


def lines(*rows: Any) -> list[str]:
    return [json.dumps(each) + "\n" for each in rows]


def test_the_schema_in_the_documents_is_the_one_that_is_checked() -> None:
    written = SCHEMA.read_text(encoding="utf-8")
    assert written == exchange.schema(), "transloop seeds export --schema docs/seeds.schema.json"
    assert json.loads(written)["properties"]["version"]["const"] == exchange.VERSION


def test_what_is_exported_can_be_imported_and_is_the_same(store: Store, tmp_path: Path) -> None:
    store.record(Accepted(about(), JAVASCRIPT), ALL)
    store.record(Edited(about(), "draft", "final"), ALL)
    store.record(Harvested(about(target=None)), ALL)
    exported = list(exchange.lines(store.seeds()))
    other = Store(tmp_path / "other")
    added = other.add(exchange.read(exported), ALL)
    assert (len(added.new), added.known) == (3, 0)
    again = other.add(exchange.read(exported), ALL)
    assert (len(again.new), again.known) == (0, 3)
    here, there = ({each.id: each for each in made.seeds()} for made in (store, other))
    assert here.keys() == there.keys()
    for name, seed in here.items():
        copy = there[name]
        assert (copy.code, copy.needs, copy.names, copy.path, copy.signature) == (
            seed.code, seed.needs, seed.names, seed.path, seed.signature,
        )  # fmt: skip
        assert (copy.translation, copy.draft) == (seed.translation, seed.draft)
        assert copy.target_language == (seed.target_language if seed.translation else None)
        assert copy.origin == "imported"
    other.close()


def test_a_verdict_is_not_believed_but_kept_beside(store: Store) -> None:
    claim = line(verdict="verified", evidence={"cases": 24}, origin="accepted")
    store.add(exchange.read(lines(claim)), ALL)
    (seed,) = store.seeds()
    assert seed.verdict == "unchecked"
    assert seed.evidence["claimed"] == {
        "origin": "accepted",
        "verdict": "verified",
        "evidence": {"cases": 24},
    }


WRONG = {
    "no JSON": ("{", "Invalid JSON"),
    "another version": (line(version=2), "version: Input should be 1"),
    "no source": ({"version": 1}, "source: Field required"),
    "no code": (line(source={"language": "python", "code": ""}), "source.code"),
    "an unknown language": (line(source={"language": "cobol", "code": "x"}), "'cobol' is none of"),
    "an unknown target": (line(target={"language": "cobol", "code": "x"}), "target.language"),
    "an unknown key": (line(licence="MIT"), "licence: Extra inputs"),
    "an unknown origin": (line(origin="stolen"), "origin"),
    "an absolute path": (
        line(source={"language": "python", "code": "x", "path": "/home/me/a.py"}),
        "it must be relative",
    ),
    "a number for code": (line(source={"language": "python", "code": 5}), "valid string"),
    "a list": ([], "should be an object"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_line_is_told_with_its_number(name: str) -> None:
    wrong, told = WRONG[name]
    text = wrong if isinstance(wrong, str) else json.dumps(wrong)
    with pytest.raises(UsageError) as error:
        exchange.read([*lines(line()), "\n", text + "\n"])
    assert "Nothing was imported" in str(error.value)
    assert "line 3: " in str(error.value)
    assert told in str(error.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    bad = [json.dumps(each) if not isinstance(each, str) else each for each, _ in WRONG.values()]
    with pytest.raises(UsageError) as error:
        exchange.read(bad)
    told = str(error.value)
    assert [number for number in range(1, len(bad) + 1) if f"line {number}: " not in told] == []
    with pytest.raises(UsageError, match="and 80 more"):
        exchange.read(["{"] * 100)


def test_a_line_of_a_model_without_end_is_refused() -> None:
    with pytest.raises(UsageError, match="it is longer than"):
        exchange.read(['"' + "x" * (exchange.LONGEST_LINE + 1) + '"'])


def test_secrets_of_a_file_are_taken_out(store: Store) -> None:
    row = line(source={"language": "python", "code": 'password = "hunter2"'})
    added = store.add(exchange.read(lines(row)), ALL)
    assert added.redacted == 1
    assert store.seeds()[0].code == 'password = "REDACTED_1"'


def test_what_was_forgotten_is_not_imported_again(store: Store) -> None:
    kept = store.record(Accepted(about(), JAVASCRIPT), ALL)
    exported = list(exchange.lines(store.seeds()))
    store.forget(str(kept.seed))
    added = store.add(exchange.read(exported), ALL)
    assert (added.new, added.forgotten) == ((), 1)
    assert store.seeds() == []
