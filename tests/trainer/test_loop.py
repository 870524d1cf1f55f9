"""The loop: what is decided is done, whatever happens in between; nothing bad comes into use."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.model.small_adapters import small_adapter
from tests.seeds import samples
from tests.trainer import looped, tiny
from tests.trainer.looped import PYTHON, Scripted
from tests.trainer.test_finetune import _full_after

from transloop_model.catalog import ModelFile
from transloop_model.registry import promotion
from transloop_model.registry.card import Measured, Story, Verdict
from transloop_model.registry.registry import Registry
from transloop_sandbox import toolchains
from transloop_seeds.event import Accepted
from transloop_seeds.lineage import Descent
from transloop_seeds.store import Store
from transloop_settings.errors import (
    CeilingReached,
    ExamplesUnusable,
    RegistryUnwritable,
    ToolchainMissing,
    TrainerEnded,
    UsageError,
)
from transloop_synth.pair import Pair, PairOrigin
from transloop_trainer.background.hours import Hours
from transloop_trainer.background.status import Status
from transloop_trainer.background.supervisor import Supervisor
from transloop_trainer.control import runlog
from transloop_trainer.control.decision import Stop, Synthesized, Train, Trained
from transloop_trainer.control.runlog import RunLog
from transloop_trainer.examples import write
from transloop_trainer.loop import data, sets, stopping, training, tuning
from transloop_trainer.loop.folders import (
    all_pairs,
    own_pairs,
    pairs,
    require_room,
    step_folder,
)
from transloop_trainer.loop.plan import Plan, unfinished
from transloop_trainer.loop.run import Run, begin
from transloop_trainer.loop.sets import of_bench, of_seeds
from transloop_trainer.publish import publish
from transloop_trainer.recipe import recipe

POINTS = ("synthesizing", "validating", "training", "measuring", "published", "stopping")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of torch's weights, for all runs."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _shared_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSLOOP_CACHE_DIR", str(cache))


@pytest.fixture
def asked(tmp_path: Path) -> Plan:
    return looped.plan(looped.bench(tmp_path / "bench.jsonl"))


# The whole of it ---------------------------------------------------------------------------------


def killed_at(point: str, model: ModelFile, folder: Path) -> dict[str, Any] | None:
    """The run, or the rest of it, in a process of its own; None: it was killed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.trainer.looped", str(model.path), str(folder), point],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env=dict(os.environ),
    )
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.timeout(900)  # a minute on two quiet cores; torch is slow beside other work
def test_a_run_that_is_killed_in_every_phase_ends_as_if_it_never_was(
    smollm2: ModelFile, tmp_path: Path
) -> None:
    for point in POINTS:
        assert killed_at(point, smollm2, tmp_path) is None, point
    end = killed_at("end", smollm2, tmp_path)
    assert end
    assert end["promoted"] == 1

    log = RunLog.open("1")
    assert runlog.names() == ["1"]  # it was one run all the time
    made, trained = (each.outcome for each in log.steps)
    assert isinstance(made, Synthesized)
    assert isinstance(trained, Trained)
    assert isinstance(log.decisions[-1].decision, Stop)
    assert len({(each.source, each.direction) for each in made.attempts}) == len(made.attempts)
    assert made.admitted == made.pairs == trained.pairs >= 2
    assert trained.scores[0] < trained.scores[trained.best_step] == 1.0
    assert trained.losses
    assert 0 < trained.gate_seconds < trained.seconds

    registry = Registry(smollm2.digest())
    assert registry.numbers() == [1]
    assert registry.standing().number == 1
    assert [each.action for each in registry.standing().changes] == ["promoted"]
    version = registry.version(1)
    assert version.verdict
    assert version.verdict.promote
    assert {each.direction for each in version.verdict.measured if each.guarded} == {
        "javascript:python"
    }
    assert version.card.directions == ("python:javascript",)
    assert version.card.story.data["pairs"] == {"python:javascript": made.pairs}
    assert not (log.folder / "steps").exists()  # what only a resumed run needs is gone


# From a training that is done on -----------------------------------------------------------------

Planted = Callable[..., RunLog]


@pytest.fixture
def planted(smollm2: ModelFile, asked: Plan, tmp_path: Path) -> Planted:
    """A run that was killed right after its training: the adapter is there, and not measured."""

    def made() -> RunLog:
        with looped.desk(smollm2, Status()) as desk:
            log = begin(desk, asked)
        state = log.state(sources={}, pairs={}, people=0, seconds=0)
        log.decided(state, Train("smoke", {}, "There are pairs."))
        folder = step_folder(log.folder, 1)
        write(folder / "examples.parquet", tiny.EXAMPLES)
        taught = training.Taught({"python:javascript": 4}, "0" * 64, (), 0)
        (folder / "taught.json").write_text(json.dumps(vars(taught)))
        small_adapter(folder / "adapter.gguf", smollm2.digest(), directions="python:javascript")
        tuned = tuning.Tuned(2, 2, (1.0, 0.5), {2: 1.0}, len(tiny.EXAMPLES), 0.9999)
        (folder / "tuned.json").write_bytes(json.dumps(vars(tuned)).encode())
        return log

    return made


async def test_an_adapter_that_got_worse_is_published_and_not_promoted(
    smollm2: ModelFile, asked: Plan, planted: Planted
) -> None:
    log = planted()
    engine = Scripted(with_adapter=lambda name: False)
    end = await looped.looped(smollm2, asked, Status(), engine)
    assert end.promoted is None
    registry = Registry(smollm2.digest())
    assert registry.standing().number is None
    verdict = registry.version(1).verdict
    assert verdict
    assert not verdict.promote
    assert "lost" in verdict.reason or "gained nothing" in verdict.reason
    trained = RunLog.open(log.name).steps[0].outcome
    assert isinstance(trained, Trained)
    assert trained.failures["python:javascript"]["wrong"][1] > 3
    assert None in engine.applied  # what is in use was measured alone


async def test_a_seed_that_is_forgotten_meanwhile_is_trained_on_no_more(
    smollm2: ModelFile, asked: Plan, planted: Planted
) -> None:
    log = planted()
    store = Store()
    seed = store.record(Accepted(samples.about(), samples.JAVASCRIPT), samples.ALL).seed
    assert seed
    store.descend([Descent(seed, "pair-0", "accepted")])
    store.forget(seed)
    status = Status()
    end = await looped.looped(smollm2, asked, status)
    assert end.promoted is None
    assert Registry(smollm2.digest()).numbers() == []
    trained = RunLog.open(log.name).steps[0].outcome
    assert isinstance(trained, Trained)
    assert "There are no pairs" in trained.failed  # the others of this test were never stored


async def test_a_person_who_has_pinned_keeps_what_is_in_use(
    smollm2: ModelFile, asked: Plan, planted: Planted
) -> None:
    planted()
    promotion.pin(Registry(smollm2.digest()))
    end = await looped.looped(smollm2, asked, Status())
    assert end.promoted is None
    assert "pinned" in end.reason
    assert "stays" in end.reason
    assert Registry(smollm2.digest()).version(1).verdict
    ended = RunLog.open("1").ended
    assert ended
    assert ended.reason == end.reason


async def test_a_full_disk_while_publishing_is_told_and_the_run_goes_on_afterwards(
    smollm2: ModelFile, asked: Plan, planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted()

    def full(*given: Any) -> Any:
        with _full_after(10_000):
            return publish(*given)

    with monkeypatch.context() as patch:
        patch.setattr(training, "publish", full)
        with pytest.raises(RegistryUnwritable, match="Make room"):
            await looped.looped(smollm2, asked, Status())
    registry = Registry(smollm2.digest())
    assert registry.numbers() == []
    assert RunLog.open("1").interrupted
    end = await looped.looped(smollm2, asked, Status())
    assert (end.promoted, registry.numbers()) == (1, [1])


def test_what_was_rolled_back_or_forgotten_does_not_come_back(
    smollm2: ModelFile, tmp_path: Path
) -> None:
    registry, store = Registry(smollm2.digest()), Store()
    paths = [small_adapter(tmp_path / f"{i}.gguf", smollm2.digest(), i) for i in (1, 2)]
    measured = (Measured("python:javascript", 20, 5, 9, 4, 0),)
    seed = store.record(Accepted(samples.about(), samples.JAVASCRIPT), samples.ALL).seed
    assert seed
    trained = []
    for path, seeds in zip(paths, ((), (seed,)), strict=True):
        verdict = Verdict(True, "Better.", "", 0.01, measured)
        version = publish(registry, store, path, Story(seeds=seeds), verdict)
        trained.append(Trained(9, 2, 2, (0.5,), {}, version.number, verdict))
    yes = Stop(True, "It is better.")

    assert stopping.stop(yes, trained[:1], registry, store).promoted == 1
    assert stopping.stop(yes, trained[:1], registry, store).promoted == 1  # killed right after
    promotion.rollback(registry)
    end = stopping.stop(yes, trained[:1], registry, store)
    assert end.promoted is None
    assert "rolled back" in end.reason

    store.forget(seed)
    end = stopping.stop(yes, trained[1:], registry, store)
    assert end.promoted is None
    assert "it saw a seed that was forgotten" in end.reason
    assert registry.standing().number is None
    assert stopping.stop(Stop(False, "Worse."), trained, registry, store).reason == "Worse."
    assert "none" in stopping.stop(yes, (), registry, store).reason


# Which pairs ------------------------------------------------------------------------------------


def test_pairs_serve_all_runs_but_those_of_a_benchmark_its_own(
    smollm2: ModelFile, asked: Plan
) -> None:
    own = replace(asked, bench=None)
    with looped.desk(smollm2, Status()) as desk:
        first, second, third = (
            Run(desk, begin(desk, replace(each, seed=seed)))
            for seed, each in enumerate((own, own, asked))
        )
    assert first.dataset.folder == second.dataset.folder == pairs()
    assert third.dataset.folder == own_pairs(third.log.folder)
    assert {pairs(), own_pairs(third.log.folder)} <= set(all_pairs())


async def test_a_pair_that_measures_by_now_is_trained_on_no_more(
    smollm2: ModelFile, asked: Plan
) -> None:
    """The units that ship measure: an earlier run may have learned what is like one of them."""
    shipped = next(row for row in sets.units.rows() if "python" in row["languages"])
    side = shipped["languages"]["python"]
    fine = _pair("sound", "def half(n):\n    return n // 2\n", "half")
    with looped.desk(smollm2, Status()) as desk:
        run = Run(desk, begin(desk, replace(asked, bench=None)))
        run.dataset.keep([fine, _pair("same", side["code"], "other")], "earlier")
        run.dataset.keep([_pair("named", "def f(x):\n    return x\n", side["entry_point"])], "more")
        assert {each.id for each in run.dataset.pairs()} == {"sound", "same", "named"}
        decision = Train("smoke", {}, "There is one pair.")
        run.log.decided(run._state(), decision)
        assert run.log.decisions[0].state.pairs == {"python:javascript": 1}


def _pair(name: str, code: str, entry: str) -> Pair:
    return Pair(
        id=name,
        source_language="python",
        target_language="javascript",
        code=code,
        needs=(),
        names=(entry,),
        entry_point=entry,
        translation="const half = (n) => Math.floor(n / 2);",
        signature=None,
        origin="translated",
    )


# What is learned from, and what measures ---------------------------------------------------------


def test_the_sets_are_apart_and_the_final_one_is_never_used(tmp_path: Path) -> None:
    path = looped.bench(tmp_path / "bench.jsonl")
    final = {"id": "dev/wages", "split": "dev", "languages": {"python": {"code": "x = 1"}}}
    with path.open("a") as file:
        file.write(json.dumps(final) + "\n")
    found = of_bench(path)
    parts = [{row["id"] for row in part} for part in (found.learn, found.validation, found.gate)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set().union(*parts)) == len(PYTHON)
    barred = {row["id"] for row in found.barred}
    assert barred == parts[1] | parts[2] | {"dev/wages"}
    assert {each.parents[0] for each in found.sources(["python:javascript"])} == parts[0]
    names = {name for each in sets.examined(found.barred) for name in each.names}
    assert names == {each.removeprefix("own/") for each in parts[1] | parts[2]}


def test_what_a_person_has_translated_is_learned_from_and_what_ships_measures() -> None:
    store = Store()
    shipped = sets.units.rows()
    same = next(row for row in shipped if "python" in row["languages"])
    code = same["languages"]["python"]
    about = samples.about(code["code"])
    named = replace(about, source=replace(about.source, names=(code["entry_point"],)))
    store.record(Accepted(named, "function f() {}"), samples.ALL)
    found = of_seeds(store.seeds())
    assert [row["id"].startswith("seed/") for row in found.learn] == [True]
    measuring = {row["id"] for row in (*found.validation, *found.gate)}
    assert same["id"] not in measuring  # it is like one that is learned from
    assert len(measuring) > 0.9 * len(shipped)
    assert len(found.gate) > len(found.validation) > 5


def test_the_ways_back_are_guarded_unless_a_person_names_others() -> None:
    trained = ("python:java", "python:go", "go:python")
    assert sets.guarded_of(trained) == ("java:python",)
    assert sets.guarded_of(trained, ("c:cpp", "python:go")) == ("c:cpp",)
    assert sets.required(["python:js", "python:javascript"]) == ("python:javascript",)
    with pytest.raises(UsageError, match="no direction"):
        sets.required(["python"])


def test_corrections_weigh_more_and_what_was_not_run_less() -> None:
    def pair(origin: PairOrigin, cases: int = 9, draft: str = "") -> Pair:
        code, translation = "def f(x):\n    return x", "function f(x) {\n  return x;\n}"
        return Pair(
            f"{origin}{cases}", "python", "javascript", code, (), ("f",), "f", translation,
            None, origin, draft, "f(1) is 2, was 1" if draft else "", seeds=("s",), cases=cases,
        )  # fmt: skip

    draft = "function f(x) {\n  return 2;\n}"
    pairs = [pair("corrected", draft=draft), pair("accepted"), pair("accepted", 0)]
    pairs.append(pair("translated"))
    repaired = pair("repaired", draft=draft)
    known, mostly = (replace(pair("translated"), right=share) for share in (1.0, 0.75))
    assert [data.weight(each) for each in (known, mostly)] == [0.1, 0.25]
    found = data.examples([*pairs, repaired], ["python:javascript"])
    assert [each.weight for each in found] == [3.0, 1.0, 0.5, 1.0, 1.0]
    assert "f(1) is 2, was 1" in found[-1].messages[-1].content
    assert [bool(each.worse) for each in found] == [True, False, False, False, False]
    assert data.examples(pairs, ["python:java"]) == []
    broken = replace(pairs[0], id="b", translation="function f() {}\n```\nmore")
    assert data.examples([broken], ["python:javascript"]) == []


def test_a_missing_compiler_is_said_before_anything_begins(
    smollm2: ModelFile, asked: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchains, "find", lambda name, tool: None)
    with looped.desk(smollm2, Status()) as desk, pytest.raises(ToolchainMissing, match="java"):
        begin(desk, replace(asked, directions=("java:python",)))
    assert runlog.names() == []


# Beginning and going on --------------------------------------------------------------------------


def test_a_run_goes_on_only_if_it_was_asked_for_the_same(planted: Planted, asked: Plan) -> None:
    log = planted()
    digest = log.facts.base_sha256
    found = unfinished(digest, asked)
    assert found
    assert found.name == log.name
    assert unfinished("0" * 64, asked) is None  # another model
    assert unfinished(digest, replace(asked, policy="rules")) is None
    (log.folder / "plan.json").unlink()  # killed before it was written
    assert unfinished(digest, asked) is None


def test_nothing_begins_above_the_ceiling_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"x" * 2000)
    require_room(tmp_path, 2000)
    with pytest.raises(CeilingReached, match=r"train\.disk_mb"):
        require_room(tmp_path, 1999)


async def test_what_the_child_says_is_wrong_is_raised_here(
    smollm2: ModelFile, tmp_path: Path
) -> None:
    write(tmp_path / "examples.parquet", tiny.EXAMPLES)
    long = replace(recipe("smoke"), longest=16)
    order = tuning.Tuning(
        smollm2, tmp_path / "examples.parquet", long, tmp_path / "run", tmp_path / "a.gguf"
    )
    with (
        Supervisor(lambda: "", Hours()) as supervisor,
        pytest.raises(ExamplesUnusable, match="at most 16 tokens") as caught,
    ):
        await tuning.tune(order, supervisor, None)
    assert "longest" in caught.value.advice


async def test_a_training_that_is_killed_is_an_outcome(smollm2: ModelFile, tmp_path: Path) -> None:
    write(tmp_path / "examples.parquet", tiny.EXAMPLES)
    order = tuning.Tuning(
        smollm2, tmp_path / "examples.parquet", recipe("smoke"), tmp_path, tmp_path / "a.gguf"
    )
    supervisor = Supervisor(lambda: "", Hours())
    follow = supervisor.follow

    def kill(pid: int) -> None:
        follow(pid)
        os.kill(pid, signal.SIGKILL)

    supervisor.follow = kill  # type: ignore[method-assign]
    with supervisor:
        with pytest.raises(TrainerEnded, match="signal 9"):
            await tuning.tune(order, supervisor, None)
        supervisor.exceeded = "It took 9 MB of memory, and may take 1 MB."
        with pytest.raises(TrainerEnded, match=r"9 MB .* train\.memory_mb"):
            await tuning.tune(order, supervisor, None)
