"""A small encoder trained from scratch under a tokenizer, by the training room's loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from afina.data import TextDataset
from afina.modeling import batch_logits, predict_logits
from afina.modeling.scratch import LAYERS, WIDTH, small_encoder
from afina.recipes.reporting import Reporter, Silent
from afina.tokenization import Encoder, Encodings, pad, shuffled_batches
from afina.tokenization.named import NamedTokenizer
from afina.training import (
    Budget,
    DevScore,
    LoopSettings,
    linear_multiplier,
    make_accelerator,
    make_optimizer,
    restore_weights,
    seed_everything,
    trained_weights,
    training_steps,
)

MAX_TOKENS = 512
BATCH_TOKENS = 2048
LEARNING_RATE, WEIGHT_DECAY, WARMUP = 1e-3, 0.01, 0.1
EVALUATIONS = 8
_WARMUP_STEPS, _TIMED_STEPS = 2, 6


@dataclass(frozen=True)
class Division:
    """Labelled texts in three parts."""

    train: TextDataset
    dev: TextDataset
    test: TextDataset


@dataclass(frozen=True)
class Size:
    """Weights of a model."""

    parameters: int
    embedding_parameters: int


class ScratchTrial:
    """A small encoder trained from scratch on the tokens of one tokenizer.

    Args:
        named: The tokenizer.
        division: Texts to train on, to choose weights by, and to test on.
    """

    def __init__(self, named: NamedTokenizer, division: Division) -> None:
        self.named = named
        encoder = Encoder(named.tokenizer, MAX_TOKENS)
        self.train, self.dev, self.test = (encoder.encode(part.texts) for part in vars(division).values())
        self._labels = division.train.labels
        self._train_ids, self._dev_ids = torch.from_numpy(division.train.label_ids), division.dev.label_ids
        self._pad_id = named.pad_id or 0

    @cached_property
    def size(self) -> Size:
        """Weights of the model, and of its embedding table."""
        model = self._model(0)
        in_embeddings = sum(p.numel() for p in model.get_input_embeddings().parameters())
        return Size(sum(p.numel() for p in model.parameters()), in_embeddings)

    @cached_property
    def operations_per_epoch(self) -> float:
        """Floating point operations of an epoch of training, padding counted."""
        return float(sum(self._operations(rows) for rows in self._order(epoch=0, seed=0)))

    def operations_per_second(self) -> float:
        """Pace of training, from a few steps."""
        done, started = 0.0, 0.0
        order = self._order(epoch=0, seed=0)
        steps = self._steps(self._model(0), len(order), seed=0, score=lambda: DevScore(0, 0))
        for number, (rows, _) in enumerate(zip(order, steps, strict=False)):
            if number == _WARMUP_STEPS:
                done, started = 0.0, time.monotonic()
            done += self._operations(rows)
            if number >= _WARMUP_STEPS + _TIMED_STEPS:
                break
        return max(done, 1.0) / max(time.monotonic() - started, 1e-6)

    def _operations(self, rows: npt.NDArray[np.int64]) -> float:
        """Operations of a training step: 6 for each weight and token, and 12 for each pair of tokens and width.

        As in Kaplan et al. ("Scaling laws for neural language models", 2020); looking embeddings up costs none.
        """
        width = int(self.train.lengths[rows].max())
        size = self.size
        body = size.parameters - size.embedding_parameters
        return len(rows) * width * (6.0 * body + 12.0 * LAYERS * WIDTH * width)

    def predictions(self, operations: float, *, seed: int, reporter: Reporter | None = None) -> npt.NDArray[np.int64]:
        """Label ids of the test texts after so many operations of training."""
        reporter = reporter or Silent()
        seed_everything(seed)
        model = self._model(seed)

        def score_dev() -> DevScore:
            return DevScore.of(self._logits(model, self.dev), self._dev_ids)

        best = None
        started = time.monotonic()
        steps = max(1, math.ceil(operations / self.operations_per_epoch * len(self._order(epoch=0, seed=seed))))
        for step in self._steps(model, steps, seed=seed, score=score_dev):
            passed = time.monotonic() - started
            reporter.step(step, seconds_left=passed * (1 - step.progress) / max(step.progress, 1e-6))
            if step.is_best:
                best = trained_weights(model)
        if best is not None:
            restore_weights(model, best)
        predicted: npt.NDArray[np.int64] = self._logits(model, self.test).argmax(axis=1)
        return predicted

    def _model(self, seed: int) -> Any:
        n_labels = len(self._labels)
        return small_encoder(self.named.vocabulary, n_labels, max_tokens=MAX_TOKENS, pad_id=self._pad_id, seed=seed)

    def _logits(self, model: Any, encodings: Encodings) -> npt.NDArray[np.float32]:
        side = self.named.padding_side
        return predict_logits(model, encodings, pad_id=self._pad_id, padding_side=side, device=model.device)

    def _order(self, *, epoch: int, seed: int) -> list[npt.NDArray[np.int64]]:
        return shuffled_batches(self.train.lengths, BATCH_TOKENS, seed=seed, epoch=epoch)

    def _steps(self, model: Any, n_steps: int, *, seed: int, score: Callable[[], DevScore]) -> Any:
        accelerator = make_accelerator("fp32")
        optimizer = make_optimizer(model, learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        model, optimizer = accelerator.prepare(model, optimizer)

        def batches(epoch: int) -> Sequence[Callable[[], Any]]:
            make = partial(pad, self.train, pad_id=self._pad_id, side=self.named.padding_side)
            return [partial(make, rows) for rows in self._order(epoch=epoch, seed=seed)]

        settings = LoopSettings(
            learning_rate=LEARNING_RATE, schedule=partial(linear_multiplier, warmup_share=WARMUP),
            evaluations=EVALUATIONS, patience=EVALUATIONS, max_grad_norm=1.0,
            mean_texts=len(self.train) / len(batches(0)), seed=seed,
        )  # fmt: skip
        return training_steps(
            model, optimizer, accelerator, epoch_batches=batches, forward=partial(batch_logits, model),
            label_ids=self._train_ids, budget=Budget(n_steps),
            settings=settings, evaluate=score,
        )  # fmt: skip
