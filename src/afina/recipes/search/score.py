"""How good a trial is: the log loss of its dev texts, once its confidence is put right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afina.evaluation import Interval, bootstrap_mean, losses_at_best_scale

OBJECTIVE = "log loss of the dev texts after temperature scaling"
_LEAST_PROBABILITY = 1e-7


@dataclass(frozen=True)
class Score:
    """Scores of one trial on the dev set."""

    losses: npt.NDArray[np.float64]
    """Log loss of each dev text after temperature scaling, (n_texts,)."""
    accuracy: float

    @property
    def value(self) -> float:
        """What the search makes small."""
        return float(self.losses.mean())


def score_trial(probabilities: npt.NDArray[np.float64], label_ids: npt.NDArray[np.int64]) -> Score:
    """Score probabilities by their log loss at the temperature that suits them best.

    The accuracy of a few hundred dev texts moves in steps as large as the differences sought. Log loss does not, and
    yet punishes the overconfidence that comes with many epochs, which does not make a classifier wrong. One number,
    the temperature (Guo et al. 2017, arXiv 1706.04599), takes that out; what is left is how well labels are told
    apart (Berta et al. 2025, arXiv 2501.19195).

    Args:
        probabilities: Of each dev text, (n_texts, n_labels).
        label_ids: Their labels, (n_texts,).
    """
    losses = losses_at_best_scale(label_ids, np.log(np.maximum(probabilities, _LEAST_PROBABILITY)))
    return Score(losses, float((probabilities.argmax(axis=1) == label_ids).mean()))


@dataclass(frozen=True)
class Gain:
    """What a trial's log loss is below that of the defaults, on the same dev texts."""

    interval: Interval
    standard_error: float

    @property
    def is_more_than_chance(self) -> bool:
        """Whether it is larger than its standard error."""
        return self.interval.value > self.standard_error


def gain_over(defaults: Sequence[float], other: Sequence[float]) -> Gain:
    """Compare the losses of two trials, text by text.

    Args:
        defaults: Losses of the dev texts with the default settings.
        other: Those with other settings.
    """
    gains = np.asarray(defaults, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    error = float(gains.std(ddof=1) / math.sqrt(len(gains))) if len(gains) > 1 else math.inf
    return Gain(bootstrap_mean(gains), error)
