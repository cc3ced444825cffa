"""What a training takes on this machine: seconds and memory, from a model's sizes, its pace, and the texts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from afina.modeling import Outline
from afina.planning.pace import Line, Pace
from afina.planning.settings import FROZEN, FULL, HEAD, LORA
from afina.tokenization import shuffled_batches

# Low-rank updates spare the gradients of the weights, and add two thin products to each of their matrices, which run
# far below the rate of large ones: measured, a step costs a little more than one of all weights does.
_LORA_FACTOR = 1.08
# What a step of a run takes beside the passes that are timed: making the batch, the log, the bar.
_STEP_SECONDS = 4e-3
# A run's steps, with changing shapes and a warm processor, took so much longer than timed ones (docs/results/forecast).
_REAL_STEPS = 1.05
# Batches whose padding is counted.
_TEXTS_TO_BATCH = 4000
# A step of the head alone, on states that are kept, and the texts in it.
_HEAD_STEP_SECONDS, _HEAD_TEXTS = 2e-3, 32
# Gradient checkpointing computes each layer forward once more.
_TWICE_FORWARD = 4 / 3
# Writing and hashing a checkpoint once a minute.
_CHECKPOINT_BYTES_PER_SECOND, _CHECKPOINT_EVERY = 250e6, 60.0


class Texts(NamedTuple):
    """How much there is to read."""

    n: int
    tokens: float
    """Mean tokens of a text, as far as it is read."""
    weighted_length: float
    """Mean length of the text that a token stands in, by which attention costs."""
    characters: float
    """Mean characters of a text."""
    padding: float = 1.05
    """Tokens in batches, padding counted, over tokens."""

    @classmethod
    def of(cls, n: int, lengths: npt.NDArray[np.int64], *, characters: float, batch_tokens: int) -> Texts:
        """Texts of which some were tokenized.

        Args:
            n: Texts in all.
            lengths: Tokens of some, (n_some,).
            characters: Mean characters of a text.
            batch_tokens: Most tokens in a batch; batches of that size are made, to see how much padding they hold.
        """
        drawn = np.random.default_rng(0).choice(lengths, min(n, _TEXTS_TO_BATCH))
        batches = shuffled_batches(drawn, max(batch_tokens, int(drawn.max())), seed=0, epoch=0)
        padded = sum(len(rows) * int(drawn[rows].max()) for rows in batches)
        weighted = float(np.square(lengths, dtype=np.float64).sum() / max(lengths.sum(), 1))
        return cls(n, float(lengths.mean()), weighted, characters, padded / max(int(drawn.sum()), 1))


@dataclass(frozen=True)
class Training:
    """A way to train a model."""

    method: str
    """`full`, `frozen`, `head` or `lora`."""
    frozen_layers: int
    epochs: float
    batch_tokens: int
    evaluations: int
    embeddings_trained: bool = False
    keeps_states: bool = False
    """Whether frozen layers read each text once, and what they make of it is kept."""
    recomputes: bool = False
    """Gradient checkpointing."""
    lora_rank: int = 8


class Seconds(NamedTuple):
    """What one pass takes, in seconds a token."""

    read: float
    """Reading with all layers."""
    prefix: float
    """Reading with the frozen layers alone."""
    step: float
    """Training what lies above kept states, or with all layers where none are kept."""


def seconds_per_token(pace: Pace, outline: Outline, training: Training, texts: Texts) -> Seconds:
    """What passes over texts cost, padding counted.

    Args:
        pace: Measured on this machine.
        outline: The model's sizes.
        training: What of it is trained.
        texts: The texts' lengths.
    """

    def through(layer: Line, ends: Line, layers: int) -> float:
        return texts.padding * (layers * layer.at(texts.weighted_length) + ends.at(texts.weighted_length))

    nothing, between = Line(0.0, 0.0), outline.n_layers - 1
    read = through(pace.read_layer, pace.read_ends, between)
    if training.method == HEAD:
        return Seconds(read, read, 0.0)
    frozen = min(training.frozen_layers, between) if training.method == FROZEN else 0
    prefix = through(pace.read_layer, nothing, frozen)
    step = through(pace.train_layer, pace.train_ends, between - frozen)
    if training.recomputes:
        step *= _TWICE_FORWARD
    if training.method == LORA:
        step *= _LORA_FACTOR
    return Seconds(read, prefix, step if training.keeps_states else prefix + step)


def training_seconds(pace: Pace, outline: Outline, training: Training, *, train: Texts, dev: Texts) -> float:
    """Seconds of training with its dev evaluations, as `seconds.train` of a run counts them.

    Args:
        pace: Measured on this machine.
        outline: The model's sizes.
        training: What is trained, and how often.
        train: Training texts.
        dev: Dev texts.
    """
    costs = seconds_per_token(pace, outline, training, train)
    tokens, dev_tokens = train.n * train.tokens, dev.n * dev.tokens
    if training.method == HEAD:
        steps = training.epochs * math.ceil(train.n / _HEAD_TEXTS)
        return costs.read * (tokens + dev_tokens) + steps * _HEAD_STEP_SECONDS
    seconds = _REAL_STEPS * training.epochs * tokens * costs.step
    read_dev = costs.read
    if training.keeps_states:
        seconds += (tokens + dev_tokens) * costs.prefix
        read_dev -= costs.prefix
    steps = math.ceil(training.epochs * tokens * train.padding / training.batch_tokens)
    trained = trained_weights(outline, training)
    seconds += training.evaluations * dev_tokens * read_dev + steps * (trained * pace.update + _STEP_SECONDS)
    return seconds * (1 + 16 * trained / _CHECKPOINT_BYTES_PER_SECOND / _CHECKPOINT_EVERY)


def trained_weights(outline: Outline, training: Training) -> int:
    """Weights that get a gradient."""
    if training.method == HEAD:
        return outline.head_weights
    if training.method == LORA:
        # A matrix of a by b weights gets rank * (a + b): in a transformer's layer of 12 width^2, 18 widths in all.
        return outline.head_weights + round(1.5 * training.lora_rank * outline.matrix_weights / outline.width)
    share = 1.0 if training.method == FULL else 1 - training.frozen_layers / max(outline.n_layers, 1)
    embeddings = outline.embedding_weights if training.embeddings_trained else 0
    return round(share * outline.layer_weights) + outline.head_weights + embeddings
