"""The training texts that are most like a text, by which a mistake is often understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afina.data import TextDataset, take
from afina.data.words import words_of

# Words of 40 million characters (25,000 long reviews have 33) are counted in a few seconds, and take 100 MB.
MAX_CHARACTERS = 40_000_000
_TEXTS_PER_BLOCK = 16


@dataclass(frozen=True)
class Neighbour:
    """A training text that is like another text."""

    text: str
    label: str
    similarity: float
    """Cosine of the two texts' TF-IDF weights, 0 (no word in common) to 1 (the same words, equally often)."""


class TrainingTexts:
    """Training texts, in which the nearest to any text can be found.

    Near means many rare words in common: the cosine of TF-IDF weights of words, frequencies damped by a logarithm
    (Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, chapter 6).

    Args:
        texts: The training texts.
        origin: Where they come from, in words.
        max_characters: Of more, a random part with the label mix of the whole is looked through.
    """

    def __init__(
        self, texts: TextDataset, *, origin: str = "the training texts", max_characters: int = MAX_CHARACTERS
    ) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        share = min(1.0, max_characters / max(1, sum(map(len, texts.texts))))
        self.texts = take(texts, max(1, int(share * len(texts))), seed=0)
        n_all, n_used = len(texts), len(self.texts)
        self.origin = origin if n_used == n_all else f"{origin}, {n_used:,} of {n_all:,} drawn at random"
        self._vectorizer = TfidfVectorizer(analyzer=words_of, sublinear_tf=True, dtype=np.float32)
        self._weights = self._vectorizer.fit_transform(self.texts.normal_forms)

    def nearest(self, forms: Sequence[str], *, n: int = 3) -> list[list[Neighbour]]:
        """The most similar training texts of each text, the nearest first.

        Args:
            forms: Texts in normal form.
            n: Most neighbours of each.

        Returns:
            A list for each text; shorter than `n` where fewer texts have a word in common with it.
        """
        found: list[list[Neighbour]] = []
        for start in range(0, len(forms), _TEXTS_PER_BLOCK):
            weights = self._vectorizer.transform(forms[start : start + _TEXTS_PER_BLOCK])
            similarities = (weights @ self._weights.T).toarray()
            # A stable sort, so that of equally similar texts the first one is named.
            order = np.argsort(-similarities, axis=1, kind="stable")[:, :n]
            found += [
                [self._neighbour(position, row[position]) for position in positions.tolist() if row[position] > 0]
                for row, positions in zip(similarities, order, strict=True)
            ]
        return found

    def _neighbour(self, position: int, similarity: float) -> Neighbour:
        texts = self.texts
        label = texts.labels.names[texts.label_ids[position]]
        return Neighbour(texts.texts[position], label, min(1.0, float(similarity)))
