"""Memory that a training takes at its highest, from a model's sizes and the texts."""

from __future__ import annotations

import math

from afina.modeling import INFERENCE_BATCH_TOKENS, Outline
from afina.planning.cost import Texts, Training, trained_weights
from afina.planning.settings import HEAD, LORA

# Constants of what processes were seen to hold (benchmarks/forecast.py): most of it is memory that the allocator does
# not give back, so that they are larger than the arrays that stand in it at any one time.

# Python with the libraries that a run loads.
_LIBRARIES_MB = 540.0
# Texts, their tokens and the baseline: less for each the more there are, since words repeat; and at the highest, while
# the baseline is fitted.
_TEXTS_MB, _TEXTS_EXPONENT, _BASELINE_BYTES = 65.0, 0.6, 10.0
# Numbers kept of a token for the backward pass, for each weight that it is multiplied with over the width; more with
# low-rank updates, which keep inputs of their own.
_KEPT_NUMBERS, _LORA_KEPT = 3.2, 1.9
# The same for reading, in a layer; arrays above a size are given back at once.
_READ_NUMBERS, _LARGE_READ_NUMBERS, _LARGE_BYTES = 4.9, 3.2, 40e6
_ATTENTION_FAMILIES = ("deberta-v2", "xlnet")
"""Families whose attention is computed in the open, so that a number is kept for each pair of tokens and head."""
_ATTENTION_NUMBERS, _HEAD_WIDTH = 4.0, 64


def peak_memory_mb(
    outline: Outline, training: Training, *, train: Texts, source_characters: float, cache_mb: float = 0.0
) -> float:
    """Most memory of the process during a run, in MB.

    Args:
        outline: The model's sizes.
        training: What is trained.
        train: Training texts.
        source_characters: Characters of all texts that are read, whether or not there is time to train on them.
        cache_mb: What kept states of frozen layers take in memory.
    """
    held = 1e6 * _TEXTS_MB * math.pow(source_characters / 1e6, _TEXTS_EXPONENT)
    # Gradients, two moments, and the best weights.
    optimizer = 16 * trained_weights(outline, training)
    passes = max(_activation_bytes(outline, training, train), _reading_bytes(outline))
    baseline = _BASELINE_BYTES * source_characters
    return _LIBRARIES_MB + (4 * outline.weights + held + max(optimizer + passes + 1e6 * cache_mb, baseline)) / 1e6


def _reading_bytes(outline: Outline) -> float:
    """What scoring a batch of the dev or test set takes."""
    a_layer = 4 * INFERENCE_BATCH_TOKENS * outline.matrix_weights / max(outline.n_layers, 1) / outline.width
    # The widest array of a layer is a third of what its weights say: 4 widths of 12.
    return (_READ_NUMBERS if a_layer / 3 <= _LARGE_BYTES else _LARGE_READ_NUMBERS) * a_layer


def _activation_bytes(outline: Outline, training: Training, texts: Texts) -> float:
    """What the forward pass of a batch keeps for the backward pass."""
    if training.method == HEAD:
        return 0.0
    share = 1.0 if training.method == LORA else 1 - training.frozen_layers / max(outline.n_layers, 1)
    kept = _KEPT_NUMBERS * (_LORA_KEPT if training.method == LORA else 1)
    numbers = kept * outline.matrix_weights / outline.width
    if outline.family in _ATTENTION_FAMILIES:
        numbers += _ATTENTION_NUMBERS * outline.n_layers * outline.width / _HEAD_WIDTH * texts.weighted_length
    if training.recomputes:
        share /= max(1.0, outline.n_layers**0.5)
    return 4 * training.batch_tokens * numbers * share
