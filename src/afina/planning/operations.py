"""Floating-point operations of training, from a model's sizes: what any machine has to do, whatever its speed.

A weight costs a token two operations forward, and backward two for the gradient of its input and two for its own
(Kaplan et al., "Scaling laws for neural language models", 2020). Attention adds, in each layer, two products of each
pair of tokens: 4 * length * width operations a token.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from afina.modeling import Outline
from afina.planning.settings import FROZEN, HEAD, LORA

Lengths = npt.NDArray[np.integer] | npt.NDArray[np.floating]


def forward_operations(outline: Outline, lengths: Lengths) -> float:
    """Operations of reading texts once with all layers.

    Args:
        outline: The model's sizes.
        lengths: Tokens of each text, (n_texts,).
    """
    matrix, attention = _parts(outline, lengths)
    return matrix + attention


def training_operations(
    outline: Outline,
    lengths: Lengths,
    *,
    method: str,
    epochs: float,
    frozen_layers: int = 0,
    keeps_states: bool = False,
) -> float:
    """Operations of training on texts.

    Args:
        outline: The model's sizes.
        lengths: Tokens of each training text, (n_texts,), as far as they are read.
        method: `full`, `frozen`, `head` or `lora`.
        epochs: Passes over the texts.
        frozen_layers: Layers that `frozen` leaves as they are.
        keeps_states: Whether frozen layers read each text once for all epochs.
    """
    matrix, attention = _parts(outline, lengths)
    if method == LORA:
        # The pretrained weights get no gradient; what flows through them does.
        return epochs * (2 * matrix + 3 * attention)
    frozen = outline.n_layers if method == HEAD else frozen_layers if method == FROZEN else 0
    share = frozen / max(outline.n_layers, 1)
    forward = matrix + attention
    readings = 1.0 if keeps_states else epochs
    return forward * (readings * share + 3 * epochs * (1 - share))


def _parts(outline: Outline, lengths: Lengths) -> tuple[float, float]:
    """Operations of reading texts once: in products with weights, and in attention."""
    tokens, squares = float(np.sum(lengths)), float(np.sum(np.square(lengths, dtype=np.float64)))
    return 2.0 * outline.matrix_weights * tokens, 4.0 * outline.n_layers * outline.width * squares
