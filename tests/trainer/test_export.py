"""Export: the file that llama.cpp serves, tried against torch before it has its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.trainer import tiny
from tests.trainer.test_finetune import _full_after
from transformers import Qwen2Config, Qwen2ForCausalLM

from transloop_model.catalog import ModelFile
from transloop_model.engine import Finished, Request
from transloop_model.llama.engine import LlamaEngine
from transloop_settings.errors import AdapterDisagrees, AdapterRefused, CheckpointUnwritable
from transloop_trainer import export
from transloop_trainer.agreement import Agreement
from transloop_trainer.base import Base
from transloop_trainer.batches import Row
from transloop_trainer.examples import directions, lineage_digest
from transloop_trainer.export import Card, read_card
from transloop_trainer.finetune import finetune
from transloop_trainer.recipe import recipe


@pytest.fixture(scope="module")
def trained(
    small: Base, rows: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Card]:
    """A peft adapter of all layers, a few steps old, and its card."""
    modules = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    brief = replace(recipe("smoke"), modules=modules, epochs=3, step_tokens=1)
    done = finetune(small, rows, brief, tmp_path_factory.mktemp("trained"))
    card = Card(
        small.model.digest(),
        directions(tiny.EXAMPLES),
        lineage_digest(tiny.EXAMPLES),
        {"loss": round(done.losses[-1], 3)},
    )
    return done.adapter, card


async def test_an_exported_adapter_computes_what_was_trained_and_is_served(
    small: Base, smollm2: ModelFile, rows: list[Row], trained: tuple[Path, Card], tmp_path: Path
) -> None:
    folder, card = trained
    path = tmp_path / "adapters" / "one.gguf"
    found = export.export(small, folder, path, card, rows[:2])
    assert found.cosine >= 0.999
    assert found.amplified >= 0.999
    assert found.places == sum(min(16, len(row.answer)) for row in rows[:2])
    assert [each.name for each in path.parent.iterdir()] == ["one.gguf"]
    assert read_card(path) == card

    asked = Request(tiny.EXAMPLES[0].messages, tiny.EXAMPLES[0].answer_prefix, max_tokens=4)
    engine = LlamaEngine(smollm2, context=512, threads=1)
    try:
        await engine.use_adapter(path)
        events = [event async for event in engine.generate(asked)]
    finally:
        await engine.close()
    assert [event.tokens for event in events if isinstance(event, Finished)] == [4]


def test_head_and_embeddings_are_never_touched(
    small: Base, trained: tuple[Path, Card], tmp_path: Path
) -> None:
    path = tmp_path / "one.gguf"
    export.write(small, trained[0], path, trained[1])
    tensors = [tensor.name for tensor in gguf.GGUFReader(path).tensors]
    layers = small.weights.config.num_hidden_layers
    assert len(tensors) == 2 * 7 * layers
    assert all(name.startswith("blk.") for name in tensors)


def test_rows_in_the_wrong_order_are_found_and_nothing_is_published(
    small: Base,
    rows: list[Row],
    trained: tuple[Path, Card],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "_reordered", lambda rows, heads: rows)
    with pytest.raises(AdapterDisagrees, match="disagrees"):
        export.export(small, trained[0], tmp_path / "out" / "one.gguf", trained[1], rows[:2])
    assert not list((tmp_path / "out").iterdir())


def test_what_llama_cannot_load_is_not_published(
    small: Base,
    rows: list[Row],
    trained: tuple[Path, Card],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strange = {"blk.0.attn_q.weight.lora_a": np.zeros((4, 3), dtype=np.float32)}
    monkeypatch.setattr(export, "_factors", lambda base, trained: strange)
    with pytest.raises(AdapterDisagrees, match="cannot use"):
        export.export(small, trained[0], tmp_path / "out" / "one.gguf", trained[1], rows[:1])
    assert not list((tmp_path / "out").iterdir())


def test_a_full_disk_leaves_nothing(
    small: Base, rows: list[Row], trained: tuple[Path, Card], tmp_path: Path
) -> None:
    with _full_after(10_000), pytest.raises(CheckpointUnwritable):
        export.export(small, trained[0], tmp_path / "out" / "one.gguf", trained[1], rows[:1])
    assert not list((tmp_path / "out").iterdir())


def test_a_card_is_not_read_from_a_damaged_file(
    small: Base, trained: tuple[Path, Card], tmp_path: Path
) -> None:
    path = tmp_path / "one.gguf"
    export.write(small, trained[0], path, trained[1])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AdapterRefused, match="cut off"):
        read_card(path)


async def test_an_adapter_of_another_model_is_refused_by_the_engine(
    small: Base, smollm2: ModelFile, trained: tuple[Path, Card], tmp_path: Path
) -> None:
    folder, card = trained
    export.write(small, folder, tmp_path / "base.gguf", replace(card, base_sha256="1" * 64))
    export.write(small, folder, tmp_path / "format.gguf", replace(card, prompt_version=99))
    engine = LlamaEngine(smollm2, context=512, threads=1)
    try:
        await engine.count_tokens("started")
        with pytest.raises(AdapterRefused, match="another model"):
            await engine.use_adapter(tmp_path / "base.gguf")
        with pytest.raises(AdapterRefused, match="prompt format 99"):
            await engine.use_adapter(tmp_path / "format.gguf")
    finally:
        await engine.close()


def test_qwen_keeps_its_rows_as_they_are(tmp_path: Path) -> None:
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    weights = Qwen2ForCausalLM(config).requires_grad_(False)
    base = Base(ModelFile("tiny", tmp_path / "x.gguf", sha256="0" * 64), weights, "qwen2")
    brief = replace(tiny.RECIPE, modules=("q_proj", "k_proj"), max_steps=2)
    done = finetune(base, tiny.rows(), brief, tmp_path / "run")
    path = tmp_path / "one.gguf"
    export.write(base, done.adapter, path, Card("0" * 64, ("a:b",), "0" * 64))
    reader = gguf.GGUFReader(path)
    assert reader.fields["general.architecture"].contents() == "qwen2"
    ours = {tensor.name: tensor.data for tensor in reader.tensors}
    theirs = load_file(done.adapter / "adapter_model.safetensors")
    assert len(ours) == len(theirs) == 2 * 2 * 2
    key = "base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight"
    np.testing.assert_array_equal(ours["blk.1.attn_k.weight.lora_b"], theirs[key].numpy())


@pytest.mark.parametrize(
    ("cosine", "amplified", "alone", "holds"),
    [
        (0.9995, 0.9995, 0.9996, True),
        (0.9988, 0.9995, 0.9989, True),  # so much is rounding, on these prompts
        (0.9980, 0.9995, 0.9989, False),
        (0.9988, 0.9970, 0.9989, False),
        (0.9988, 0.9995, 0.9996, False),
    ],
)
def test_what_rounding_does_without_an_adapter_is_not_its_fault(
    cosine: float, amplified: float, alone: float, *, holds: bool
) -> None:
    assert Agreement(cosine, amplified, 8.0, 16, alone).holds is holds
