"""95 % intervals: by the bootstrap for everything that a confusion matrix tells, exact for a single share.

Drawing n texts with replacement and counting (true, predicted) pairs gives multinomial counts, so the resampled
confusion matrices are drawn directly: the same bootstrap, thousands of resamples in milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """The JSON form."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    def __neg__(self) -> Interval:
        """The same difference seen from the other side."""
        return Interval(-self.value, -self.high, -self.low)

    def as_percent(self) -> str:
        """A share in percent, as in `94.0% (91.2% to 96.1%)`."""
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%})"

    def as_points(self) -> str:
        """An amount in percentage points, as in `3.1 points (0.3 to 5.9)`."""
        return f"{100 * self.value:.1f} points ({self.bounds_in_points()})"

    def as_difference(self) -> str:
        """A difference in percentage points whose sign counts, as in `+3.1 points, 95 % interval +0.3 to +5.9`."""
        return f"{100 * self.value:+.1f} points, 95 % interval {self.bounds_in_points(signed=True)}"

    def bounds_in_points(self, *, signed: bool = False) -> str:
        """The interval alone in percentage points, as in `0.3 to 5.9`."""
        form = "+.1f" if signed else ".1f"
        return f"{100 * self.low:{form}} to {100 * self.high:{form}}"


def label_metrics(confusions: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
    """Precision, recall and F1 of each label in many confusion matrices at once.

    A ratio whose denominator is zero counts as 0, as scikit-learn's `zero_division=0`.

    Args:
        confusions: Counts, (n_matrices, n_labels, n_labels), true label first.

    Returns:
        For each metric an array (n_matrices, n_labels).
    """
    counts = confusions.astype(np.float64)
    hits = np.diagonal(counts, axis1=1, axis2=2)  # (n_matrices, n_labels)
    actual, predicted = counts.sum(axis=2), counts.sum(axis=1)
    return {
        "precision": _ratio(hits, predicted),
        "recall": _ratio(hits, actual),
        "f1": _ratio(2 * hits, actual + predicted),
    }


def confusion_metrics(
    confusions: npt.NDArray[np.int64], *, positive_id: int | None
) -> dict[str, npt.NDArray[np.float64]]:
    """Accuracy, F1, precision, recall and Matthews' correlation of many confusion matrices at once.

    Macro averages run over the labels that are right or predicted somewhere in each matrix, as scikit-learn's do.

    Args:
        confusions: Counts, (n_matrices, n_labels, n_labels), true label first.
        positive_id: The label to report on; None for macro averages.

    Returns:
        For each metric an array (n_matrices,).
    """
    counts = confusions.astype(np.float64)
    total = counts.sum(axis=(1, 2))
    actual, predicted = counts.sum(axis=2), counts.sum(axis=1)  # (n_matrices, n_labels)
    by_label = label_metrics(confusions)
    if positive_id is None:
        present = (actual + predicted) > 0
        averaged = {name: _ratio((each * present).sum(axis=1), present.sum(axis=1)) for name, each in by_label.items()}
    else:
        averaged = {name: each[:, positive_id] for name, each in by_label.items()}
    correct = np.trace(counts, axis1=1, axis2=2)
    # Gorodkin 2004: the multi-class form of Matthews' correlation coefficient.
    covariance = correct * total - (actual * predicted).sum(axis=1)
    spread = (total**2 - (predicted**2).sum(axis=1)) * (total**2 - (actual**2).sum(axis=1))
    return {"accuracy": _ratio(correct, total), **averaged, "matthews": _ratio(covariance, np.sqrt(spread))}


def resample_confusion(confusion: npt.NDArray[np.int64], *, samples: int, seed: int) -> npt.NDArray[np.int64]:
    """Confusion matrices of texts drawn with replacement, (samples, n_labels, n_labels).

    Args:
        confusion: Counts, (n_labels, n_labels).
        samples: Resamples to draw.
        seed: Equal seeds draw equal matrices.
    """
    n = int(confusion.sum())
    draws = np.random.default_rng(seed).multinomial(n, confusion.ravel() / n, size=samples)
    return draws.reshape(samples, *confusion.shape)


def bootstrap_from_confusion(
    confusion: npt.NDArray[np.int64], *, positive_id: int | None, samples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of each metric, low and high.

    Args:
        confusion: Counts, (n_labels, n_labels).
        positive_id: As in `confusion_metrics`.
        samples: Resamples to draw.
        seed: Equal seeds give equal intervals.
    """
    resampled = confusion_metrics(resample_confusion(confusion, samples=samples, seed=seed), positive_id=positive_id)
    return {
        name: (float(low), float(high))
        for name, values in resampled.items()
        for low, high in [np.quantile(values, TAILS)]
    }


def exact_share(hits: int, n: int) -> Interval:
    """A share with its exact binomial interval (Clopper and Pearson 1934), which holds for few texts too.

    It is never too narrow: of one text that is right it says 0.025 to 1.

    Args:
        hits: Texts that count.
        n: Texts in all, at least one.
    """
    from scipy.stats import binomtest

    found = binomtest(hits, n).proportion_ci(CONFIDENCE, method="exact")
    return Interval(hits / n, float(found.low), float(found.high))


def _ratio(numerator: npt.NDArray[np.float64], denominator: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator, dtype=np.float64), where=denominator != 0)


def bootstrap_mean(values: npt.NDArray[np.float64], *, samples: int = 2000, seed: int = 0) -> Interval:
    """The mean of values that are no counts, such as each text's accuracy over several seeds, with its interval.

    Args:
        values: One for each text, (n_texts,).
        samples: Bootstrap resamples.
        seed: Equal seeds give equal intervals.
    """
    return bootstrap_mean_of_sets([values], samples=samples, seed=seed)


def bootstrap_mean_of_sets(
    values: Sequence[npt.NDArray[np.float64]], *, samples: int = 2000, seed: int = 0
) -> Interval:
    """The mean of the means of several sets of texts, each resampled by itself: every set counts the same.

    There are few distinct values, so a resample is fully given by how often each is drawn.

    Args:
        values: For each set, a value for each of its texts, (n_texts,).
        samples: Bootstrap resamples.
        seed: Equal seeds give equal intervals.
    """
    rng = np.random.default_rng(seed)
    resampled = np.zeros(samples)
    for each in values:
        distinct, counts = np.unique(each, return_counts=True)
        draws = rng.multinomial(len(each), counts / len(each), size=samples)
        resampled += draws @ distinct / len(each) / len(values)
    low, high = np.quantile(resampled, TAILS)
    return Interval(float(np.mean([each.mean() for each in values])), float(low), float(high))
