"""Does llama.cpp with the exported adapter compute what was trained?

Both read the same token ids and give logits at the same places. llama.cpp works with eight bits an
activation, so they are close and never equal. What a short training changes can be less than that
rounding, and a wrong order of rows would hide in it: so the adapter is also tried amplified.
llama.cpp runs in a process of its own: an abort in C would end the training.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from transloop_model.llama.native import Context, Entry, Model
from transloop_settings.errors import AdapterDisagrees, TransloopError
from transloop_trainer.attention import use_rows
from transloop_trainer.base import Base, with_adapter
from transloop_trainer.batches import Batch, Row

COSINE = 0.999
"""Least agreement of the logits, as a mean over places. An amplified adapter of a few small steps
came to 0.9996, and with the rows of q in the wrong order to 0.997."""
LESS = 0.0005
"""How much less the adapter may agree than the model alone does on the same prompts, where rounding
alone is worse than `COSINE`. The amplified adapter must reach that anyway."""
LOUD = 0.4
"""Share of the logits that an adapter must change to be tried as it is."""
PLACES = 16
"""Of a probe: where its first answer tokens are predicted."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """How close the two come: cosines of their logits."""

    cosine: float
    """With the adapter as it is."""
    amplified: float
    """With the adapter `scale` times as strong."""
    scale: float
    places: int
    alone: float = 1.0
    """Of the model without the adapter: what rounding does on these prompts."""

    @property
    def holds(self) -> bool:
        """Whether the adapter may be served."""
        rounding = self.alone < COSINE and self.cosine >= self.alone - LESS
        return self.amplified >= COSINE and (self.cosine >= COSINE or rounding)


def require(base: Base, trained: Path, exported: Path, probes: Sequence[Row]) -> Agreement:
    """Compare both on `probes`.

    Raises:
        AdapterDisagrees: they compute different things, or llama.cpp cannot load the file.
    """
    found = compare(base, trained, exported, probes)
    if not found.holds:
        raise AdapterDisagrees(
            "llama.cpp with the exported adapter disagrees with what was trained: cosine "
            f"{found.cosine:.5f} of the logits, {found.amplified:.5f} at {found.scale:.1f} times, "
            f"{found.alone:.5f} without it.",
            "Nothing was published.",
        )
    return found


def compare(base: Base, trained: Path, exported: Path, probes: Sequence[Row]) -> Agreement:
    """Logits at the first places of each probe's answer, from both."""
    bare = _by_torch(base, probes)
    with with_adapter(base, trained):
        ours = _by_torch(base, probes)
    change = np.linalg.norm(ours - bare) / np.linalg.norm(bare)
    scale = float(LOUD / change) if 0 < change < LOUD else 1.0
    with with_adapter(base, trained, scale):
        loud = _by_torch(base, probes)
    served, served_loud, alone = _by_llama(base.model.path, exported, probes, (1.0, scale, 0.0))
    cosines = (_cosine(served, ours), _cosine(served_loud, loud))
    return Agreement(*cosines, scale, len(ours), _cosine(alone, bare))


def _cosine(one: Array, other: Array) -> float:
    """Mean over places."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(1) / lengths).mean())


def _places(row: Row) -> range:
    return range(len(row.prompt) - 1, len(row.prompt) - 1 + min(PLACES, len(row.answer)))


def _by_torch(base: Base, probes: Sequence[Row]) -> Array:
    model = base.weights.eval()
    use_rows(model)
    found = []
    for row in probes:
        batch = Batch((row,))
        ids = torch.tensor([batch.tokens], device=model.device)
        places = torch.tensor(_places(row), device=model.device)
        with torch.no_grad():
            logits = model(
                input_ids=ids, use_cache=False, logits_to_keep=places, batch=batch
            ).logits
        found.append(logits[0].float().cpu().numpy())
    return np.concatenate(found)


def _by_llama(
    model: Path, exported: Path, probes: Sequence[Row], scales: Sequence[float]
) -> list[Array]:
    """With the adapter at each of `scales`."""
    context = multiprocessing.get_context("spawn")
    asked = [(row.tokens, _places(row)) for row in probes]
    try:
        with ProcessPoolExecutor(1, mp_context=context) as process:
            return process.submit(_in_llama, model, exported, asked, scales).result()
    except BrokenProcessPool:
        said = "its process ended"
    except TransloopError as error:
        said = str(error)
    raise AdapterDisagrees(
        f"llama.cpp cannot use {exported.name}: {said}.", "Nothing was published."
    )


def _in_llama(
    path: Path,
    exported: Path,
    asked: Sequence[tuple[Sequence[int], range]],
    scales: Sequence[float],
) -> list[Array]:
    """In the other process; one thread, since several would spin beside whatever else runs."""
    model = Model(path)
    longest = max(len(tokens) for tokens, _ in asked)
    context = Context(model, longest + 64, threads=1, batch=longest)
    adapter = model.load_adapter(exported)
    found = []
    for scale in scales:
        context.apply_adapter(adapter, scale)
        found.append(np.concatenate([_logits(context, *each) for each in asked]))
    return found


def _logits(context: Context, tokens: Sequence[int], places: range) -> Array:
    context.clear()
    context.decode([Entry(t, i, (0,), i in places) for i, t in enumerate(tokens)])
    return np.stack([context.logits(place).copy() for place in places])
