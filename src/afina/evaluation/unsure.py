"""When to say "not sure": a threshold on the confidence that keeps the answers given below an error rate.

Method: Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", NIPS 2017 (arXiv 1705.08500): of the
texts answered, the error rate is bounded from above by a binomial tail, for each of the few thresholds that are tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.evaluation.intervals import Interval, exact_share

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


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
    wrong. It is an exact binomial bound, shared among all thresholds tried (Bonferroni): all texts answered, and then
    those of a search by halving. Texts that chose weights or a temperature before flatter the model a little; a test
    set tells what the promise is worth.

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
    tail = (1 - confidence) / (1 + math.ceil(math.log2(n + 1)))
    if _upper_bound(int(wrong.sum()), n, tail) <= error_rate:
        return Threshold(0.0, 1.0)
    ascending = np.sort(certainty)
    found = None
    low, high = 0, n - 1
    while low <= high:
        middle = (low + high) // 2
        answered = certainty >= ascending[middle]
        if _upper_bound(int(wrong[answered].sum()), int(answered.sum()), tail) <= error_rate:
            found, high = Threshold(float(ascending[middle]), float(answered.mean())), middle - 1
        else:
            low = middle + 1
    return found


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


def _upper_bound(errors: int, n: int, tail: float) -> float:
    """The largest error rate with which so few errors in `n` texts are still as probable as `tail`."""
    from scipy.stats import beta

    return 1.0 if errors == n else float(beta.ppf(1 - tail, errors + 1, n - errors))
