"""Memory that a training takes at its highest, from a model's sizes and the texts."""

from __future__ import annotations

from afina.modeling import Outline
from afina.planning.cost import Texts, Training, trained_weights
from afina.planning.settings import HEAD, LORA

# Python with the libraries that a run loads, its texts and its model not counted.
_LIBRARIES_MB = 520.0
# Numbers kept of a token for the backward pass, for each weight that it is multiplied with over the width; with what
# the allocator does not give back between batches of different shapes.
_KEPT_NUMBERS = 3.6
_FORWARD_NUMBERS = 0.5
_INFERENCE_TOKENS = 4096
# Bytes a character of training text: held throughout, and at the highest while the baseline is fitted.
_HELD_BYTES, _BASELINE_BYTES = 14.0, 24.0
_ATTENTION_FAMILIES = ("deberta-v2", "xlnet")
"""Families whose attention is computed in the open, so that a number is kept for each pair of tokens and head."""
_ATTENTION_NUMBERS, _HEAD_WIDTH = 4.0, 64


def peak_memory_mb(
    outline: Outline,
    training: Training,
    *,
    train: Texts,
    source_characters: float,
    cache_mb: float = 0.0,
    libraries_mb: float = _LIBRARIES_MB,
) -> float:
    """Most memory of the process during a run, in MB.

    Args:
        outline: The model's sizes.
        training: What is trained.
        train: Training texts.
        source_characters: Characters of all texts that are read, whether or not there is time to train on them.
        cache_mb: What kept states of frozen layers take in memory.
        libraries_mb: What the process takes before it reads or loads anything.
    """
    weights, trained = outline.weights, trained_weights(outline, training)
    model = 4 * weights
    held = _HELD_BYTES * source_characters
    # Gradients, two moments, and the best weights.
    optimizer = 16 * trained
    fitting = model + optimizer + _activation_bytes(outline, training, train) + 1e6 * cache_mb
    reading = (
        model + 4 * _FORWARD_NUMBERS * _INFERENCE_TOKENS * outline.matrix_weights / outline.n_layers / outline.width
    )
    baseline = model + (_BASELINE_BYTES - _HELD_BYTES) * source_characters
    return libraries_mb + (held + max(fitting, reading, baseline)) / 1e6


def _activation_bytes(outline: Outline, training: Training, texts: Texts) -> float:
    """What the forward pass of a batch keeps for the backward pass."""
    if training.method == HEAD:
        return 0.0
    share = 1.0 if training.method == LORA else 1 - training.frozen_layers / max(outline.n_layers, 1)
    numbers = _KEPT_NUMBERS * outline.matrix_weights / outline.width
    if outline.family in _ATTENTION_FAMILIES:
        numbers += _ATTENTION_NUMBERS * outline.n_layers * outline.width / _HEAD_WIDTH * texts.weighted_length
    if training.recomputes:
        share /= max(1.0, outline.n_layers**0.5)
    return 4 * training.batch_tokens * numbers * share
