"""A classifier that was never trained: the words of a lexicon of sentiment, weighed by rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from afina.errors import DataError
from afina.extras import require
from afina.labels import LabelSet

# For VADER's authors 0.05 is positive and -0.05 negative. Compound scores have four digits after the point, so this
# bound of neutral lies between the last neutral one, 0.0499, and the first that is not.
_NEUTRAL_TO = 0.04995
# How fast a probability grows with the compound score.
_SHARPNESS = 2.0


class LexiconBaseline:
    """VADER: a lexicon of English words, and rules for negation, degree, capitals and punctuation.

    By Hutto and Gilbert, "VADER: a parsimonious rule-based model for sentiment analysis of social media text", ICWSM
    2014. Its compound score c, from -1 to 1, becomes probabilities by a softmax of 2c for positive, -2c for negative
    and, where there is such a label, 2(0.0999 - |c|) for neutral. The most probable label is then the one that its
    authors give: positive from 0.05 up, negative from -0.05 down, and neutral between. Of two labels, a text without
    any word of the lexicon gets one half each, and counts as negative.

    Args:
        labels: Negative and positive, with or without neutral.

    Raises:
        DataError: There are other labels.
        MissingExtraError: vaderSentiment is not installed.
    """

    name = "VADER lexicon"

    def __init__(self, labels: LabelSet) -> None:
        if not labels.is_sentiment:
            raise DataError(
                f"A lexicon of sentiment tells negative, neutral and positive, not {', '.join(labels)}",
                hint="map the labels to these names first",
            )
        self.labels = labels
        vader = require("vaderSentiment.vaderSentiment", extra="study")
        self._analyzer = vader.SentimentIntensityAnalyzer()
        folder = Path(str(vader.__file__)).parent
        self.n_words = len(self._analyzer.lexicon)
        """Words of the lexicon, each with one number."""
        self.n_bytes = sum(path.stat().st_size for path in folder.glob("*lexicon.txt"))
        """Size of the files that must be kept."""

    def predict_proba(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """(n_texts, n_labels)."""
        compounds = np.array([self._analyzer.polarity_scores(text)["compound"] for text in texts], dtype=np.float64)
        by_label = {
            "negative": -compounds,
            "neutral": 2 * _NEUTRAL_TO - np.abs(compounds),
            "positive": compounds,
        }
        scores = _SHARPNESS * np.column_stack([by_label[label] for label in self.labels])
        exponentials = np.exp(scores)
        probabilities: npt.NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return probabilities
