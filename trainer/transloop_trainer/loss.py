"""The loss of the answers alone: logits are made where a token is to be learned, a few at a time.

A vocabulary of 150,000 makes the logits the largest thing in memory and a quarter of the work. The
head is frozen, so the gradient of what goes into it is known as soon as the logits are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

CHUNK = 64
"""Positions at once: 40 MB of logits, and some 50 ms between two looks at whether to pause."""


class _AnswerLoss(torch.autograd.Function):
    """Weighted sum of cross entropies; hidden states in, one number out."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        head: Tensor,
        wanted: Tensor,
        weights: Tensor,
        pause: Callable[[], None],
    ) -> Tensor:
        gradient = torch.empty_like(hidden)
        total = torch.zeros((), device=hidden.device)
        for begin in range(0, len(hidden), CHUNK):
            pause()
            part = slice(begin, begin + CHUNK)
            logs = (hidden[part] @ head.T).float().log_softmax(-1)
            own = wanted[part, None]
            total -= (logs.gather(1, own)[:, 0] * weights[part]).sum()
            slope = logs.exp_().scatter_add_(1, own, -torch.ones_like(own, dtype=logs.dtype))
            gradient[part] = (slope * weights[part, None]).to(head.dtype) @ head
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> tuple[Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer[0], None, None, None, None


def answer_loss(
    hidden: Tensor, head: Tensor, wanted: Tensor, weights: Tensor, pause: Callable[[], None]
) -> Tensor:
    """Sum of `weights` times the cross entropy of `wanted`.

    Args:
        hidden: (answers, size), the states that predict. head: (vocabulary, size), frozen.
        wanted, weights: one an answer token. pause: called between parts of the work.
    """
    loss: Tensor = _AnswerLoss.apply(hidden, head, wanted, weights, pause)  # type: ignore[no-untyped-call]
    return loss
