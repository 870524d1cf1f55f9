"""Finetuning: low-rank factors on the frozen weights of the served model, learned from answers.

Read `_run` from top to bottom. It can be killed at any moment and started again with the same
arguments; it then goes on from its last checkpoint to the same losses. Under `accelerate launch`
the batches of a step are shared by the processes, and the sums of their gradients are the same.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from peft.helpers import disable_input_dtype_casting
from torch import Tensor

from transloop_model.engine import seed_of
from transloop_settings.errors import Diverged, ExamplesUnusable
from transloop_trainer import batches, checkpoint, memory
from transloop_trainer.attention import use_rows
from transloop_trainer.base import Base, with_new_adapter
from transloop_trainer.batches import Batch, Row
from transloop_trainer.loss import answer_losses, preference_loss
from transloop_trainer.recipe import Recipe

Validate = Callable[[int, Path], float]
"""Step and folder of the peft adapter to a score, higher is better: what running its answers
showed. Only the main process calls it."""
Pause = Callable[[], None]
"""Called some times a layer; while it blocks, nothing computes."""


@dataclass(frozen=True)
class Progress:
    """One step that is done."""

    step: int
    steps: int
    loss: float
    """Mean over the weighted answer tokens of the step; with preferences, what they add to it."""
    learning_rate: float
    tokens: int
    """Of the examples of the step, prompts and answers."""
    seconds: float
    score: float | None = None
    """Executed validation, where this step was validated."""


@dataclass(frozen=True)
class Finetuned:
    """What a run came to."""

    adapter: Path
    """Folder of the peft adapter with the best score; of the last step where nothing validates."""
    step: int
    """The step that it is from."""
    steps: int
    """Steps that were done."""
    losses: tuple[float, ...]
    scores: dict[int, float]


def finetune(
    base: Base,
    rows: Sequence[Row],
    recipe: Recipe,
    folder: Path,
    *,
    validate: Validate | None = None,
    pause: Pause = lambda: None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Finetuned:
    """Train an adapter on `rows`; everything that it writes is in `folder`.

    Raises:
        ExamplesUnusable: there are no rows.
        Diverged: the loss is no number any more; the last checkpoint stays.
        CheckpointUnwritable: likewise.
        CheckpointMismatch: `folder` has a checkpoint of another run.
    """
    if not rows:
        raise ExamplesUnusable("There is nothing to train on.", "Gather more seeds first.")
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as kept:  # whatever happens, the weights are as they were afterwards
        return _run(base, rows, recipe, folder, validate, pause, report, kept)


def _run(
    base: Base,
    rows: Sequence[Row],
    recipe: Recipe,
    folder: Path,
    validate: Validate | None,
    pause: Pause,
    report: Callable[[Progress], None],
    kept: ExitStack,
) -> Finetuned:
    # 1. The plan: which batches make up which step. It follows from the rows and the seed alone.
    plan = batches.steps(rows, recipe)

    # 2. The model: frozen weights, and factors in float32 that compute in the weights' precision.
    accelerator = Accelerator()
    torch.manual_seed(seed_of(recipe.seed, "factors"))
    model = kept.enter_context(with_new_adapter(base, recipe))
    model.to(accelerator.device).train()
    kept.enter_context(_calls_between_layers(base, pause))
    kept.enter_context(_recomputing(base, recipe.recompute))
    use_rows(base.weights)
    factors = [each for each in model.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(factors, weight_decay=recipe.weight_decay)

    # 3. Where an earlier run stopped.
    state = checkpoint.load(folder, _fingerprint(base, rows, recipe))
    if state.step:
        set_peft_model_state_dict(model, state.adapter)
        optimizer.load_state_dict(state.optimizer)

    # 4. The steps. An earlier run may have ended early, or right before its last words.
    while state.step < len(plan) and not _exhausted(state.scores, recipe.patience):
        began = time.perf_counter()
        step = plan[state.step]
        rate = _learning_rate(state.step, len(plan), recipe)
        for group in optimizer.param_groups:
            group["lr"] = rate

        # 4a. Gradients: each process sums those of its batches, then all processes theirs.
        torch.manual_seed(seed_of(recipe.seed, "step", state.step, accelerator.process_index))
        whole = _Whole(sum(batch.weight for batch in step), sum(len(b.pairs()) for b in step))
        loss = torch.zeros((), device=accelerator.device)
        for batch in step[accelerator.process_index :: accelerator.num_processes]:
            part = _loss(base, model, batch, recipe, whole, pause)
            part.backward()
            loss += part.detach()
            memory.give_back()
        _sum_over_processes(accelerator, factors)
        value = float(accelerator.reduce(loss, "sum"))

        # 4b. The update, unless something is no number.
        length = float(torch.nn.utils.clip_grad_norm_(factors, recipe.clip))
        if not (math.isfinite(value) and math.isfinite(length)):
            raise Diverged(
                f"The loss of step {state.step + 1} is no number any more.",
                "Lower the learning rate. The last checkpoint is kept.",
            )
        optimizer.step()
        optimizer.zero_grad()
        state.step += 1
        state.losses.append(value)

        # 4c. Executed validation decides which step the adapter is taken from.
        done = state.step == len(plan)
        score = None
        if validate and (done or state.step % recipe.validate_steps == 0):
            score = _validated(accelerator, model, state, folder, validate)

        # 4d. A checkpoint. Only then is the adapter that was the best before let go.
        if accelerator.is_main_process and (
            done or score is not None or state.step % recipe.checkpoint_steps == 0
        ):
            state.adapter = get_peft_model_state_dict(model, save_embedding_layers=False)
            state.optimizer = optimizer.state_dict()
            checkpoint.save(folder, state)
            _forget_all_but(_best(state.scores), state.scores, folder)
        tokens = sum(len(row.tokens) for batch in step for row in batch.rows)
        report(
            Progress(state.step, len(plan), value, rate, tokens, time.perf_counter() - began, score)
        )

    # 5. The result is the best step that was validated, or else the last one.
    best = _best(state.scores) or state.step
    if accelerator.is_main_process and not state.scores:
        _write_adapter(model, _folder_of(folder, best))
    accelerator.wait_for_everyone()
    return Finetuned(
        _folder_of(folder, best), best, state.step, tuple(state.losses), dict(state.scores)
    )


@dataclass(frozen=True)
class _Whole:
    """Of a step, over all its batches."""

    weight: float
    pairs: int


def _loss(
    base: Base, model: PeftModel, batch: Batch, recipe: Recipe, whole: _Whole, pause: Pause
) -> Tensor:
    """What a batch adds to the loss of its step."""
    pairs, before = batch.pairs(), None
    if pairs:
        with torch.no_grad(), model.disable_adapter():
            before = _losses(base, model, batch, pause)
    losses = _losses(base, model, batch, pause)
    weights = torch.tensor([weight for *_, weight in batch.answers()], device=losses.device)
    loss = (losses * weights).sum() / whole.weight
    if before is not None:
        preferred = preference_loss(losses, before, pairs, recipe.beta)
        loss = loss + recipe.preference * preferred / whole.pairs
    return loss


def _losses(base: Base, model: PeftModel, batch: Batch, pause: Pause) -> Tensor:
    """Cross entropies of a batch's answer tokens."""
    device = base.head.device
    places, wanted, _ = zip(*batch.answers(), strict=True)
    pause()
    with (
        disable_input_dtype_casting(model),
        torch.autocast(device.type, base.dtype, enabled=base.dtype != torch.float32),
    ):
        states: Tensor = base.body(
            input_ids=torch.tensor([batch.tokens], device=device),
            position_ids=torch.tensor([batch.positions], device=device),
            use_cache=False,
            batch=batch,
        ).last_hidden_state
        return answer_losses(
            states[0, list(places)], base.head, torch.tensor(wanted, device=device), pause
        )


@contextmanager
def _calls_between_layers(base: Base, pause: Pause) -> Iterator[None]:
    """Call `pause` before each attention and each MLP, on the way forward and on the way back."""

    def forward(_module: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        pause()
        for value in (*arguments, named.get("hidden_states")):
            if isinstance(value, Tensor) and value.requires_grad:
                value.register_hook(backward)

    def backward(_gradient: Tensor) -> None:
        pause()

    handles = [
        part.register_forward_pre_hook(forward, with_kwargs=True)
        for layer in base.body.layers
        for part in (layer.self_attn, layer.mlp)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _recomputing(base: Base, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    base.weights.activation_checkpointing_enable()
    try:
        yield
    finally:
        base.weights.activation_checkpointing_disable()


def _sum_over_processes(accelerator: Accelerator, factors: Sequence[Tensor]) -> None:
    """The gradients are small; summing them once a step needs no wrapper around the model."""
    for each in factors:
        if each.grad is None:  # this process had no batch in the step
            each.grad = torch.zeros_like(each)
        if accelerator.num_processes > 1:
            each.grad = accelerator.reduce(each.grad, "sum")


def _learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """Up in a line, down along a cosine to nothing."""
    warm = math.ceil(steps * recipe.warmup)
    if step < warm:
        return recipe.learning_rate * (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def _validated(
    accelerator: Accelerator,
    model: PeftModel,
    state: checkpoint.State,
    folder: Path,
    validate: Validate,
) -> float:
    """The score of this step, for all processes."""
    told = [math.nan]
    if accelerator.is_main_process:
        adapter = _folder_of(folder, state.step)
        _write_adapter(model, adapter)
        told = [validate(state.step, adapter)]
    broadcast_object_list(told)
    state.scores[state.step] = told[0]
    return told[0]


def _forget_all_but(best: int | None, scores: dict[int, float], folder: Path) -> None:
    for step in scores.keys() - {best}:
        shutil.rmtree(_folder_of(folder, step), ignore_errors=True)


def _best(scores: dict[int, float]) -> int | None:
    """The step with the best score, the earliest of equals."""
    return max(scores, key=lambda step: (scores[step], -step), default=None)


def _exhausted(scores: dict[int, float], patience: int) -> bool:
    """Whether the last `patience` validations brought nothing better."""
    best = _best(scores)
    return best is not None and sum(step > best for step in scores) >= patience


def _folder_of(folder: Path, step: int) -> Path:
    return folder / f"step-{step:06}"


def _write_adapter(model: PeftModel, adapter: Path) -> None:
    new = adapter.with_name(f"{adapter.name}.new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        model.save_pretrained(str(new), save_embedding_layers=False)
        shutil.rmtree(adapter, ignore_errors=True)
        new.replace(adapter)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        raise checkpoint.unwritable(adapter.parent, error) from error


def _fingerprint(base: Base, rows: Sequence[Row], recipe: Recipe) -> str:
    facts = [base.model.digest(), str(base.dtype), asdict(recipe), batches.digest(rows)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
