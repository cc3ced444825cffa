"""The one seam between whatever classifies texts and whatever uses the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from afina.labels import LabelSet


class Predictor(Protocol):
    """Anything that gives each text a probability for each label.

    A fine-tuned transformer, an exported one, a TF-IDF baseline and a test's 20-line fake all satisfy it, so
    evaluation, prediction and serving are written once.
    """

    @property
    def labels(self) -> LabelSet:
        """The labels, in the order of the columns of `predict_proba`."""
        ...

    def predict_proba(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Probability of each label for each text: float array (n_texts, n_labels), rows summing to 1."""
        ...
