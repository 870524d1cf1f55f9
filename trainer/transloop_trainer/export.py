"""A peft adapter becomes the GGUF adapter that llama.cpp serves, and is tried before it has a name.

llama.cpp stores the rows of a llama model's q and k in another order than torch; the rows of their
factors follow. Head and embeddings have no factors, so nothing of them is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from peft import PeftConfig
from safetensors.torch import load_file

from transloop_model import adapter, prompt
from transloop_settings.errors import AdapterRefused, CheckpointUnwritable
from transloop_trainer import agreement
from transloop_trainer.agreement import Agreement
from transloop_trainer.base import Base
from transloop_trainer.batches import Row

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Card:
    """What an adapter's file says of itself."""

    base_sha256: str
    directions: tuple[str, ...]
    lineage_sha256: str
    """See `examples.lineage_digest`."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON."""
    prompt_version: int = prompt.VERSION


def export(base: Base, trained: Path, path: Path, card: Card, probes: Sequence[Row]) -> Agreement:
    """Write the peft adapter in the folder `trained` to `path`.

    The file gets its name only when llama.cpp computes with it what torch computes.

    Args:
        probes: rows of real prompts and answers.

    Raises:
        AdapterDisagrees: it does not; nothing is left.
        CheckpointUnwritable: the disk takes no more; nothing is left.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(base, trained, new, card)
        found = agreement.require(base, trained, new, probes)
        new.replace(path)
    except OSError as error:
        raise CheckpointUnwritable(
            f"The adapter could not be written to {path}: {error.strerror or error}.",
            "Make room and export it again.",
        ) from error
    finally:
        new.unlink(missing_ok=True)
    return found


def write(base: Base, trained: Path, path: Path, card: Card) -> None:
    """Write the file, untried."""
    config = PeftConfig.from_pretrained(str(trained))
    writer = gguf.GGUFWriter(path, base.architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(config.lora_alpha))
    writer.add_string(adapter.BASE_KEY, card.base_sha256)
    writer.add_string(adapter.PROMPT_KEY, str(card.prompt_version))
    writer.add_string(adapter.DIRECTIONS_KEY, " ".join(card.directions))
    writer.add_string(adapter.LINEAGE_KEY, card.lineage_sha256)
    writer.add_string(adapter.METRICS_KEY, json.dumps(dict(card.metrics), sort_keys=True))
    writer.add_string(adapter.SEAL_KEY, adapter.UNSEALED)
    for name, values in sorted(_factors(base, trained).items()):
        writer.add_tensor(name, values)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()
    adapter.seal(path)


def read_card(path: Path) -> Card:
    """What the file says of itself.

    Raises:
        AdapterRefused: it is damaged, or none of ours.
    """
    adapter.require_whole(path)
    fields = gguf.GGUFReader(path).fields
    try:
        said = {
            key: str(fields[key].contents())
            for key in (
                adapter.BASE_KEY,
                adapter.DIRECTIONS_KEY,
                adapter.LINEAGE_KEY,
                adapter.METRICS_KEY,
                adapter.PROMPT_KEY,
            )
        }
    except KeyError as error:
        raise AdapterRefused(f"{path.name} does not say what it is: {error} is missing.") from None
    return Card(
        said[adapter.BASE_KEY],
        tuple(said[adapter.DIRECTIONS_KEY].split()),
        said[adapter.LINEAGE_KEY],
        json.loads(said[adapter.METRICS_KEY]),
        int(said[adapter.PROMPT_KEY]),
    )


def _factors(base: Base, trained: Path) -> dict[str, Array]:
    """Each factor by its name in llama.cpp."""
    config = base.weights.config
    names = gguf.get_tensor_name_map(_ARCHITECTURES[base.architecture], config.num_hidden_layers)
    found = {}
    for key, tensor in load_file(trained / "adapter_model.safetensors").items():
        module, _, factor = key.removeprefix("base_model.model.").rpartition(".lora_")
        name = names.get_name(module)
        if name is None or not name.startswith("blk."):
            raise ValueError(f"{key} is no factor of a layer")
        values: Array = tensor.float().numpy()
        side = factor[0].lower()
        if base.architecture == "llama" and side == "b":
            heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
            if count := heads.get(module.rpartition(".")[2]):
                values = _reordered(values, count)
        found[f"{name}.weight.lora_{side}"] = np.ascontiguousarray(values)
    return found


_ARCHITECTURES = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2}


def _reordered(rows: Array, heads: int) -> Array:
    """Rows of q or k: torch has the two halves of a rotation apart, llama.cpp side by side."""
    halves = rows.reshape(heads, 2, -1, rows.shape[-1])
    return halves.swapaxes(1, 2).reshape(rows.shape)
