"""What a classifier answers when words are left out of a text."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from afina.protocols import Predictor

_LEAST = 1e-12


class Probe:
    """Asks about a text with words left out, and counts how often.

    Args:
        predictor: What answers.
        stretches: What each word owns of the text, (n_words,); together they are the text.
        target: Id of the label that the questions are about.
    """

    def __init__(self, predictor: Predictor, stretches: Sequence[str], target: int) -> None:
        self._predictor, self._stretches, self._target = predictor, tuple(stretches), target
        self.evals = 0

    def __len__(self) -> int:
        return len(self._stretches)

    @property
    def n_characters(self) -> int:
        """Characters of the text."""
        return sum(map(len, self._stretches))

    def without(self, removals: Iterable[Collection[int]]) -> npt.NDArray[np.float64]:
        """Answers to the text without some words, asked all at once.

        Args:
            removals: Words to leave out, for each question.

        Returns:
            Probability of each label, (n_questions, n_labels).
        """
        texts = [self._text_without(frozenset(removed)) for removed in removals]
        self.evals += len(texts)
        return self._predictor.predict_proba(texts)

    def probabilities(self, removals: Iterable[Collection[int]]) -> npt.NDArray[np.float64]:
        """Probability of the target label, (n_questions,), arguments as `without`."""
        return self.without(removals)[:, self._target]

    def log_odds(self, removals: Iterable[Collection[int]]) -> npt.NDArray[np.float64]:
        """Log-odds of the target label, (n_questions,), arguments as `without`."""
        return log_odds(self.without(removals), self._target)

    def _text_without(self, removed: frozenset[int]) -> str:
        return "".join(stretch for word, stretch in enumerate(self._stretches) if word not in removed)


def log_odds(probabilities: npt.NDArray[np.float64], target: int) -> npt.NDArray[np.float64]:
    """Logarithm of a label's probability over that of all others, (n_texts,).

    Probabilities near 1 hardly move when a word is left out, log-odds do.

    Args:
        probabilities: (n_texts, n_labels).
        target: Id of the label.
    """
    others = np.delete(probabilities, target, axis=1).sum(axis=1)
    found: npt.NDArray[np.float64] = np.log(np.maximum(probabilities[:, target], _LEAST)) - np.log(
        np.maximum(others, _LEAST)
    )
    return found
