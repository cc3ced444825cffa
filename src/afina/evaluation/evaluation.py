"""Any classifier, scored on a labelled data set."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.evaluation.metrics import Metrics, score
from afina.protocols import Predictor


@dataclass(frozen=True)
class Evaluation:
    """Metrics on one data set, the probabilities behind them, and how fast they came."""

    dataset: str
    metrics: Metrics
    probabilities: npt.NDArray[np.float64]
    """(n_texts, n_labels)."""
    texts_per_second: float
    share_truncated: float | None
    """Share of texts that the classifier read only in part; None for one that reads all."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate --json` documents."""
        return {
            "dataset": self.dataset,
            **self.metrics.as_dict(),
            "texts_per_second": self.texts_per_second,
            "share_truncated": self.share_truncated,
        }


def evaluate(
    classifier: Predictor, dataset: TextDataset, *, samples: int = 2000, share_truncated: float | None = None
) -> Evaluation:
    """Score a classifier on a data set.

    Args:
        classifier: Anything with `predict_proba`.
        dataset: Texts with label ids of the classifier's own labels.
        samples: Bootstrap resamples behind each interval.
        share_truncated: Share of texts that the classifier cuts, where it does.

    Raises:
        DataError: The data set is empty.
        ModelError: The classifier gives probabilities that are no numbers.
    """
    started = time.perf_counter()
    probabilities = classifier.predict_proba(dataset.texts)
    seconds = time.perf_counter() - started
    return evaluate_answers(
        dataset,
        probabilities,
        texts_per_second=len(dataset) / max(seconds, 1e-9),
        samples=samples,
        share_truncated=share_truncated,
    )


def evaluate_answers(
    dataset: TextDataset,
    probabilities: npt.NDArray[np.float64],
    *,
    texts_per_second: float,
    samples: int = 2000,
    share_truncated: float | None = None,
) -> Evaluation:
    """Score answers that have been given, such as those to some rows of a data set; `detail` tells more of them.

    ```python
    every = evaluate(classifier, dataset)
    kept = dataset.select(rows)
    honest = evaluate_answers(kept, every.probabilities[rows], texts_per_second=every.texts_per_second)
    ```

    Args:
        dataset: Texts with label ids.
        probabilities: (n_texts, n_labels).
        texts_per_second: How fast they came.
        samples: Bootstrap resamples behind each interval.
        share_truncated: Share of the texts that were cut, where that is known.

    Raises:
        DataError: There are no texts, or not as many probabilities.
        ModelError: Some probability is no number.
    """
    metrics = score(dataset.label_ids, probabilities, dataset.labels, samples=samples)
    return Evaluation(dataset.name, metrics, probabilities, texts_per_second, share_truncated)
