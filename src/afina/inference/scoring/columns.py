"""What is written of a row and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from afina.data.sources import Row
from afina.inference.prediction import Prediction
from afina.inference.scoring.journal import Answer
from afina.labels import LabelSet

PREDICTED, CONFIDENCE, UNCERTAIN, PROBABILITY = "predicted_label", "predicted_score", "uncertain", "probability_"
ASIDE = "input_"
_DIGITS = 6


def answer_of(prediction: Prediction) -> Answer:
    """The cells of an answer: label, score, whether it is not sure, probability of each label; or why there is none."""
    if prediction.label is None or prediction.score is None or prediction.probabilities is None:
        return prediction.error or "no answer"
    shares = (round(share, _DIGITS) for share in prediction.probabilities.values())
    return [prediction.label, round(prediction.score, _DIGITS), prediction.uncertain, *shares]


class OutputColumns:
    """The user's columns, and behind them those of the answers.

    A column of the user's that has the name of one of ours is kept under another: `input_predicted_label`.

    Args:
        labels: The labels that are answered with.
    """

    def __init__(self, labels: LabelSet) -> None:
        self.names = (PREDICTED, CONFIDENCE, UNCERTAIN, *(PROBABILITY + name for name in labels))
        """Names of ours, in order."""
        self._known: dict[str, None] | None = None
        self.renamed: dict[str, str] = {}
        """New names of the user's columns that had one of ours."""
        self.late: dict[str, None] = {}
        """Columns that no row of the first chunk had, for which a table has no place."""

    @property
    def types(self) -> dict[str, str]:
        """Arrow's names for the types of ours, for a file whose first rows have no answer."""
        return {name: {PREDICTED: "string", UNCERTAIN: "bool"}.get(name, "double") for name in self.names}

    def rows(self, rows: Sequence[Row], answers: Sequence[Answer]) -> list[Row]:
        """Rows with their answers; a row without one has empty cells."""
        names = dict.fromkeys(name for row in rows for name in row)
        if self._known is None:
            self._known = names
        self.late.update(dict.fromkeys(name for name in names if name not in self._known))
        self._set_aside(names)
        if not self.renamed.keys().isdisjoint(names):
            rows = [{self.renamed.get(name, name): cell for name, cell in row.items()} for row in rows]
        nothing = [None] * len(self.names)
        return [
            {**row, **dict(zip(self.names, nothing if isinstance(answer, str) else answer, strict=True))}
            for row, answer in zip(rows, answers, strict=True)
        ]

    def _set_aside(self, names: Mapping[str, None]) -> None:
        """Find new names for the user's columns that are called as ours are, or as one that was given a new name."""
        for taken in (set(self.names), set(self.renamed.values())):
            for name in names:
                if name in taken and name not in self.renamed:
                    new = ASIDE + name
                    while new in names or new in (self._known or {}) or new in self.renamed.values():
                        new = ASIDE + new
                    self.renamed[name] = new
