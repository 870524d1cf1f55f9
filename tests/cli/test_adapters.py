"""`transloop adapters`, as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run
from tests.model.small_adapters import small_adapter
from tests.seeds.samples import ALL, JAVASCRIPT, about
from typer.testing import CliRunner, Result

from transloop.adapters import app
from transloop.translator import Order, opened
from transloop_model import catalog
from transloop_model.registry.card import Measured, Story, Verdict, descendant
from transloop_model.registry.registry import Registry, Version
from transloop_seeds.event import Accepted
from transloop_seeds.lineage import Descent
from transloop_seeds.store import Store
from transloop_settings.errors import AdapterRefused, UsageError
from transloop_settings.settings import load
from transloop_syntax.language import language

Publish = Callable[..., Version]


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The commands read no weights, only what they are called."""
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF, as far as anybody looks")
    monkeypatch.setenv("TRANSLOOP_MODEL", str(path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def registry(model: Path) -> Registry:
    return Registry(catalog.digest(model))


@pytest.fixture
def publish(registry: Registry, tmp_path: Path) -> Publish:
    def published(passes: bool | None = True, seeds: tuple[str, ...] = (), **told: Any) -> Version:
        number = len(registry.numbers()) + 1
        path = small_adapter(tmp_path / f"{number}.gguf", registry.base_sha256, number)
        measured = (Measured("python:java", 75, 34, 38, 5, 1),)
        against = registry.digest_in_use()
        verdict = None
        if passes is not None:
            verdict = Verdict(passes, "It was measured.", against, 0.2, measured)
        return registry.publish(path, Story(seeds=seeds, **told), verdict)

    return published


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def told(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_on_a_new_machine_there_are_none_and_looking_makes_none(home: Path) -> None:
    assert "no adapters yet" in run("list").stderr
    assert told("list") == {"in_use": None, "pinned": False, "adapters": []}
    assert not (home / "adapters").exists()
    assert not (home / "seeds").exists()


def test_a_version_is_promoted_shown_and_rolled_back(publish: Publish) -> None:
    publish(corrections=31)
    change = told("promote", 1)
    assert (change["action"], change["number"], change["forced"]) == ("promoted", 1, False)
    (row,) = told("list")["adapters"]
    assert row["in_use"]
    assert row["measured"] == ["+5.3 points python -> java"]
    line = next(each for each in run("list").stdout.splitlines() if each.startswith("1 "))
    assert "in use" in line
    assert "It was measured." in line
    shown = told("show", 1)
    assert shown["corrections"] == 31
    assert [each["action"] for each in shown["changes"]] == ["promoted"]
    assert "corrections      31" in run("show", 1).stdout
    assert "Rolled back: the model alone" in run("rollback").stderr
    assert told("list")["in_use"] is None


def test_the_gate_is_overruled_only_by_force_and_that_is_written_down(publish: Publish) -> None:
    publish(passes=False)
    with pytest.raises(UsageError, match="--force"):
        run("promote", 1)
    forced = run("promote", 1, "--force")
    assert "Warning: It was forced: the gate said: It was measured" in forced.stderr
    assert told("show", 1)["changes"][0]["forced"]


def test_what_two_versions_differ_in(publish: Publish) -> None:
    publish(settings={"rank": 8, "epochs": 2}, data={"rows": 10})
    publish(settings={"rank": 16, "epochs": 2}, data={"rows": 10})
    rows = told("diff", 1, 2)
    assert rows["settings.rank"] == [8, 16]
    assert "settings.epochs" not in rows
    assert "data.rows" not in rows
    assert "8 | 16" in run("diff", 1, 2).stdout


def test_what_is_pinned_is_said(publish: Publish) -> None:
    publish()
    assert told("pin")["action"] == "pinned"
    assert told("list")["pinned"]
    assert "pinned" in run("list").stderr
    run("pin", "--off")
    assert not told("list")["pinned"]


def test_a_damaged_version_is_named(publish: Publish) -> None:
    path = publish().path
    path.write_bytes(path.read_bytes()[:-1])
    listed = run("list")
    assert "damaged" in listed.stdout
    assert "Adapter 1 is damaged" in listed.stderr
    with pytest.raises(AdapterRefused, match="damaged"):
        run("promote", 1, "--force")


def test_after_forgetting_a_seed_rollback_goes_to_one_that_never_saw_it(
    publish: Publish, home: Path
) -> None:
    store = Store()
    store.record(Accepted(about(), JAVASCRIPT), ALL)
    (seed,) = store.seeds()
    for seeds in ((), (seed.id,), (seed.id,)):
        made = publish(seeds=seeds)
        steps = [Descent(each, descendant(made.card.sha256), "trained") for each in seeds]
        store.descend(steps)
        run("promote", made.number)
    store.forget(seed.id)

    listed = run("list")
    marks = [row["marked"] for row in told("list")["adapters"]]
    assert marks == [None, *["it saw a seed that was forgotten"] * 2]
    assert "never saw it: transloop adapters rollback" in listed.stderr
    change = told("rollback")
    assert change["number"] == 1
    assert "adapter 2 is passed over: it saw a seed that was forgotten" in change["reason"]
    with pytest.raises(UsageError, match="forgotten"):
        run("promote", 3)


def test_an_exported_version_is_imported_and_needs_the_gate_again(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(corrections=4)
    file = tmp_path / "one.adapter"
    exported = run("export", 1, file)
    assert catalog.sha256_of(file) in exported.stderr
    monkeypatch.setenv("TRANSLOOP_ADAPTERS_DIR", str(tmp_path / "elsewhere"))
    assert told("import", file)["corrections"] == 4
    (row,) = told("list")["adapters"]
    assert (row["imported"], row["gate"]) == (True, None)
    with pytest.raises(UsageError, match="not judged"):
        run("promote", 1)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(AdapterRefused):
        run("import", file)


def test_what_was_trained_on_seeds_forgotten_here_is_marked_when_it_is_imported(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    store.record(Accepted(about(), JAVASCRIPT), ALL)
    (seed,) = store.seeds()
    publish(seeds=(seed.id,))
    file = tmp_path / "one.adapter"
    run("export", 1, file)
    store.forget(seed.id)
    monkeypatch.setenv("TRANSLOOP_ADAPTERS_DIR", str(tmp_path / "elsewhere"))
    run("import", file)
    assert told("list")["adapters"][0]["marked"] == "it saw a seed that was forgotten"


def test_the_command_answers_with_its_exit_codes(run: Run, publish: Publish) -> None:
    publish(passes=False)
    assert run("adapters", "list").returncode == 0
    refused = run("adapters", "promote", 1)
    assert (refused.returncode, b"the gate said" in refused.stderr) == (2, True)
    assert run("adapters", "show", 7).returncode == 2


async def test_translating_uses_what_is_in_use_and_survives_what_is_damaged(
    publish: Publish,
) -> None:
    order = Order(language("go"), None, None, False, load(), None)
    said: list[str] = []

    async def engine_adapter() -> str | None:
        async with opened(order, said.append) as translator:
            return translator.engine.state().adapter

    assert await engine_adapter() is None
    path = publish().path
    run("promote", 1)
    assert await engine_adapter() == "adapter-1.gguf"
    path.write_bytes(path.read_bytes()[:-1])
    assert await engine_adapter() is None
    (message,) = said
    assert message.startswith("Adapter 1 is damaged")
    assert message.endswith("The model alone is used.")
