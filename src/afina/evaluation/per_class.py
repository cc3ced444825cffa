"""The figures of each label by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.evaluation.curves import Ranking
from afina.evaluation.intervals import TAILS, Interval, label_metrics, resample_confusion


@dataclass(frozen=True)
class LabelScores:
    """How well one label is told from the others, with 95 % bootstrap intervals."""

    label: str
    n: int
    """Texts that have the label."""
    predicted: int
    """Texts that are given it."""
    precision: Interval
    recall: Interval
    f1: Interval
    roc_auc: Interval | None
    average_precision: Interval | None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "label": self.label,
            "n": self.n,
            "predicted": self.predicted,
            "precision": self.precision.as_dict(),
            "recall": self.recall.as_dict(),
            "f1": self.f1.as_dict(),
            "roc_auc": self.roc_auc and self.roc_auc.as_dict(),
            "average_precision": self.average_precision and self.average_precision.as_dict(),
        }


def score_labels(
    confusion: npt.NDArray[np.int64], rankings: Sequence[Ranking], *, samples: int = 2000, seed: int = 0
) -> tuple[LabelScores, ...]:
    """Figures of each label.

    Args:
        confusion: Counts, (n_labels, n_labels), true label first.
        rankings: Of each label, as `rank` gives them.
        samples: Bootstrap resamples.
        seed: The seed of `score` gives the same intervals as there.
    """
    values = label_metrics(confusion[None])
    resampled = label_metrics(resample_confusion(confusion, samples=samples, seed=seed))
    bounds = {name: np.quantile(each, TAILS, axis=0) for name, each in resampled.items()}  # each (2, n_labels)
    return tuple(
        LabelScores(
            ranking.label,
            int(confusion[i].sum()),
            int(confusion[:, i].sum()),
            roc_auc=ranking.roc_auc,
            average_precision=ranking.average_precision,
            **{
                name: Interval(float(values[name][0, i]), float(bounds[name][0, i]), float(bounds[name][1, i]))
                for name in values
            },
        )
        for i, ranking in enumerate(rankings)
    )
