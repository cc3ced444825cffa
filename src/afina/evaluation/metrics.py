"""How good predictions are: the field's usual numbers, computed by scikit-learn, with intervals."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.errors import DataError, ModelError
from afina.evaluation.intervals import TAILS, Interval, bootstrap_from_confusion, confusion_metrics
from afina.evaluation.reliability import expected_calibration_error
from afina.labels import LabelSet


@dataclass(frozen=True)
class Metrics:
    """Scores of predictions on one data set, with 95 % bootstrap intervals.

    `f1`, `precision` and `recall` are those of the positive class for two labels and macro averages otherwise;
    `average` says which.
    """

    n: int
    labels: tuple[str, ...]
    accuracy: Interval
    f1: Interval
    precision: Interval
    recall: Interval
    matthews: Interval
    log_loss: float
    """Mean negative natural logarithm of the probability given to the right label."""
    ece: float
    """Expected calibration error: mean distance of confidence from accuracy."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts, a row for each true label and a column for each predicted one."""
    average: str

    def as_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate --json` documents."""
        intervals = {
            name: getattr(self, name).as_dict() for name in ("accuracy", "f1", "precision", "recall", "matthews")
        }
        return {
            "n": self.n,
            "labels": list(self.labels),
            **intervals,
            "log_loss": self.log_loss,
            "ece": self.ece,
            "confusion": [list(row) for row in self.confusion],
            "average": self.average,
        }


def score(
    label_ids: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float64],
    labels: LabelSet,
    *,
    samples: int = 2000,
    seed: int = 0,
) -> Metrics:
    """Score predicted probabilities against the right labels.

    Args:
        label_ids: Right label ids, (n_texts,).
        probabilities: (n_texts, n_labels), rows summing to 1.
        labels: What the columns mean.
        samples: Bootstrap resamples.
        seed: Seed of the resampling.

    Raises:
        DataError: There are no texts, or the probabilities are not one for each text and label.
        ModelError: Some probability is no number.
    """
    from sklearn.metrics import log_loss

    confusion = count_confusion(label_ids, probabilities, labels)
    values = confusion_metrics(confusion[None], positive_id=labels.positive_id)
    intervals = bootstrap_from_confusion(confusion, positive_id=labels.positive_id, samples=samples, seed=seed)
    with warnings.catch_warnings():
        # Rows sum to 1 up to rounding in float32 models; the library warns about the rounding.
        warnings.simplefilter("ignore", UserWarning)
        loss = float(log_loss(label_ids, probabilities, labels=np.arange(len(labels))))
    named = {name: Interval(float(values[name][0]), *intervals[name]) for name in values}
    return Metrics(
        n=len(label_ids),
        labels=labels.names,
        log_loss=loss,
        ece=expected_calibration_error(label_ids, probabilities),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        average=f"positive class: {labels.names[1]}" if labels.positive_id is not None else "macro",
        **named,
    )


def count_confusion(
    label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], labels: LabelSet
) -> npt.NDArray[np.int64]:
    """Count texts by their right and their most probable label, the first of equally probable ones.

    Args:
        label_ids: Right label ids, (n_texts,).
        probabilities: (n_texts, n_labels).
        labels: What the columns mean.

    Returns:
        Counts, (n_labels, n_labels), true label first.

    Raises:
        DataError: There are no texts, or the probabilities are not one for each text and label.
        ModelError: Some probability is no number.
    """
    if not len(label_ids):
        raise DataError("There are no texts to evaluate on")
    if probabilities.shape != (len(label_ids), len(labels)):
        raise DataError(
            f"Probabilities of shape {probabilities.shape} for {len(label_ids):,} texts and {len(labels)} labels",
            hint="one row for each text, one column for each label",
        )
    if not np.isfinite(probabilities).all():
        raise ModelError(
            "The classifier answers with probabilities that are no numbers",
            hint="its training has probably diverged: train again with a lower learning rate",
        )
    from sklearn.metrics import confusion_matrix

    counts: npt.NDArray[np.int64] = confusion_matrix(
        label_ids, probabilities.argmax(axis=1), labels=np.arange(len(labels))
    ).astype(np.int64)
    return counts


def paired_difference(
    label_ids: npt.NDArray[np.int64],
    first: Sequence[int] | npt.NDArray[np.int64],
    second: Sequence[int] | npt.NDArray[np.int64],
    *,
    samples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Accuracy of the first predictions minus that of the second on the same texts, with a paired interval.

    Resampling texts resamples the differences, which are -1, 0 or 1, so their counts are drawn directly.
    """
    difference = (np.asarray(first) == label_ids).astype(int) - (np.asarray(second) == label_ids).astype(int)
    counts = np.array([(difference == value).sum() for value in (-1, 0, 1)])
    n = len(difference)
    draws = np.random.default_rng(seed).multinomial(n, counts / n, size=samples)
    low, high = np.quantile((draws[:, 2] - draws[:, 0]) / n, TAILS)
    return Interval(float(difference.mean()), float(low), float(high))
