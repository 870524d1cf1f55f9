"""Attention over rows that lie end to end and share their beginning.

Each row sees what is shared and itself: what it would see alone, so the sums are the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface

from transloop_trainer.batches import Batch

_NAME = "transloop_rows"


def use_rows(model: PreTrainedModel) -> None:
    """Let `model` compute batches; its forward pass then needs `batch=`."""
    AttentionInterface.register(_NAME, _attend)
    AttentionMaskInterface.register(_NAME, _no_mask)
    model.set_attn_implementation(_NAME)


def _no_mask(*_args: Any, **_kwargs: Any) -> None:
    """Which token sees which is decided in `_attend`."""


def _attend(
    _module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _mask: Tensor | None,
    *,
    batch: Batch,
    scaling: float,
    **_options: Any,
) -> tuple[Tensor, None]:
    """Shapes: query (1, heads, tokens, size), key and value with fewer heads; out transposed."""
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    first, *queries = query.split([batch.shared, *batch.lengths], 2)
    first_key, *keys = key.split([batch.shared, *batch.lengths], 2)
    first_value, *values = value.split([batch.shared, *batch.lengths], 2)
    seen = []
    if batch.shared:
        seen.append(_causal(first, first_key, first_value, scaling))
    for q, k, v in zip(queries, keys, values, strict=True):
        all_keys, all_values = torch.cat((first_key, k), 2), torch.cat((first_value, v), 2)
        seen.append(_causal(q, all_keys, all_values, scaling))
    return torch.cat(seen, 2).transpose(1, 2).contiguous(), None


def _causal(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """The queries are those of the last tokens; each sees all before it."""
    before = key.shape[2] - query.shape[2]
    if before == 0:
        return scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale)
    shape = (query.shape[2], key.shape[2])
    mask = torch.ones(shape, dtype=torch.bool, device=query.device).tril(before)
    return scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)
