"""Texts worth reading after a test: what a classifier got wrong or nearly so, and what it learned that is like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.evaluation.neighbours import Neighbour, TrainingTexts

MAX_CHARACTERS = 600
"""Texts are cut to so many characters; of a row that is known, the whole text stands in the source."""
CONTRADICTING_SIMILARITY = 0.8
"""A training text at least so similar that has another label than the test text contradicts it."""
_N_NEIGHBOURS = 3

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def find_mistakes(
    dataset: TextDataset,
    probabilities: Floats,
    baseline_probabilities: Floats | None = None,
    *,
    training: TrainingTexts | None = None,
    limit: int = 20,
) -> dict[str, Any]:
    """The most telling errors of a classifier, each with the training texts nearest to it.

    Args:
        dataset: Labelled texts that were classified.
        probabilities: The classifier's, (n_texts, n_labels).
        baseline_probabilities: Those of a simpler classifier for the same texts, where there is one.
        training: Where neighbours are looked for; without it there are none.
        limit: Most texts of each kind.

    Returns:
        The document of `mistakes.json`:

        - `n` wrong answers to `n_texts` texts; `max_characters` to which texts are cut; `neighbours_from` in words,
          or None.
        - `confident`: wrong answers, the surest first.
        - `near_misses`: answers, wrong or right, that were all but another one, the smallest margin first.
        - `against_baseline`: `n_won` texts that it alone labels rightly, `n_lost` that the baseline alone does (both
          None without a baseline), and of these under `won` and `lost` those where the two differ most.

        A text is `{"row", "text", "label", "predicted", "correct", "confidence", "margin", "baseline_predicted",
        "neighbours"}`: `row` of the source or None, `margin` the confidence less the next label's probability. A
        neighbour is `{"text", "label", "similarity", "contradicts"}`.
    """
    answers = _Answers(dataset, probabilities, baseline_probabilities)
    chosen = {
        "confident": answers.confident(limit),
        "near_misses": answers.near_misses(limit),
        "won": answers.won_most(limit),
        "lost": answers.lost_most(limit),
    }
    rows = np.unique(np.concatenate(list(chosen.values())))
    neighbours = dict(zip(rows.tolist(), _nearest(dataset, rows, training), strict=True))
    described = {kind: [answers.describe(i, neighbours[i]) for i in found.tolist()] for kind, found in chosen.items()}
    has_baseline = baseline_probabilities is not None
    return {
        "n": int((~answers.correct).sum()),
        "n_texts": len(dataset),
        "max_characters": MAX_CHARACTERS,
        "neighbours_from": None if training is None else training.origin,
        "confident": described["confident"],
        "near_misses": described["near_misses"],
        "against_baseline": {
            "n_won": int(answers.won.sum()) if has_baseline else None,
            "n_lost": int(answers.lost.sum()) if has_baseline else None,
            "won": described["won"],
            "lost": described["lost"],
        },
    }


@dataclass
class _Answers:
    """Answers of a classifier to labelled texts, beside those of a baseline."""

    dataset: TextDataset
    probabilities: Floats
    baseline: Floats | None

    def __post_init__(self) -> None:
        label_ids = self.dataset.label_ids
        ordered = np.sort(self.probabilities, axis=1)
        self.predicted: Ints = self.probabilities.argmax(axis=1)
        self.confidence: Floats = ordered[:, -1]
        self.margin: Floats = ordered[:, -1] - ordered[:, -2]
        self.correct = self.predicted == label_ids
        # Without a baseline there is nothing to win or lose against.
        baseline = self.probabilities if self.baseline is None else self.baseline
        self.baseline_predicted: Ints = baseline.argmax(axis=1)
        baseline_correct = self.baseline_predicted == label_ids
        self.won = self.correct & ~baseline_correct
        self.lost = ~self.correct & baseline_correct
        every = np.arange(len(label_ids))
        self._lead = self.probabilities[every, label_ids] - baseline[every, label_ids]

    def confident(self, limit: int) -> Ints:
        """Positions of the surest wrong answers."""
        return _first(~self.correct, -self.confidence, limit)

    def near_misses(self, limit: int) -> Ints:
        """Positions of the answers with the smallest margin."""
        return _first(np.ones(len(self.correct), dtype=bool), self.margin, limit)

    def won_most(self, limit: int) -> Ints:
        """Positions of texts won against the baseline, by how much more probable the right label was held."""
        return _first(self.won, -self._lead, limit)

    def lost_most(self, limit: int) -> Ints:
        """Positions of texts lost against the baseline, by how much less probable the right label was held."""
        return _first(self.lost, self._lead, limit)

    def describe(self, i: int, neighbours: Sequence[Neighbour]) -> dict[str, Any]:
        """A text, the answer to it, and the training texts near it, as a JSON object."""
        dataset, names = self.dataset, self.dataset.labels.names
        label = names[dataset.label_ids[i]]
        return {
            "row": None if dataset.row_numbers is None else int(dataset.row_numbers[i]),
            "text": _cut(dataset.texts[i]),
            "label": label,
            "predicted": names[self.predicted[i]],
            "correct": bool(self.correct[i]),
            "confidence": float(self.confidence[i]),
            "margin": float(self.margin[i]),
            "baseline_predicted": None if self.baseline is None else names[self.baseline_predicted[i]],
            "neighbours": [
                {
                    "text": _cut(neighbour.text),
                    "label": neighbour.label,
                    "similarity": round(neighbour.similarity, 4),
                    "contradicts": neighbour.similarity >= CONTRADICTING_SIMILARITY and neighbour.label != label,
                }
                for neighbour in neighbours
            ],
        }


def _first(wanted: npt.NDArray[np.bool_], order: Floats, limit: int) -> Ints:
    """Positions of the wanted texts that come first in an order, ascending in it."""
    found = np.flatnonzero(wanted)
    return found[np.argsort(order[found], kind="stable")][:limit].astype(np.int64)


def _nearest(dataset: TextDataset, rows: Ints, training: TrainingTexts | None) -> Sequence[Sequence[Neighbour]]:
    if training is None:
        return [()] * len(rows)
    return training.nearest(dataset.select(rows).normal_forms, n=_N_NEIGHBOURS)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1].rstrip() + "…"
