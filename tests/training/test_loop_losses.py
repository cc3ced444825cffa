"""What a step's loss and gradient are made of."""

import pytest
import torch
from torch.nn import functional as F

from afina.modeling import batch_logits
from afina.tokenization import pad
from afina.training import Budget


def first_step(training, **loss):
    """Weights after one step of plain gradient descent, and the step."""
    training.optimizer.param_groups[0]["lr"] = 0
    step = next(training.steps(Budget(4), evaluations=1, max_grad_norm=1e9, **loss))
    return training.weights(), step


def logits_of(training, rows):
    batch = pad(training.encodings, rows, pad_id=training.pretrained.pad_id)
    return batch_logits(training.plain, batch), training.label_ids[torch.from_numpy(rows)]


def test_smoothing_and_label_weights_are_those_of_cross_entropy(start):
    weights = torch.tensor([0.5, 2.0])
    training = start()
    rows = training.order(0)[0]
    with torch.no_grad():
        logits, targets = logits_of(training, rows)
    expected = F.cross_entropy(logits, targets, weight=weights, label_smoothing=0.2, reduction="sum") / len(rows)
    _, step = first_step(training, label_smoothing=0.2, label_weights=weights)
    assert step.loss == pytest.approx(float(expected), rel=1e-5)


def test_batches_are_gathered_into_one_step(start):
    gathered, whole = start(), start()
    n = gathered.batches_per_epoch
    assert n > 2
    steps = list(gathered.steps(Budget(2), accumulation=n))
    assert [step.n_texts for step in steps] == [16, 16]
    assert [round(step.epoch, 6) for step in steps] == [1, 2]
    # The gradient is that of all texts at once, divided by the same number.
    whole.model.train()
    rows = [row for batch in whole.order(0) for row in batch]
    loss = sum(F.cross_entropy(*logits_of(whole, batch), reduction="sum") for batch in whole.order(0)) / (
        16 / whole.batches_per_epoch
    )
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(whole.plain.parameters(), 1e9)
    assert len(rows) == 16
    assert steps[0].grad_norm == pytest.approx(float(norm), rel=1e-4)


def test_what_is_left_over_of_an_epoch_is_a_step_too(start):
    training = start()
    n = training.batches_per_epoch
    steps = list(training.steps(Budget(2), accumulation=n - 1))
    assert [round(step.epoch * n) for step in steps] == [n - 1, n]
    assert sum(step.n_texts for step in steps) == 16


def test_groups_of_the_optimizer_keep_their_share_of_the_rate(start):
    training = start()
    training.optimizer.param_groups[0]["rate_factor"] = 0.25
    step = next(training.steps(Budget(4)))
    rates = [group["lr"] for group in training.optimizer.param_groups]
    assert rates[0] == pytest.approx(0.25 * step.learning_rate)
    assert rates[1] == pytest.approx(step.learning_rate)
