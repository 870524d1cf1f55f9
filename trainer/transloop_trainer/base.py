"""The torch weights that an adapter is trained against: those of the served GGUF file, dequantized.

Reading a GGUF file takes transformers some seconds (it parses the vocabulary, twice), so the
weights are kept in the cache as safetensors, one copy a model file and precision.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import Tensor
from transformers import AutoModelForCausalLM, GgufConfig, PreTrainedModel
from transformers.utils import logging

from transloop_model.catalog import ModelFile
from transloop_settings import directories
from transloop_settings.errors import ModelCorrupt, ModelUnsupported
from transloop_trainer.recipe import Recipe

Architecture = Literal["llama", "qwen2"]
ARCHITECTURES: tuple[Architecture, ...] = ("llama", "qwen2")
"""Those that an adapter can be exported for."""


@dataclass(frozen=True)
class Base:
    """A served model as torch has it."""

    model: ModelFile
    weights: PreTrainedModel
    architecture: Architecture

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the frozen weights."""
        return self.weights.dtype

    @property
    def body(self) -> Any:
        """All but the head: token ids to the states that predict the next ones."""
        return self.weights.model

    @property
    def head(self) -> Tensor:
        """(vocabulary, size): states to logits."""
        return cast(Tensor, cast(Any, self.weights).lm_head.weight)


def best_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it, which is four times as fast; else float32."""
    abilities = torch.cpu.get_capabilities()
    able = any(abilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return torch.bfloat16 if able or torch.cuda.is_available() else torch.float32


def load(model: ModelFile, dtype: torch.dtype | None = None) -> Base:
    """The frozen weights of `model`, in `best_dtype` unless another is asked for.

    Raises:
        ModelUnsupported: its architecture cannot be trained.
        ModelCorrupt: transformers cannot read the file.
    """
    dtype = dtype or best_dtype()
    kept = _kept(model, dtype)
    weights = _read(kept, dtype) if kept.is_dir() else _dequantized(model, dtype, kept)
    name = weights.config.model_type
    if name not in ARCHITECTURES:
        raise ModelUnsupported(
            f"{model.id} is a {name} model; adapters are trained for {', '.join(ARCHITECTURES)}.",
            "Choose another model (transloop models list).",
        )
    weights.requires_grad_(False)
    return Base(model, weights, name)


@contextmanager
def with_new_adapter(base: Base, recipe: Recipe) -> Iterator[PeftModel]:
    """The weights with low-rank factors as `recipe` wants them, which change nothing yet."""
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=cast(int, recipe.alpha),  # peft takes a float, and says int
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.modules),
        task_type="CAUSAL_LM",
    )
    with _no_deprecations():
        model = cast(PeftModel, get_peft_model(base.weights, config))
    yield from _and_off_again(model)


@contextmanager
def with_adapter(base: Base, folder: Path, scale: float = 1.0) -> Iterator[PeftModel]:
    """The weights with the peft adapter in `folder`, `scale` times as strong."""
    with _no_deprecations():
        model = PeftModel.from_pretrained(base.weights, str(folder))
    for part in model.modules():
        if isinstance(part, LoraLayer):
            part.scale_layer(scale)
    yield from _and_off_again(model)


def _and_off_again(model: PeftModel) -> Iterator[PeftModel]:
    """Afterwards the weights are bare: peft puts its layers into the model itself."""
    try:
        yield model
    finally:
        model.unload()


@contextmanager
def _no_deprecations() -> Iterator[None]:
    """peft 0.21 uses a name that transformers 5.24 calls old."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _kept(model: ModelFile, dtype: torch.dtype) -> Path:
    name = f"{model.digest()[:16]}-{str(dtype).removeprefix('torch.')}"
    return directories.cache() / "weights" / name


def _read(folder: Path, dtype: torch.dtype) -> PreTrainedModel:
    logging.disable_progress_bar()
    return cast(PreTrainedModel, AutoModelForCausalLM.from_pretrained(folder, dtype=dtype))


def _dequantized(model: ModelFile, dtype: torch.dtype, kept: Path) -> PreTrainedModel:
    """Read the GGUF file, and keep what came of it."""
    logging.disable_progress_bar()
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar cannot be turned off
            weights = AutoModelForCausalLM.from_pretrained(
                model.path.parent,
                gguf_file=model.path.name,
                dtype=dtype,
                quantization_config=GgufConfig(dequantize=True),
            )
    except (OSError, ValueError, IndexError) as error:
        raise ModelCorrupt(
            f"{model.path.name} cannot be read for training: {error}.",
            "Check it with `transloop models verify`.",
        ) from error
    with contextlib.suppress(OSError):  # a full disk costs some seconds next time, no more
        _keep(weights, kept)
    return cast(PreTrainedModel, weights)


def _keep(weights: PreTrainedModel, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        new = Path(folder) / "weights"
        weights.save_pretrained(new)
        new.replace(kept)
