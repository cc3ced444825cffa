"""What a user is told of one text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afina.labels import LabelSet

NO_TEXT = "no text"


@dataclass(frozen=True)
class Prediction:
    """The answer to one text; or, where none can be given, why not: then all but `error` is None."""

    label: str | None = None
    """The most probable label."""
    score: float | None = None
    """Its probability, calibrated."""
    probabilities: Mapping[str, float] | None = None
    """Probability of each label, in the order of the labels."""
    uncertain: bool | None = None
    """Whether the score is below the threshold of sure answers; None where the model has no such threshold."""
    truncated: bool | None = None
    """Whether some part of the text was not read."""
    error: str | None = None
    """Why there is no answer: the text is blank."""


def predictions_of(
    probabilities: npt.NDArray[np.float64],
    truncated: npt.NDArray[np.bool_],
    labels: LabelSet,
    *,
    threshold: float | None,
) -> list[Prediction]:
    """Probabilities as answers.

    Args:
        probabilities: Of each label for each text, (n_texts, n_labels).
        truncated: Whether some part of each text was not read, (n_texts,).
        labels: The labels, in the order of the columns.
        threshold: Least probability of a sure answer; None where there is no such promise.
    """
    names = labels.names
    answers = []
    for shares, cut in zip(probabilities.tolist(), truncated.tolist(), strict=True):
        score = max(shares)
        answers.append(
            Prediction(
                label=names[shares.index(score)],
                score=score,
                probabilities=dict(zip(names, shares, strict=True)),
                uncertain=is_uncertain(score, threshold),
                truncated=cut,
            )
        )
    return answers


def is_uncertain(probability: float, threshold: float | None) -> bool | None:
    """Whether an answer is too improbable to be sure; None where no threshold can promise anything."""
    return None if threshold is None else probability < threshold
