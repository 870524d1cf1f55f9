"""Finetuning against transformers' own Trainer, and what an adapter costs when it is served.

Seconds of CPU stand beside seconds of wall: they depend little on what else the machine does.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from transformers import DataCollatorForSeq2Seq, PreTrainedTokenizerFast, Trainer, TrainingArguments

from benchmarks import noise
from transloop_model.catalog import ModelFile
from transloop_model.llama import native
from transloop_model.llama.engine import physical_cores
from transloop_model.llama.native import Context, Entry, Model
from transloop_model.llama.tokens import Tokens
from transloop_syntax.language import language
from transloop_syntax.unit import snippet
from transloop_trainer import base, export, finetune
from transloop_trainer.base import Base
from transloop_trainer.batches import Row, rows_of
from transloop_trainer.examples import of_translation
from transloop_trainer.recipe import Recipe, recipe

PAD = "<pad>"
BATCH = 4
"""Examples of one batch of the Trainer, its padding included."""
PROMPT, ANSWER = 64, 24
"""Tokens of the decoding that is measured."""
ALL = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
ADAPTERS: dict[str, tuple[tuple[str, ...], int, float]] = {
    "all linear, rank 16": (ALL, 16, 0.0),
    "all linear, rank 8": (ALL, 8, 0.0),
    "all linear, rank 16, upper half of the layers": (ALL, 16, 0.5),
    "mlp, rank 16": (ALL[4:], 16, 0.0),
    "attention, rank 16": (ALL[:4], 16, 0.0),
    "o and down, rank 16": (("attn_output", "ffn_down"), 16, 0.0),
    "o and down, rank 32": (("attn_output", "ffn_down"), 32, 0.0),
    "down, rank 32": (("ffn_down",), 32, 0.0),
    "q and v, rank 16": (("attn_q", "attn_v"), 16, 0.0),
}
"""Layers with factors, their rank, and the share of layers, from below, that has none."""


def measure(
    model: ModelFile, bench: Path, rounds: int, limit: int | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each measurement as it ends."""
    yield "decoding_with_an_adapter", decoding(model, rounds * 2)
    torch.set_num_threads(physical_cores())
    tokens = Tokens(Model(model.path, vocabulary_only=True))
    rows = _rows(bench, tokens)[: limit or 24]
    loaded = base.load(model)
    yield "against_the_trainer", against_the_trainer(loaded, rows, rounds)
    yield "pausing_and_export", pausing_and_export(loaded, rows)


def _rows(bench: Path, tokens: Tokens) -> list[Row]:
    """Prompts and answers of real lengths. The pairs are no translations: never keep the result."""
    made = []
    for line in (bench / "train" / "seeds_mbxp.jsonl").read_text("utf-8").splitlines():
        sides = json.loads(line)["languages"]
        codes = [sides.get(side, {}).get("code") for side in ("python", "javascript")]
        if all(codes):
            unit = snippet(codes[0].strip(), language("python"))
            made.append(of_translation(unit, language("javascript"), codes[1], lineage="x"))
    return rows_of(made, tokens, longest=1024)


# Training ----------------------------------------------------------------------------------------


def against_the_trainer(loaded: Base, rows: Sequence[Row], rounds: int) -> dict[str, Any]:
    """Tokens a second of the examples, one epoch each, in turns; same factors, data, precision."""
    size = sum(len(row.tokens) for row in rows)
    brief = replace(recipe("full"), epochs=1, step_tokens=size // 2, checkpoint_steps=10**6)
    sides = {"transloop": _ours, "trainer": _theirs}
    wall: dict[str, list[float]] = {name: [] for name in sides}
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, train in sides.items():
            seconds, used = train(loaded, rows, brief)
            wall[name].append(seconds)
            cpu[name].append(used)
    pairs = list(zip(cpu["trainer"], cpu["transloop"], strict=True))
    return {
        "model": loaded.model.id,
        "precision": str(loaded.dtype),
        "threads": torch.get_num_threads(),
        "factors": f"{' '.join(brief.modules)}, rank {brief.rank}",
        "examples": len(rows),
        "tokens": size,
        "rounds": rounds,
        "baseline": f"transformers.Trainer, batches of {BATCH}, padded to the longest",
        **{
            f"{name}_tokens_a_second": round(size / statistics.median(each), 1)
            for name, each in wall.items()
        },
        **{
            f"{name}_tokens_a_cpu_second": round(size / statistics.median(each), 1)
            for name, each in cpu.items()
        },
        "ratio_wall": round(
            statistics.median(wall["trainer"]) / statistics.median(wall["transloop"]), 2
        ),
        "ratio_cpu": round(statistics.median(theirs / ours for theirs, ours in pairs), 2),
        "target": "1.3 times the Trainer",
    }


def _ours(loaded: Base, rows: Sequence[Row], brief: Recipe) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        began, used = time.perf_counter(), time.process_time()
        finetune.finetune(loaded, rows, brief, Path(folder))
        return time.perf_counter() - began, time.process_time() - used


def _theirs(loaded: Base, rows: Sequence[Row], brief: Recipe) -> tuple[float, float]:
    """Two steps like ours, of batches of `BATCH`."""
    loaded.weights.set_attn_implementation("sdpa")
    data = [
        {"input_ids": list(row.tokens), "labels": [-100] * len(row.prompt) + list(row.answer)}
        for row in rows
    ]
    padding = PreTrainedTokenizerFast(tokenizer_object=_no_tokenizer(), pad_token=PAD)
    with tempfile.TemporaryDirectory() as folder, base.with_new_adapter(loaded, brief) as model:
        arguments = TrainingArguments(
            folder,
            use_cpu=loaded.head.device.type == "cpu",
            bf16=loaded.dtype == torch.bfloat16,
            per_device_train_batch_size=BATCH,
            gradient_accumulation_steps=max(1, len(rows) // (2 * BATCH)),
            num_train_epochs=1,
            learning_rate=brief.learning_rate,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=data,
            data_collator=DataCollatorForSeq2Seq(padding, padding=True),
        )
        began, used = time.perf_counter(), time.process_time()
        trainer.train()
        return time.perf_counter() - began, time.process_time() - used


def _no_tokenizer() -> Any:
    """The collator wants a tokenizer to pad with; the texts are tokens already."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    return Tokenizer(WordLevel({PAD: 0}, unk_token=PAD))


def pausing_and_export(loaded: Base, rows: Sequence[Row]) -> dict[str, Any]:
    """The longest time between two calls of `pause` in a step, and whether llama.cpp agrees."""
    calls: list[float] = []
    brief = replace(recipe("full"), epochs=1, max_steps=1, step_tokens=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = finetune.finetune(
            loaded, rows, brief, folder, pause=lambda: calls.append(time.perf_counter())
        )
        card = export.Card(loaded.model.digest(), (), "")
        began = time.perf_counter()
        agreed = export.export(loaded, done.adapter, folder / "x.gguf", card, rows[:3])
        gaps = sorted(later - earlier for earlier, later in pairwise(calls))
        return {
            "batch_tokens": brief.batch_tokens,
            "pause_calls": len(calls),
            "longest_gap_ms": round(gaps[-1] * 1000),
            "gap_ms_99th_percentile": round(gaps[len(gaps) * 99 // 100] * 1000),
            "export_and_check_seconds": round(time.perf_counter() - began, 1),
            "file_bytes": (folder / "x.gguf").stat().st_size,
            "cosine": round(agreed.cosine, 5),
            "cosine_amplified": round(agreed.amplified, 5),
            "amplified": round(agreed.scale, 1),
        }


# Decoding ----------------------------------------------------------------------------------------


def decoding(model: ModelFile, rounds: int) -> dict[str, Any]:
    """Speed of decoding with adapters of several shapes, over the speed without, in turns."""
    loaded, layers = Model(model.path), noise.layers(model)
    with tempfile.TemporaryDirectory() as folder:
        adapters: dict[str, Any] = {"none": None}
        for i, (name, (modules, rank, without)) in enumerate(ADAPTERS.items()):
            path = Path(folder) / f"{i}.gguf"
            noise.write(model, path, modules, rank, above=int(layers * without))
            adapters[name] = loaded.load_adapter(path)
        found: dict[int, dict[str, list[tuple[float, float]]]] = {}
        for threads in sorted({1, physical_cores()}):
            context = Context(loaded, 256, threads, PROMPT)
            found[threads] = {name: [] for name in adapters}
            for _ in range(rounds):
                for name, adapter in adapters.items():
                    context.apply_adapter(adapter)
                    found[threads][name].append(_decode(context))
    result: dict[str, Any] = {"tokens": ANSWER, "rounds": rounds, "target": 0.85}
    for threads, times in found.items():
        for clock, kind in enumerate(("wall", "cpu")):
            if kind == "cpu" and threads > 1:
                continue  # threads that wait for each other count as CPU
            best = {name: min(pair[clock] for pair in pairs) for name, pairs in times.items()}
            result[f"{kind}_{threads}_threads_tokens_a_second_without"] = round(
                ANSWER / best["none"], 1
            )
            result[f"{kind}_{threads}_threads_share_of_speed"] = {
                name: round(best["none"] / best[name], 3) for name in ADAPTERS
            }
    for adapter in filter(None, adapters.values()):
        native.free_adapter(adapter)
    return result


def _decode(context: Context) -> tuple[float, float]:
    context.decode([Entry(100 + i, i, (0,), False) for i in range(PROMPT)])
    began, used = time.perf_counter(), time.process_time()
    for i in range(ANSWER):
        context.decode([Entry(300 + i, PROMPT + i, (0,), True)])
    return time.perf_counter() - began, time.process_time() - used
