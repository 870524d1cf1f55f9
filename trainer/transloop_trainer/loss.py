"""The losses of the answers alone: logits are made where a token is to be learned, a few at a time.

A vocabulary of 150,000 makes the logits the largest thing in memory and a quarter of the work. The
head is frozen, so the gradient of what goes into it is known as soon as the logits are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

CHUNK = 64
"""Positions at once: 40 MB of logits, and some 50 ms between two looks at whether to pause."""


class _AnswerLosses(torch.autograd.Function):
    """Cross entropies, one a position; hidden states in."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        head: Tensor,
        wanted: Tensor,
        pause: Callable[[], None],
    ) -> Tensor:
        gradient = torch.empty_like(hidden)
        losses = torch.empty(len(hidden), device=hidden.device)
        for begin in range(0, len(hidden), CHUNK):
            pause()
            part = slice(begin, begin + CHUNK)
            logs = (hidden[part] @ head.T).float().log_softmax(-1)
            own = wanted[part, None]
            losses[part] = -logs.gather(1, own)[:, 0]
            slope = logs.exp_().scatter_add_(1, own, -torch.ones_like(own, dtype=logs.dtype))
            gradient[part] = slope.to(head.dtype) @ head
        ctx.save_for_backward(gradient)
        return losses

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> tuple[Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer[0][:, None], None, None, None


def answer_losses(
    hidden: Tensor, head: Tensor, wanted: Tensor, pause: Callable[[], None]
) -> Tensor:
    """The cross entropy of each answer token: (answers,), in float32.

    Args:
        hidden: (answers, size), the states that predict. head: (vocabulary, size), frozen.
        wanted: (answers,), the tokens. pause: called between parts of the work.
    """
    losses: Tensor = _AnswerLosses.apply(hidden, head, wanted, pause)  # type: ignore[no-untyped-call]
    return losses


def preference_loss(
    losses: Tensor, before: Tensor, pairs: Sequence[tuple[slice, slice]], beta: float
) -> Tensor:
    """Sum over pairs of -log sigmoid(beta * margin): direct preference optimization.

    The margin is how much likelier the preferred answer has become, less how much likelier the
    other one has, in nats (Rafailov et al., arXiv 2305.18290, equation 7).

    Args:
        losses: (answers,), of `answer_losses`. before: the same of the model without the adapter.
        pairs: where those of the preferred answer are, and where those of the other one.
    """
    gained = before - losses
    margins = [gained[wanted].sum() - gained[other].sum() for wanted, other in pairs]
    return -logsigmoid(beta * torch.stack(margins)).sum()
