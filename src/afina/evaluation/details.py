"""All that can be told of answers on one data set beyond its few headline figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.evaluation.curves import Ranking, curves_document, rank
from afina.evaluation.metrics import count_confusion
from afina.evaluation.per_class import LabelScores, score_labels
from afina.evaluation.reliability import Reliability, measure_reliability
from afina.evaluation.slices import SliceScore, find_slices, score_slices


@dataclass(frozen=True)
class Details:
    """Figures of each label, curves, calibration and slices."""

    per_class: tuple[LabelScores, ...]
    rankings: tuple[Ranking, ...]
    reliability: Reliability
    slices: tuple[SliceScore, ...]

    def as_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate --json` documents: `per_class`, `curves`, `calibration`, `slices`."""
        return {
            "per_class": [each.as_dict() for each in self.per_class],
            "curves": curves_document(self.rankings),
            "calibration": self.reliability.as_dict(),
            "slices": [each.as_dict() for each in self.slices],
        }


def detail(
    dataset: TextDataset,
    probabilities: npt.NDArray[np.float64],
    *,
    truncated: npt.NDArray[np.bool_] | None = None,
    domains: Sequence[str] | None = None,
    samples: int = 2000,
    seed: int = 0,
) -> Details:
    """Look closely at answers that have been given; nothing is predicted again.

    Args:
        dataset: Texts with label ids.
        probabilities: (n_texts, n_labels), such as `Evaluation.probabilities`.
        truncated: Whether some part of each text was not read, (n_texts,); None where that is not known.
        domains: Where each text comes from, such as a kind of product; None where nothing says so.
        samples: Bootstrap resamples behind each interval.
        seed: Equal seeds give equal intervals.

    Raises:
        DataError: There are no texts, or not as many probabilities.
        ModelError: Some probability is no number.
    """
    confusion = count_confusion(dataset.label_ids, probabilities, dataset.labels)
    rankings = rank(dataset.label_ids, probabilities, dataset.labels.names, samples=samples, seed=seed)
    return Details(
        score_labels(confusion, rankings, samples=samples, seed=seed),
        rankings,
        measure_reliability(dataset.label_ids, probabilities),
        score_slices(dataset.label_ids, probabilities, find_slices(dataset, truncated=truncated, domains=domains)),
    )
