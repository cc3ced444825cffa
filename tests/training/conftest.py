"""A tiny model, 16 texts and a clock that stands still until told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from afina.labels import LabelSet
from afina.modeling import batch_logits, load_pretrained, predict_logits
from afina.tokenization import Encoder, pad, shuffled_batches
from afina.training import (
    Budget,
    DevScore,
    LoopSettings,
    linear_multiplier,
    make_accelerator,
    make_optimizer,
    seed_everything,
    training_steps,
)

TEXTS = [
    f"the {word} {thing} was {word}"
    for word in ("good", "bad", "lovely", "awful", "great", "poor", "kind", "rude")
    for thing in ("film", "room was")
]
BATCH_TOKENS = 36


@dataclass
class FakeClock:
    """Seconds that pass only when told."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let seconds pass."""
        self.now += seconds


class Training:
    """Sixteen texts and a tiny model, trained with the public loop as the recipes do."""

    def __init__(self, folder: Path, *, dropout: float = 0.0, learning_rate: float = 3e-3) -> None:
        labels = LabelSet(("negative", "positive"))
        self.pretrained = load_pretrained(str(folder), labels, seed=0, dropout=dropout)
        self.plain = self.pretrained.model
        self.encodings = Encoder(self.pretrained.backend_tokenizer, 32).encode(TEXTS)
        self.label_ids = torch.tensor([1, 1, 0, 0] * 4)
        self.accelerator = make_accelerator("fp32")
        self.learning_rate = learning_rate
        seed_everything(0)
        optimizer = make_optimizer(self.plain, learning_rate=learning_rate, weight_decay=0.01)
        self.model, self.optimizer = self.accelerator.prepare(self.plain, optimizer)

    def steps(
        self,
        budget: Budget,
        *,
        evaluate: Callable[[], DevScore] | None = None,
        before_batch: Callable[[], None] = lambda: None,
        evaluations: int = 2,
        patience: int = 99,
        max_grad_norm: float = 1.0,
        state: Any = None,
        **others: Any,
    ) -> Any:
        """The generator of steps; an epoch has a handful of batches."""

        def make(rows: np.ndarray) -> Any:
            before_batch()
            return pad(self.encodings, rows, pad_id=self.pretrained.pad_id)

        def epoch_batches(epoch: int) -> list[Any]:
            return [partial(make, rows) for rows in self.order(epoch)]

        return training_steps(
            self.model,
            self.optimizer,
            self.accelerator,
            epoch_batches=epoch_batches,
            forward=partial(batch_logits, self.model),
            label_ids=self.label_ids,
            budget=budget,
            settings=LoopSettings(
                learning_rate=self.learning_rate,
                schedule=partial(linear_multiplier, warmup_share=0.1),
                evaluations=evaluations,
                patience=patience,
                max_grad_norm=max_grad_norm,
                mean_texts=len(TEXTS) / self.batches_per_epoch,
                seed=0,
                **others,
            ),
            evaluate=evaluate or self.score,
            state=state,
        )

    @property
    def batches_per_epoch(self) -> int:
        """Batches of the first epoch."""
        return len(self.order(0))

    def order(self, epoch: int) -> list[np.ndarray]:
        """Positions of the texts of each batch."""
        return shuffled_batches(self.encodings.lengths, BATCH_TOKENS, seed=0, epoch=epoch)

    def score(self) -> DevScore:
        """Accuracy and loss on the training texts."""
        logits = torch.from_numpy(predict_logits(self.model, self.encodings, pad_id=self.pretrained.pad_id))
        loss = torch.nn.functional.cross_entropy(logits, self.label_ids)
        return DevScore(float((logits.argmax(dim=1) == self.label_ids).float().mean()), -float(loss))

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of all weights."""
        return {name: weight.detach().clone() for name, weight in self.plain.state_dict().items()}


@pytest.fixture(autouse=True, scope="session")
def on_one_thread(one_thread: None) -> None:
    """All tests of this room run torch on one core."""


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until told."""
    return FakeClock()


@pytest.fixture
def start(tiny_model: Path) -> Callable[..., Training]:
    """Make a fresh training, the same each time."""
    return partial(Training, tiny_model)
