"""Adapters of noise: what they hold does not matter to what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np

from transloop_model import adapter, prompt
from transloop_model.catalog import ModelFile


def write(
    model: ModelFile,
    path: Path,
    modules: Sequence[str],
    rank: int,
    *,
    seed: int = 0,
    above: int = 0,
) -> Path:
    """A sealed adapter of that rank on those modules, in the layers from `above` on."""
    reader = gguf.GGUFReader(model.path)
    writer = gguf.GGUFWriter(path, str(reader.fields["general.architecture"].contents()))
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(rank))
    writer.add_string(adapter.BASE_KEY, model.digest())
    writer.add_string(adapter.PROMPT_KEY, str(prompt.VERSION))
    writer.add_string(adapter.SEAL_KEY, adapter.UNSEALED)
    draw = np.random.default_rng(seed)
    for tensor in reader.tensors:
        block, _, module = tensor.name.removesuffix(".weight").rpartition(".")
        if module in modules and int(block.split(".")[1]) >= above:
            into, out = map(int, tensor.shape)
            for side, shape in (("a", (rank, into)), ("b", (out, rank))):
                values = draw.normal(scale=1e-3, size=shape).astype(np.float32)
                writer.add_tensor(f"{tensor.name}.lora_{side}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    adapter.seal(path)
    return path


def layers(model: ModelFile) -> int:
    """How many layers a model has."""
    names = (each.name for each in gguf.GGUFReader(model.path).tensors)
    return 1 + max(int(name.split(".")[1]) for name in names if name.startswith("blk."))
