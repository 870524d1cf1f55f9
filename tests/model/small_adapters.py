"""Adapters for SmolLM2 that are made in milliseconds: noise on two layers, nothing learned."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from transloop_model import adapter, prompt


def small_adapter(
    path: Path,
    base: str,
    seed: int = 7,
    *,
    version: int = prompt.VERSION,
    factor: float = 1.0,
    directions: str = "python:java",
    rank: int = 4,
) -> Path:
    """A sealed GGUF adapter; with `factor` not a number, one that computes nonsense."""
    random = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 32.0)
    writer.add_string(adapter.BASE_KEY, base)
    writer.add_string(adapter.PROMPT_KEY, str(version))
    writer.add_string(adapter.DIRECTIONS_KEY, directions)
    writer.add_string(adapter.LINEAGE_KEY, f"{seed:064}")
    writer.add_string(adapter.SEAL_KEY, adapter.UNSEALED)
    for layer in (0, 1):
        name = f"blk.{layer}.attn_v.weight"
        for suffix, shape in (("lora_a", (rank, 576)), ("lora_b", (192, rank))):
            values = (factor * random.normal(size=shape)).astype(np.float32)
            writer.add_tensor(f"{name}.{suffix}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    adapter.seal(path)
    return path
