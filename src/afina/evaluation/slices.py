"""Accuracy by kind of text, and the kinds on which a model is worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.evaluation.intervals import CONFIDENCE, Interval, exact_share
from afina.evaluation.reliability import expected_calibration_error
from afina.evaluation.slicing import Members

# The calibration error of few texts is mostly chance: its bins then hold a handful each.
_LEAST_FOR_ECE = 100


@dataclass(frozen=True)
class Slice:
    """Accuracy on the texts of one kind."""

    slice: str
    """What texts are told apart by, such as `length`."""
    value: str
    """Which of them these are, such as `6 to 10 words`."""
    n: int
    accuracy: Interval
    """With its exact binomial interval."""
    accuracy_elsewhere: float
    """Accuracy on all other texts."""
    ece: float | None
    """Expected calibration error; None for fewer than 100 texts."""
    worse: bool
    """Whether accuracy is lower here than elsewhere beyond chance, all slices considered together."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "slice": self.slice,
            "value": self.value,
            "n": self.n,
            "accuracy": self.accuracy.as_dict(),
            "accuracy_elsewhere": self.accuracy_elsewhere,
            "ece": self.ece,
            "worse": self.worse,
        }


def score_slices(
    label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], slices: Sequence[Members]
) -> tuple[Slice, ...]:
    """Accuracy of each slice beside that of all other texts.

    Whether a slice is worse is Fisher's exact test, one-sided, with Holm's correction for the number of slices (Holm
    1979): where no slice is worse, the chance that any is called so is at most 5 %.

    Args:
        label_ids: Right label ids, (n_texts,).
        probabilities: (n_texts, n_labels).
        slices: As `find_slices` gives them; each leaves some text to the others.
    """
    correct = probabilities.argmax(axis=1) == label_ids
    counts = [_counts(correct, each.rows) for each in slices]
    worse = _holm([_p_worse(*each) for each in counts])
    return tuple(
        Slice(
            each.slice,
            each.value,
            n,
            exact_share(hits, n),
            hits_elsewhere / n_elsewhere,
            expected_calibration_error(label_ids[each.rows], probabilities[each.rows]) if n >= _LEAST_FOR_ECE else None,
            is_worse,
        )
        for each, (hits, n, hits_elsewhere, n_elsewhere), is_worse in zip(slices, counts, worse, strict=True)
    )


def _counts(correct: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    hits, n = int(correct[rows].sum()), int(rows.sum())
    return hits, n, int(correct.sum()) - hits, len(correct) - n


def _p_worse(hits: int, n: int, hits_elsewhere: int, n_elsewhere: int) -> float:
    from scipy.stats import fisher_exact

    table = [[hits, n - hits], [hits_elsewhere, n_elsewhere - hits_elsewhere]]
    return float(fisher_exact(table, alternative="less").pvalue)


def _holm(p_values: Sequence[float]) -> list[bool]:
    """Which hypotheses of equality fall, from the smallest p-value on, until one stands."""
    fallen = [False] * len(p_values)
    for rank, position in enumerate(np.argsort(p_values)):
        if p_values[position] > (1 - CONFIDENCE) / (len(p_values) - rank):
            break
        fallen[position] = True
    return fallen
