"""Finetuning: it learns, stops, pauses, fails and goes on as it says."""

from __future__ import annotations

import contextlib
import json
import math
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.trainer import tiny
from tests.trainer.test_loss import alone

from transloop_settings.errors import (
    CheckpointMismatch,
    CheckpointUnwritable,
    Diverged,
    ExamplesUnusable,
)
from transloop_trainer import checkpoint
from transloop_trainer.base import Base, with_adapter
from transloop_trainer.batches import Row
from transloop_trainer.finetune import Progress, finetune
from transloop_trainer.recipe import Recipe, recipe

STEPS = 14
"""Of the tiny model's run."""


class Interrupted(Exception):
    """As if the process had ended here."""


def test_it_learns_what_it_is_shown(small: Base, rows: list[Row], tmp_path: Path) -> None:
    brief = replace(recipe("smoke"), epochs=4, step_tokens=1, learning_rate=5e-3)
    seen: list[Progress] = []
    done = finetune(small, rows, brief, tmp_path, report=seen.append)
    assert [each.step for each in seen] == list(range(1, 5))
    assert tuple(each.loss for each in seen) == done.losses
    assert done.losses[-1] < 0.8 * done.losses[0]
    assert seen[0].tokens == sum(len(row.tokens) for row in rows)
    assert done.adapter == tmp_path / "step-000004"
    factors = load_file(done.adapter / "adapter_model.safetensors")
    assert {name.split(".")[-3] for name in factors} == set(brief.modules)
    assert {tensor.dtype for tensor in factors.values()} == {torch.float32}


def test_the_learning_rate_warms_up_and_ends_low(invented: Base, tmp_path: Path) -> None:
    seen: list[Progress] = []
    finetune(invented, tiny.rows(), replace(tiny.RECIPE, warmup=0.2), tmp_path, report=seen.append)
    rates = [each.learning_rate for each in seen]
    assert len(rates) == STEPS
    assert rates[:3] == sorted(rates[:3])
    assert max(rates) == tiny.RECIPE.learning_rate
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert rates[-1] < 0.1 * max(rates)


def test_nothing_to_train_on_is_told(invented: Base, tmp_path: Path) -> None:
    with pytest.raises(ExamplesUnusable):
        finetune(invented, [], tiny.RECIPE, tmp_path)


def test_weights_decide_what_counts(invented: Base, tmp_path: Path) -> None:
    one, other, *_ = tiny.rows()
    whole = replace(tiny.RECIPE, epochs=1, step_tokens=10**6)

    def first_loss(name: str, *rows: Row) -> float:
        return finetune(invented, rows, whole, tmp_path / name).losses[0]

    light, heavy = replace(one, weight=1.0), replace(other, weight=3.0)
    parts = [first_loss("light", light), first_loss("heavy", heavy)]
    sizes = [len(one.answer), 3 * len(other.answer)]
    mean = sum(p * n for p, n in zip(parts, sizes, strict=True)) / sum(sizes)
    assert first_loss("both", light, heavy) == pytest.approx(mean, 1e-5)


def test_preferences_make_what_was_corrected_less_likely(invented: Base, tmp_path: Path) -> None:
    rows = tiny.with_rivals(tiny.rows())
    plain = replace(tiny.RECIPE, epochs=12, learning_rate=5e-2)

    def margins(recipe: Recipe, name: str) -> list[float]:
        """Cross entropy of each rival less that of its row, by plain transformers."""
        done = finetune(invented, rows, recipe, tmp_path / name)
        with with_adapter(invented, done.adapter), torch.no_grad():
            return [
                float(alone(invented, replace(each.rival, weight=1.0)) - alone(invented, each))
                for row in rows
                if (each := replace(row, weight=1.0)).rival
            ]

    without = margins(plain, "plain")
    learned = margins(replace(plain, preference=2.0, beta=0.5), "preferences")
    assert sum(learned) > sum(without) + len(learned)  # a nat each


def test_recomputing_changes_the_memory_and_not_the_losses(invented: Base, tmp_path: Path) -> None:
    plain = finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path / "plain").losses
    again = replace(tiny.RECIPE, recompute=True)
    assert finetune(invented, tiny.rows(), again, tmp_path / "again").losses == plain


def test_the_frozen_weights_are_bare_afterwards(invented: Base, tmp_path: Path) -> None:
    before = {name: each.clone() for name, each in invented.weights.state_dict().items()}
    with pytest.raises(Interrupted):
        finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path, pause=_interrupting(30))
    after = invented.weights.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(each, after[name]) for name, each in before.items())
    assert not any(part._forward_pre_hooks for part in invented.weights.modules())


# Going on


def _interrupting(calls: int) -> Callable[[], None]:
    left = calls

    def pause() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Interrupted

    return pause


def test_a_killed_run_goes_on_to_the_same_losses(invented: Base, tmp_path: Path) -> None:
    whole = finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path / "whole")
    kill_at = 100  # in the middle of a step, behind some checkpoints
    killed = _program(tmp_path, kill_at)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    begun = torch.load(tmp_path / "run" / checkpoint.NAME, weights_only=True)["step"]
    assert 0 < begun < STEPS
    resumed = _program(tmp_path, 0)
    assert json.loads(resumed.stdout) == list(whole.losses)
    assert _factors(tmp_path / "run" / f"step-{STEPS:06}") == _factors(whole.adapter)


def _program(folder: Path, kill_at: int) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "tests.trainer.tiny", str(folder), str(kill_at)]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def _factors(adapter: Path) -> dict[str, list[float]]:
    found = load_file(adapter / "adapter_model.safetensors")
    return {name: each.flatten().tolist() for name, each in found.items()}


def test_a_real_model_goes_on_to_the_same_losses(
    small: Base, rows: list[Row], tmp_path: Path
) -> None:
    brief = replace(recipe("smoke"), epochs=3, step_tokens=1, checkpoint_steps=1)
    whole = finetune(small, rows, brief, tmp_path / "whole")
    layers = small.weights.config.num_hidden_layers
    with pytest.raises(Interrupted):  # on the way back through the second step
        finetune(small, rows, brief, tmp_path / "cut", pause=_interrupting(6 * layers + 10))
    resumed = finetune(small, rows, brief, tmp_path / "cut")
    assert len(resumed.losses) == 3
    assert resumed.losses == whole.losses


def test_a_run_that_is_done_is_not_done_again(invented: Base, tmp_path: Path) -> None:
    first = finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path)
    seen: list[Progress] = []
    assert finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path, report=seen.append) == first
    assert not seen


@pytest.mark.parametrize(
    ("changed", "rows"),
    [(replace(tiny.RECIPE, rank=2), tiny.rows()), (tiny.RECIPE, tiny.rows()[1:])],
)
def test_a_checkpoint_of_another_run_is_refused(
    invented: Base, tmp_path: Path, changed: Recipe, rows: list[Row]
) -> None:
    finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path)
    with pytest.raises(CheckpointMismatch, match="other examples"):
        finetune(invented, rows, changed, tmp_path)


def test_a_damaged_checkpoint_is_told(invented: Base, tmp_path: Path) -> None:
    finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path)
    path = tmp_path / checkpoint.NAME
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CheckpointMismatch, match="damaged"):
        finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path)


def test_two_processes_come_to_the_same_losses(invented: Base, tmp_path: Path) -> None:
    alone = finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path / "alone")
    launch = "-m accelerate.commands.launch --cpu --num_processes 2 --num_machines 1 -m"
    options = "--mixed_precision no --dynamo_backend no --main_process_port 0"
    program = [sys.executable, *launch.split()[:-1], *options.split(), "-m", "tests.trainer.tiny"]
    done = subprocess.run(
        [*program, str(tmp_path), "0"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    losses = json.loads(done.stdout.splitlines()[-1])
    assert losses == pytest.approx(alone.losses, rel=1e-4)


# Validation


def test_the_best_step_is_rolled_forward_and_the_run_ends_early(
    invented: Base, tmp_path: Path
) -> None:
    scores = {2: 0.3, 4: 0.5, 6: 0.5, 8: 0.4, 10: 0.1}
    asked: list[int] = []

    def validate(step: int, adapter: Path) -> float:
        asked.append(step)
        assert (adapter / "adapter_model.safetensors").is_file()
        return scores[step]

    brief = replace(tiny.RECIPE, validate_steps=2, patience=3)
    run = tmp_path / "run"
    done = finetune(invented, tiny.rows(), brief, run, validate=validate)
    assert asked == [2, 4, 6, 8, 10]
    assert (done.step, done.steps, done.scores) == (4, 10, scores)
    assert sorted(each.name for each in run.iterdir()) == ["checkpoint.pt", "step-000004"]
    plain = finetune(
        invented, tiny.rows(), brief, tmp_path / "plain", validate=lambda step, _: -abs(step - 4)
    )
    assert _factors(done.adapter) == _factors(plain.adapter)


def test_the_last_step_is_always_validated(invented: Base, tmp_path: Path) -> None:
    brief = replace(tiny.RECIPE, validate_steps=10)
    done = finetune(invented, tiny.rows(), brief, tmp_path, validate=lambda step, _: step)
    assert sorted(done.scores) == [10, STEPS]
    assert done.step == STEPS


def test_a_run_that_ends_in_validation_keeps_what_was_best(invented: Base, tmp_path: Path) -> None:
    def fails(step: int, _adapter: Path) -> float:
        if step == 4:
            raise Interrupted
        return 1.0 / step

    brief = replace(tiny.RECIPE, validate_steps=2)
    with pytest.raises(Interrupted):
        finetune(invented, tiny.rows(), brief, tmp_path, validate=fails)
    done = finetune(invented, tiny.rows(), brief, tmp_path, validate=lambda step, _: 1.0 / step)
    assert done.step == 2
    assert done.adapter.is_dir()


# Pausing


def test_while_it_pauses_nothing_computes(small: Base, rows: list[Row], tmp_path: Path) -> None:
    calls = 0
    busy: list[float] = []

    def pause() -> None:
        nonlocal calls
        calls += 1
        if calls % 40 == 0:
            before = time.process_time()
            time.sleep(0.1)
            busy.append(time.process_time() - before)

    brief = replace(recipe("smoke"), max_steps=1)
    finetune(small, rows[:2], brief, tmp_path, pause=pause)
    layers = small.weights.config.num_hidden_layers
    assert calls >= 4 * layers - 2  # before each half of a layer, there and back
    assert len(busy) >= 2
    assert max(busy) < 0.05


# Bad ends


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_checkpoint(
    invented: Base, tmp_path: Path
) -> None:
    wild = replace(tiny.RECIPE, learning_rate=1e38, warmup=1.0, checkpoint_steps=1)
    seen: list[Progress] = []
    with pytest.raises(Diverged, match="learning rate"):
        finetune(invented, tiny.rows(), wild, tmp_path, report=seen.append)
    kept = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    assert kept["step"] == len(seen) >= 1
    assert all(math.isfinite(loss) for loss in kept["losses"])


@contextlib.contextmanager
def _full_after(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_and_the_last_checkpoint_stays(invented: Base, tmp_path: Path) -> None:
    whole = finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path / "whole")
    with pytest.raises(Interrupted):
        finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path / "run", pause=_interrupting(100))
    kept = (tmp_path / "run" / checkpoint.NAME).read_bytes()
    with _full_after(4096), pytest.raises(CheckpointUnwritable, match="Make room"):
        finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path / "run")
    assert [each.name for each in (tmp_path / "run").iterdir()] == [checkpoint.NAME]
    assert (tmp_path / "run" / checkpoint.NAME).read_bytes() == kept
    done = finetune(invented, tiny.rows(), tiny.RECIPE, tmp_path / "run")
    assert done.losses == whole.losses


def test_a_full_disk_while_an_adapter_is_written_is_told(invented: Base, tmp_path: Path) -> None:
    brief = replace(tiny.RECIPE, checkpoint_steps=100, validate_steps=2)
    with _full_after(2048), pytest.raises(CheckpointUnwritable):
        finetune(invented, tiny.rows(), brief, tmp_path / "run", validate=lambda step, _: 0.0)
    assert not list((tmp_path / "run").iterdir())
