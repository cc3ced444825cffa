"""Whether probabilities can be taken at their word: calibration error, reliability and Brier score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.evaluation.intervals import Interval, exact_share

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers of about equal confidence, and how many of them are right."""

    low: float
    """The bin holds confidences above this one ..."""
    high: float
    """... up to this one."""
    n: int
    confidence: float
    """Mean probability of the answers."""
    accuracy: Interval
    """Share of right answers, with its exact binomial interval."""

    def as_dict(self) -> dict[str, float | int]:
        """The JSON form."""
        return {
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "confidence": self.confidence,
            "accuracy": self.accuracy.value,
            "accuracy_low": self.accuracy.low,
            "accuracy_high": self.accuracy.high,
        }


@dataclass(frozen=True)
class Reliability:
    """Calibration of the answers on one data set."""

    ece: float
    """As `expected_calibration_error`."""
    brier: float
    """As `brier_score`."""
    bins: tuple[ReliabilityBin, ...]
    """As `reliability_bins`."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"ece": self.ece, "brier": self.brier, "reliability": [bin_.as_dict() for bin_ in self.bins]}


def measure_reliability(label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64]) -> Reliability:
    """Calibration error, Brier score and the bins of a reliability diagram.

    Args:
        label_ids: Right label ids, (n_texts,), at least one.
        probabilities: (n_texts, n_labels).
    """
    return Reliability(
        expected_calibration_error(label_ids, probabilities),
        brier_score(label_ids, probabilities),
        reliability_bins(label_ids, probabilities),
    )


def expected_calibration_error(
    label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], *, n_bins: int = CALIBRATION_BINS
) -> float:
    """Mean distance between confidence and accuracy over equal-width bins (Guo et al. 2017, arXiv 1706.04599).

    Args:
        label_ids: Right label ids, (n_texts,).
        probabilities: (n_texts, n_labels).
        n_bins: Bins over confidence from 0 to 1, each without its lower and with its upper edge.
    """
    binned = _Binned.of(label_ids, probabilities, n_bins)
    return float(np.abs(binned.hits - binned.confidences).sum() / binned.sizes.sum())


def chance_calibration_error(probabilities: npt.NDArray[np.float64], *, samples: int = 200, seed: int = 0) -> float:
    """The expected calibration error that so many texts would show on average if the probabilities were exactly right.

    No classifier does better but by luck: a bin of few texts never holds just the share of right answers it should.

    Args:
        probabilities: (n_texts, n_labels), at least one text.
        samples: Times that the right answers are drawn by the probabilities.
        seed: Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    confidence, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
    others = (predicted + 1) % probabilities.shape[1]
    drawn = (np.where(rng.random(len(predicted)) < confidence, predicted, others) for _ in range(samples))
    return float(np.mean([expected_calibration_error(label_ids, probabilities) for label_ids in drawn]))


def reliability_bins(
    label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], *, n_bins: int = CALIBRATION_BINS
) -> tuple[ReliabilityBin, ...]:
    """The bins behind the calibration error that hold answers, from least to most confident.

    Args:
        label_ids: Right label ids, (n_texts,).
        probabilities: (n_texts, n_labels).
        n_bins: Bins over confidence from 0 to 1.
    """
    binned = _Binned.of(label_ids, probabilities, n_bins)
    return tuple(
        ReliabilityBin(
            float(binned.edges[i]),
            float(binned.edges[i + 1]),
            int(binned.sizes[i]),
            float(binned.confidences[i] / binned.sizes[i]),
            exact_share(int(binned.hits[i]), int(binned.sizes[i])),
        )
        for i in np.flatnonzero(binned.sizes)
    )


def brier_score(label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64]) -> float:
    """Mean squared distance of the probabilities from the right answer (Brier 1950); lower is better.

    For three labels and more the squares are summed over all labels, so that 0 is perfect and 2 is worst. For two the
    sum is halved, which is the squared error of either label's probability, 0 to 1. The same as scikit-learn's
    `brier_score_loss`.

    Args:
        label_ids: Right label ids, (n_texts,).
        probabilities: (n_texts, n_labels).
    """
    right = np.eye(probabilities.shape[1])[label_ids]
    summed = float(((probabilities - right) ** 2).sum(axis=1).mean())
    return summed / 2 if probabilities.shape[1] == 2 else summed


@dataclass(frozen=True)
class _Binned:
    """Answers counted by confidence."""

    edges: npt.NDArray[np.float64]  # (n_bins + 1,)
    sizes: npt.NDArray[np.int64]  # (n_bins,), as the two below
    hits: npt.NDArray[np.float64]
    confidences: npt.NDArray[np.float64]
    """Sum over the answers of each bin."""

    @classmethod
    def of(cls, label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], n_bins: int) -> _Binned:
        confidence = probabilities.max(axis=1)
        correct = probabilities.argmax(axis=1) == label_ids
        edges = np.linspace(0, 1, n_bins + 1)
        # Looked up among the very edges that are told: multiplying and rounding puts some values beside their bin.
        bins = np.searchsorted(edges[1:-1], confidence)
        return cls(
            edges,
            np.bincount(bins, minlength=n_bins),
            np.bincount(bins, weights=correct, minlength=n_bins).astype(np.float64),
            np.bincount(bins, weights=confidence, minlength=n_bins).astype(np.float64),
        )
