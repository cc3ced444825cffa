"""Probabilities that mean what they say: one temperature, fitted on texts that trained nothing.

Method: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (arXiv 1706.04599). Log-probabilities are
divided by a number above 0, so the order of the labels, and with it every prediction, stays as it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A label that a classifier never saw has probability 0; with its logarithm no other opinion would count.
LEAST_PROBABILITY = 1e-12
# Scales (1 / temperature) among which the best is looked for, by halving: 2^-40 of this range is exact enough.
_LEAST_SCALE, _LARGEST_SCALE = 0.02, 50.0
_HALVINGS = 40
# How far a scale may lie from 1 before a few texts have to argue for it.
_PRIOR_DEVIATION = 0.5


def fit_temperature(label_ids: npt.NDArray[np.int64], log_probabilities: Floats) -> float:
    """The temperature that makes probabilities fit the labels best.

    It minimizes the negative log likelihood, which is convex in 1 / temperature. A prior holds 1 / temperature near 1
    (normal, with a standard deviation of 0.5), which a few hundred texts outweigh: without it, 20 texts that happen to
    be all right would make the model certain of everything. It allows softening, which fine-tuned models need as a
    rule, more readily than sharpening.

    Where the same texts chose the best weights, as the dev set does, they flatter the model a little, and the
    temperature comes out a little too low.

    Args:
        label_ids: True label of each text, (n_texts,).
        log_probabilities: Natural logarithms of the probabilities, or logits: (n_texts, n_labels), finite.

    Returns:
        The temperature, for `at_temperature`; 1 where there are no texts.
    """
    return 1 / _best_scale(label_ids, log_probabilities, prior_deviation=_PRIOR_DEVIATION)


def at_temperature(log_probabilities: Floats, temperature: float) -> Floats:
    """Probabilities at a temperature: the softmax of `log_probabilities / temperature`.

    Args:
        log_probabilities: Natural logarithms of probabilities, or logits: (n_texts, n_labels).
        temperature: Above 0; above 1 it softens, below 1 it sharpens.

    Returns:
        (n_texts, n_labels) float64, rows summing to 1; equal entries stay equal.
    """
    scaled = log_probabilities / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probabilities: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def log_probabilities(probabilities: Floats) -> Floats:
    """Logarithms, that of 0 taken as that of 1e-12."""
    logs: Floats = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
    return logs


def losses_at_best_scale(label_ids: npt.NDArray[np.int64], log_probabilities: Floats) -> Floats:
    """Log loss of each text, (n_texts,), at the temperature that makes their mean lowest; arguments as above."""
    scaled = _best_scale(label_ids, log_probabilities) * log_probabilities
    losses: Floats = log_sum(scaled)[:, 0] - scaled[np.arange(len(scaled)), label_ids]
    return losses


def log_sum(logs: Floats) -> Floats:
    """Logarithm of the sum of exponentials of each row, (n_texts, 1)."""
    most = logs.max(axis=1, keepdims=True)
    sums: Floats = most + np.log(np.exp(logs - most).sum(axis=1, keepdims=True))
    return sums


def _best_scale(label_ids: npt.NDArray[np.int64], logs: Floats, *, prior_deviation: float | None = None) -> float:
    """The number that log-probabilities are best multiplied by; 1 where nothing speaks for another."""
    if not len(label_ids):
        return 1.0
    true = logs[np.arange(len(logs)), label_ids]
    pull = 0.0 if prior_deviation is None else 1 / (prior_deviation**2 * len(logs))
    low, high = np.log(_LEAST_SCALE), np.log(_LARGEST_SCALE)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        scale = np.exp(middle)
        expected = (at_temperature(logs, 1 / scale) * logs).sum(axis=1)
        # The slope of the mean loss, which is convex in the scale, and that of the prior.
        slope = float((expected - true).mean()) + pull * (scale - 1)
        low, high = (low, middle) if slope > 0 else (middle, high)
    return float(np.exp((low + high) / 2))
