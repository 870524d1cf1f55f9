"""Attention and loss of a batch: the sums are those of each row alone, by plain transformers."""

from __future__ import annotations

import pytest
import torch
from tests.trainer import tiny
from torch.nn.functional import cross_entropy

from transloop_trainer import loss
from transloop_trainer.attention import use_rows
from transloop_trainer.base import Base
from transloop_trainer.batches import Batch, Row


def states(base: Base, batch: Batch) -> torch.Tensor:
    use_rows(base.weights)
    found: torch.Tensor = base.body(
        input_ids=torch.tensor([batch.tokens]),
        position_ids=torch.tensor([batch.positions]),
        use_cache=False,
        batch=batch,
    ).last_hidden_state[0]
    return found


def alone(base: Base, row: Row) -> torch.Tensor:
    """By transformers' own attention and transformers' own loss."""
    base.weights.set_attn_implementation("eager")
    ids = torch.tensor([row.tokens])
    logits = base.weights(input_ids=ids, use_cache=False).logits[0]
    predicting = logits[len(row.prompt) - 1 : -1]
    return cross_entropy(predicting, torch.tensor(row.answer), reduction="sum") * row.weight


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_batch_costs_what_its_rows_cost_alone(invented: Base, count: int) -> None:
    batch = Batch(tuple(tiny.rows()[:count]))
    places, wanted, weights = zip(*batch.answers(), strict=True)
    losses = loss.answer_losses(
        states(invented, batch)[list(places)], invented.head, torch.tensor(wanted), lambda: None
    )
    found = (losses * torch.tensor(weights)).sum()
    assert found.item() == pytest.approx(
        sum(alone(invented, row).item() for row in batch.rows), 1e-5
    )


def test_the_gradient_is_that_of_cross_entropy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss, "CHUNK", 3)  # several parts, the last one not full
    torch.manual_seed(0)
    head, wanted, weights = torch.randn(50, 8), torch.randint(50, (10,)), torch.rand(10)
    ours = torch.randn(10, 8, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    calls: list[None] = []
    losses = loss.answer_losses(ours, head, wanted, lambda: calls.append(None))
    found = (losses * weights).sum()
    plain = (cross_entropy(theirs @ head.T, wanted, reduction="none") * weights).sum()
    (found * 2).backward()
    (plain * 2).backward()
    assert found.item() == pytest.approx(plain.item(), 1e-6)
    torch.testing.assert_close(ours.grad, theirs.grad)
    assert len(calls) == 4


def test_a_preference_costs_what_its_definition_says() -> None:
    """Two pairs, laid as a batch lays them, against the formula by plain transformers' names."""
    torch.manual_seed(0)
    policy, reference = -torch.rand(9, requires_grad=True), -torch.rand(9)
    pairs = [(slice(0, 2), slice(2, 5)), (slice(5, 8), slice(8, 9))]
    found = loss.preference_loss(-policy, -reference, pairs, beta=0.3)
    expected = torch.zeros(())
    for chosen, rejected in pairs:
        ratio = policy[chosen].sum() - policy[rejected].sum()
        before = reference[chosen].sum() - reference[rejected].sum()
        expected = expected - torch.log(torch.sigmoid(0.3 * (ratio - before)))
    assert found.item() == pytest.approx(expected.item(), 1e-6)
