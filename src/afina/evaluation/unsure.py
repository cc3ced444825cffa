"""When to say "not sure": a threshold on the confidence that keeps the answers given below an error rate.

Selective classification with a guarantee (Geifman and El-Yaniv, NIPS 2017, arXiv 1705.08500): the error rate among the
texts answered is bounded from above by a binomial tail. They share the risk of a false promise among all thresholds
tried. Here the thresholds are tried from the highest down until the first that fails, and each may take the whole risk
(fixed sequence testing, Angelopoulos et al. 2021, arXiv 2110.01052): on a few hundred texts that answers far more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.evaluation.intervals import Interval, exact_share

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

# Share of the risk of a false promise that is spent on promising it for all texts.
_RISK_OF_ALL = 0.1


@dataclass(frozen=True)
class Threshold:
    """A confidence from which on an answer is given."""

    value: float
    """Texts whose most probable label has at least this probability are answered; 0 answers all."""
    coverage: float
    """Share of the texts it was chosen by that are answered."""


@dataclass(frozen=True)
class Coverage:
    """What a threshold does to labelled texts, with exact 95 % intervals (Clopper and Pearson 1934)."""

    threshold: float
    coverage: Interval
    """Share of texts answered."""
    error_rate: Interval | None
    """Share of wrong answers among those given; None where none is given."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "threshold": self.threshold,
            "coverage": self.coverage.as_dict(),
            "error_rate": None if self.error_rate is None else self.error_rate.as_dict(),
        }


def choose_threshold(
    label_ids: Ids, probabilities: Floats, *, error_rate: float, confidence: float = 0.9
) -> Threshold | None:
    """The lowest threshold that promises an error rate among the texts answered.

    The promise: with the given confidence, at most `error_rate` of the answers to further texts of the same kind are
    wrong. A tenth of the risk that it is false is spent on answering all texts, the rest on thresholds: from the
    highest with which one error may be afforded, down to the last of which the exact binomial bound still holds. Texts
    that chose weights or a temperature before flatter the model a little; a test set tells what the promise is worth.

    Args:
        label_ids: True label of each text, (n_texts,).
        probabilities: Calibrated or not, (n_texts, n_labels).
        error_rate: Share of wrong answers wished for, 0 to 1.
        confidence: Probability that the promise is kept, below 1.

    Returns:
        The threshold, 0 where all texts may be answered; None where no threshold can promise the error rate.
    """
    n = len(label_ids)
    if not n:
        return None
    certainty = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != label_ids
    risk = 1 - confidence
    if _upper_bounds(int(wrong.sum()), n, _RISK_OF_ALL * risk) <= error_rate:
        return Threshold(0.0, 1.0)
    # Texts that are equally sure are answered together, or not at all.
    values, counts = np.unique(certainty, return_counts=True)
    answered = counts[::-1].cumsum()  # (n_thresholds,), from the highest threshold down, as the next
    errors = np.bincount(np.searchsorted(values, certainty), weights=wrong)[::-1].cumsum()
    tail = (1 - _RISK_OF_ALL) * risk
    first = int((_upper_bounds(1, answered, tail) > error_rate).sum())
    holds = _upper_bounds(errors, answered, tail) <= error_rate
    last = first + int(holds[first:].cumprod().sum()) - 1
    if last < first:
        return None
    return Threshold(float(values[::-1][last]), float(answered[last] / n))


def measure_threshold(label_ids: Ids, probabilities: Floats, threshold: float) -> Coverage:
    """What a threshold does to texts that did not choose it.

    Args:
        label_ids: True label of each text, (n_texts,) with at least one.
        probabilities: (n_texts, n_labels).
        threshold: Least confidence of an answer.
    """
    answered = probabilities.max(axis=1) >= threshold
    wrong = probabilities.argmax(axis=1) != label_ids
    n_answered = int(answered.sum())
    return Coverage(
        threshold,
        exact_share(n_answered, len(label_ids)),
        exact_share(int((wrong & answered).sum()), n_answered) if n_answered else None,
    )


def _upper_bounds(errors: Floats | int, n: Ids | int, tail: float) -> Floats:
    """The largest error rates with which so few errors in `n` texts are still as probable as `tail`."""
    from scipy.stats import beta

    bounds: Floats = np.where(errors < n, beta.ppf(1 - tail, errors + 1, np.maximum(n - errors, 1)), 1.0)
    return bounds
