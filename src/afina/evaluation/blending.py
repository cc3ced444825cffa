"""A fine-tuned model and the TF-IDF baseline together: the weighted mean of their log-probabilities.

A transformer reads the start and the end of a long text in order, the baseline counts the words of all of it: they err
on different texts. The mean of logarithms is the logarithmic opinion pool (Genest and Zidek, "Combining probability
distributions", Statistical Science 1986); each of the two can veto a label.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BLEND_FILE = "blend/tfidf.parquet"
"""Where a run keeps the baseline that is blended in, relative to the run."""

# A label that a classifier never saw has probability 0; with its logarithm no other opinion would count.
_LEAST = 1e-12
_WEIGHTS = np.linspace(0, 1, 21)
# Gain in log loss that is more than rounding, where the baseline says what the model says.
_LEAST_GAIN = 1e-4
# Scales of the log-probabilities among which the best is looked for, by halving: 2^-20 of this range is exact enough.
_LOG_SCALES = (float(np.log(0.02)), float(np.log(50)))
_HALVINGS = 20

Floats = npt.NDArray[np.float64]


def blend(model: Floats, baseline: Floats, weight: float) -> Floats:
    """Blend probabilities.

    Args:
        model: Probabilities of the model, (n_texts, n_labels).
        baseline: Those of the baseline for the same texts and labels; zeros are allowed in both.
        weight: Share of the baseline, 0 to 1.

    Returns:
        (n_texts, n_labels) float64, proportional to `model ** (1 - weight) * baseline ** weight`, rows summing to 1.
    """
    if weight == 0:
        return model
    logs = _mix(log_probabilities(model), log_probabilities(baseline), weight)
    probabilities: Floats = np.exp(logs - _log_sum(logs))
    return probabilities


def log_probabilities(probabilities: Floats) -> Floats:
    """Logarithms, that of 0 taken as that of 1e-12."""
    logs: Floats = np.log(np.maximum(probabilities, _LEAST))
    return logs


def choose_weight(label_ids: npt.NDArray[np.int64], model: Floats, baseline: Floats) -> float:
    """The weight of the baseline by texts that neither it nor the model was fitted on.

    It is the weight with the lowest log loss. Accuracy would not do: on a few hundred texts it rests on the handful
    that change sides, while the log loss weighs the evidence of each text. Fine-tuned models are overconfident, and
    any mixture softens them, which lowers the log loss without a better answer to any text; so each mixture, the
    model alone included, is judged after its log-probabilities are multiplied by the number that suits it best.

    The blend is kept only where its mean gain over the model alone is larger than one standard error of the paired
    differences. Where the baseline knows nothing, the weight that fits best gains z² / 2n with a standard error of
    z / n, for z a standard normal number; so this asks for z > 2, and a useless baseline is kept once in 40 times.

    Args:
        label_ids: True label of each text, (n_texts,).
        model: Log-probabilities of the model, (n_texts, n_labels); minus infinity is allowed.
        baseline: Log-probabilities of the baseline.

    Returns:
        The weight for `blend`, in steps of 0.05; 0 where the baseline does not help.
    """
    if len(label_ids) < 2:
        return 0.0
    model, baseline = (np.maximum(logs, np.log(_LEAST)) for logs in (model, baseline))
    losses = np.stack([_losses_at_best_scale(_mix(model, baseline, weight), label_ids) for weight in _WEIGHTS])
    best = int(losses.mean(axis=1).argmin())
    gains = losses[0] - losses[best]
    standard_error = gains.std(ddof=1) / np.sqrt(len(gains))
    return float(_WEIGHTS[best]) if gains.mean() > max(standard_error, _LEAST_GAIN) else 0.0


def _mix(model: Floats, baseline: Floats, weight: float) -> Floats:
    mixed: Floats = (1 - weight) * model + weight * baseline
    return mixed


def _losses_at_best_scale(logs: Floats, label_ids: npt.NDArray[np.int64]) -> Floats:
    """Log loss of each text, (n_texts,), with `logs` multiplied by the number that makes their mean lowest."""
    true = logs[np.arange(len(logs)), label_ids]
    low, high = _LOG_SCALES
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        scaled = np.exp(middle) * logs
        shares = np.exp(scaled - _log_sum(scaled))
        # The loss is convex in the scale; this is its slope.
        slope = float(((shares * logs).sum(axis=1) - true).mean())
        low, high = (low, middle) if slope > 0 else (middle, high)
    scale = np.exp((low + high) / 2)
    losses: Floats = _log_sum(scale * logs)[:, 0] - scale * true
    return losses


def _log_sum(logs: Floats) -> Floats:
    """Logarithm of the sum of exponentials of each row, (n_texts, 1)."""
    most = logs.max(axis=1, keepdims=True)
    sums: Floats = most + np.log(np.exp(logs - most).sum(axis=1, keepdims=True))
    return sums
