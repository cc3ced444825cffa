"""A fine-tuned model and the TF-IDF baseline together: the weighted mean of their log-probabilities.

A transformer reads the start and the end of a long text in order, the baseline counts the words of all of it: they err
on different texts. The mean of logarithms is the logarithmic opinion pool (Genest and Zidek, "Combining probability
distributions", Statistical Science 1986); each of the two can veto a label.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from afina.evaluation.calibration import (
    LEAST_PROBABILITY,
    Floats,
    at_temperature,
    log_probabilities,
    losses_at_best_scale,
)

BLEND_FILE = "blend/tfidf.parquet"
"""Where a run keeps the baseline that is blended in, relative to the run."""

_WEIGHTS = np.linspace(0, 1, 21)
# Gain in log loss that is more than rounding, where the baseline says what the model says.
_LEAST_GAIN = 1e-4


def blend(model: Floats, baseline: Floats, weight: float, *, temperature: float = 1.0) -> Floats:
    """Blend probabilities.

    Args:
        model: Probabilities of the model, (n_texts, n_labels).
        baseline: Those of the baseline for the same texts and labels; zeros are allowed in both.
        weight: Share of the baseline, 0 to 1; with 0 the model's are returned as they are.
        temperature: The mixture's own, see `fit_temperature`: opinions that err apart are more often right together
            than the mean of their logarithms says.

    Returns:
        (n_texts, n_labels) float64, rows summing to 1, proportional to
        `(model ** (1 - weight) * baseline ** weight) ** (1 / temperature)`.
    """
    if weight == 0:
        return model
    return at_temperature(mix(log_probabilities(model), log_probabilities(baseline), weight), temperature)


def mix(model: Floats, baseline: Floats, weight: float) -> Floats:
    """The weighted mean of log-probabilities, which `blend` makes into probabilities: (n_texts, n_labels)."""
    mixed: Floats = (1 - weight) * model + weight * baseline
    return mixed


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
    model, baseline = (np.maximum(logs, np.log(LEAST_PROBABILITY)) for logs in (model, baseline))
    losses = np.stack([losses_at_best_scale(label_ids, mix(model, baseline, weight)) for weight in _WEIGHTS])
    best = int(losses.mean(axis=1).argmin())
    gains = losses[0] - losses[best]
    standard_error = gains.std(ddof=1) / np.sqrt(len(gains))
    return float(_WEIGHTS[best]) if gains.mean() > max(standard_error, _LEAST_GAIN) else 0.0
