"""Examples, and an invented model of two layers whose training takes milliseconds.

Also a program: `python tiny.py FOLDER KILL_AT` trains it, and is killed when `pause` has been
called so often (0: never); what it came to is printed as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from transloop_model.catalog import ModelFile
from transloop_syntax.language import language
from transloop_syntax.unit import snippet
from transloop_trainer.base import Base
from transloop_trainer.batches import Row
from transloop_trainer.examples import of_translation
from transloop_trainer.finetune import finetune
from transloop_trainer.recipe import Recipe

_PAIRS = {
    "def add(a, b):\n    return a + b": "function add(a, b) {\n  return a + b;\n}",
    "def last(xs):\n    return xs[-1]": "function last(xs) {\n  return xs[xs.length - 1];\n}",
    "def even(n):\n    return n % 2 == 0": "function even(n) {\n  return n % 2 === 0;\n}",
    "def size(s):\n    return len(s)": "function size(s) {\n  return s.length;\n}",
}
EXAMPLES = tuple(
    of_translation(
        snippet(source, language("python")),
        language("javascript"),
        target,
        lineage=f"pair-{i}",
        signature=target.partition(" {")[0],
    )
    for i, (source, target) in enumerate(_PAIRS.items())
)
RECIPE = Recipe(
    modules=("q_proj", "v_proj", "down_proj"),
    rank=4,
    alpha=8,
    learning_rate=1e-2,
    epochs=2,
    step_tokens=70,
    batch_tokens=80,
    longest=64,
    checkpoint_steps=2,
)


def base(folder: Path) -> Base:
    """Two layers, always the same."""
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    weights = LlamaForCausalLM(config).requires_grad_(False)
    return Base(ModelFile("tiny", folder / "tiny.gguf", sha256="0" * 64), weights, "llama")


def rows(count: int = 24) -> list[Row]:
    """Prompts that begin alike, some of them with two answers."""
    draw = random.Random(3)
    made = []
    for i in range(count):
        prompt = (1, 2, 3, 4, 5, *(draw.randrange(6, 64) for _ in range(draw.randrange(4, 20))))
        answers = 2 if i % 4 == 0 else 1
        for _ in range(answers):
            answer = tuple(draw.randrange(6, 64) for _ in range(draw.randrange(2, 9)))
            made.append(Row(prompt, answer, "a:b", 1.0 + i % 3))
    return made


def with_rivals(given: list[Row]) -> list[Row]:
    """Every third row is preferred to its answer read backwards, and a token more."""
    return [
        replace(row, rival=replace(row, answer=(6, *row.answer[::-1]), weight=0.0))
        if i % 3 == 0
        else row
        for i, row in enumerate(given)
    ]


def main() -> None:
    folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    calls = 0

    def pause() -> None:
        nonlocal calls
        calls += 1
        if calls == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    done = finetune(base(folder), rows(), RECIPE, folder / "run", pause=pause)
    if os.environ.get("RANK", "0") == "0":
        print(json.dumps(done.losses))  # noqa: T201


if __name__ == "__main__":
    main()
