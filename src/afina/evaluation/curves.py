"""How well the probability of a label ranks texts: ROC and precision-recall curves, and the areas under them.

Ranking needs no more of the texts than how many of the label, and how many in all, stand above each threshold. These
counts are made for many resamples at once, so that the bootstrap is the plain one over texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.evaluation.intervals import TAILS, Interval

_MOST_POINTS = 100
# Texts ranked in all resamples and labels together: about a second. Beyond, there are fewer resamples.
_MOST_RANKED = 60_000_000
_LEAST_SAMPLES = 200
# Texts handled at once: more no longer stay in the cache, which doubles the time.
_BLOCK_TEXTS = 25_000


@dataclass(frozen=True)
class Curve:
    """A curve thinned to points that can be drawn."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Ranking:
    """How well the probability of one label ranks texts."""

    label: str
    roc_auc: Interval | None
    """Chance that a text of the label gets a higher probability than another, ties counted half; None where all
    texts have the label or none has."""
    average_precision: Interval | None
    """Mean precision over the recalls, as scikit-learn's step-wise sum; None where no text has the label."""
    roc: Curve | None
    """True over false positive rate; None with `roc_auc`."""
    precision_recall: Curve | None
    """Precision over recall; None with `average_precision`."""


def rank(
    label_ids: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    names: Sequence[str],
    *,
    samples: int = 2000,
    seed: int = 0,
) -> tuple[Ranking, ...]:
    """Ranking of texts by the probability of each label, against all other labels.

    Args:
        label_ids: Right label ids, (n_texts,), at least one.
        probabilities: (n_texts, n_labels).
        names: Label of each column.
        samples: Bootstrap resamples of the texts; fewer where texts times labels are very many.
        seed: Equal seeds give equal intervals.
    """
    ranks = [_RankedTexts.of(label_ids == i, probabilities[:, i]) for i in range(len(names))]
    areas = _resampled_areas(ranks, _affordable(samples, len(label_ids) * len(names)), seed)
    return tuple(
        _ranking(name, ranked, *resampled) for name, ranked, resampled in zip(names, ranks, areas, strict=True)
    )


def curves_document(rankings: Sequence[Ranking]) -> dict[str, list[dict[str, Any]]]:
    """The JSON form of the curves: of two labels the second, of more every one that has a curve."""
    drawn = rankings[1:] if len(rankings) == 2 else rankings
    roc, precision_recall = [], []
    for ranking in drawn:
        if ranking.roc and ranking.roc_auc:
            rates = {"false_positive_rate": list(ranking.roc.x), "true_positive_rate": list(ranking.roc.y)}
            roc.append({"label": ranking.label, **rates, "auc": ranking.roc_auc.as_dict()})
        if ranking.precision_recall and ranking.average_precision:
            points = {"recall": list(ranking.precision_recall.x), "precision": list(ranking.precision_recall.y)}
            average = ranking.average_precision.as_dict()
            precision_recall.append({"label": ranking.label, **points, "average_precision": average})
    return {"roc": roc, "precision_recall": precision_recall}


@dataclass(frozen=True)
class _RankedTexts:
    """Texts from the highest probability to the lowest; those of equal probability share a threshold."""

    order: npt.NDArray[np.int64]  # (n_texts,)
    relevant: npt.NDArray[np.float64]  # (n_texts,) in that order, 1 for a text of the label and 0 for another
    starts: npt.NDArray[np.int64]  # (n_thresholds,), position of the first text at each threshold

    @classmethod
    def of(cls, relevant: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> _RankedTexts:
        order = np.argsort(-scores, kind="stable")
        starts = np.append(0, np.flatnonzero(np.diff(scores[order])) + 1)
        return cls(order, relevant[order].astype(np.float64), starts)

    def count(self, weights: npt.NDArray[np.float64]) -> _Counts:
        """What stands at and above each threshold, where each text was drawn so many times.

        Args:
            weights: (n_resamples, n_texts).
        """
        drawn = weights[:, self.order]
        found = drawn * self.relevant
        if len(self.starts) < len(self.order):
            drawn, found = (np.add.reduceat(each, self.starts, axis=1) for each in (drawn, found))
        return _Counts(found, drawn - found, np.cumsum(found, axis=1), np.cumsum(drawn, axis=1))


@dataclass(frozen=True)
class _Counts:
    """Numbers of texts, each (n_resamples, n_thresholds)."""

    found: npt.NDArray[np.float64]
    """Of the label, at the threshold."""
    passed: npt.NDArray[np.float64]
    """Of other labels, at the threshold."""
    hits: npt.NDArray[np.float64]
    """Of the label, at the threshold and above."""
    everything: npt.NDArray[np.float64]
    """Of all labels, at the threshold and above."""

    def areas(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Area under the ROC curve and average precision, each (n_resamples,); NaN where not defined."""
        of_label, in_all = self.hits[:, -1], self.everything[:, -1]
        # Texts that share a threshold count half, as in the statistic of Mann and Whitney.
        won = np.einsum("ij,ij->i", self.passed, self.hits) - np.einsum("ij,ij->i", self.passed, self.found) / 2
        precision = self.hits / np.maximum(self.everything, 1)
        auc = _divide(won, of_label * (in_all - of_label))
        return auc, _divide(np.einsum("ij,ij->i", self.found, precision), of_label)


def _ranking(
    name: str, ranked: _RankedTexts, aucs: npt.NDArray[np.float64], averages: npt.NDArray[np.float64]
) -> Ranking:
    counts = ranked.count(np.ones((1, len(ranked.order))))
    auc, average = counts.areas()
    hits, everything = counts.hits[0], counts.everything[0]
    misses = everything - hits
    roc = precision_recall = None
    if hits[-1] and misses[-1]:
        roc = _thin(np.append(0, misses / misses[-1]), np.append(0, hits / hits[-1]))
    if hits[-1]:
        # Where nothing is found yet precision is 1 by convention, as scikit-learn's.
        precision_recall = _thin(np.append(0, hits / hits[-1]), np.append(1, hits / everything))
    return Ranking(name, _interval(auc[0], aucs), _interval(average[0], averages), roc, precision_recall)


def _interval(value: float, resampled: npt.NDArray[np.float64]) -> Interval | None:
    """None for a value that is not defined; resamples in which it is not are left out."""
    if np.isnan(value):
        return None
    defined = resampled[~np.isnan(resampled)]
    low, high = np.quantile(defined, TAILS) if len(defined) else (value, value)
    return Interval(float(value), float(low), float(high))


def _divide(numerator: npt.NDArray[np.float64], denominator: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)


def _resampled_areas(
    ranks: Sequence[_RankedTexts], samples: int, seed: int
) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """ROC AUC and average precision of each label in each resample, which all labels share."""
    rng = np.random.default_rng(seed)
    n = len(ranks[0].order)
    aucs, averages = np.empty((2, len(ranks), samples))
    block = max(1, _BLOCK_TEXTS // n)
    for start in range(0, samples, block):
        rows = min(block, samples - start)
        drawn = rng.integers(0, n, size=(rows, n)) + n * np.arange(rows)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)
        for label, ranked in enumerate(ranks):
            resampled = ranked.count(weights).areas()
            aucs[label, start : start + rows], averages[label, start : start + rows] = resampled
    return list(zip(aucs, averages, strict=True))


def _affordable(samples: int, texts: int) -> int:
    return max(min(samples, _LEAST_SAMPLES), min(samples, _MOST_RANKED // texts))


def _thin(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Curve:
    """Points at equal distances along the curve, its ends among them."""
    if len(x) > _MOST_POINTS:
        travelled = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
        wanted = np.linspace(0, travelled[-1], _MOST_POINTS)
        kept = np.unique(np.append(np.searchsorted(travelled, wanted[:-1]), len(x) - 1))
        x, y = x[kept], y[kept]
    return Curve(tuple(float(value) for value in x), tuple(float(value) for value in y))
