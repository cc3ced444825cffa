"""A fitted TF-IDF with logistic regression as plain arrays, scored without scikit-learn.

A run that blends in the baseline carries it along (`afina.evaluation.tfidf_file`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.labels import LabelSet

# Single characters count as words, so that texts of emoji or initials have features too.
TOKEN_PATTERN = r"(?u)\b\w+\b|[^\w\s]"
_TEXTS_PER_CHUNK = 1024

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TfidfModel:
    """TF-IDF of words and word pairs, and the logistic regression on it.

    A term is one word, or two that stand side by side. Its key is `first * (n_words + 1) + second + 1`, words counted
    in the order of `words`; `second` is -1 for a single word.

    Args:
        labels: All labels.
        label_ids: The labels that the training set had, increasing, (n_classes,) int64; others get probability 0.
        words: All words, each once.
        keys: Of each term, increasing, (n_terms,) int64.
        idf: Inverse document frequency of each term, (n_terms,) float64.
        coefficients: (n_classes, n_terms) float32; for two classes (1, n_terms), in favour of the second.
        intercepts: (n_classes,) or (1,) float64.
        n_texts: Texts it was fitted on.
    """

    labels: LabelSet
    label_ids: Ints
    words: Sequence[str]
    keys: Ints
    idf: Floats
    coefficients: npt.NDArray[np.float32]
    intercepts: Floats
    n_texts: int
    _word_ids: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_word_ids", {word: i for i, word in enumerate(self.words)})

    @classmethod
    def of(cls, vectorizer: Any, regression: Any, labels: LabelSet, *, n_texts: int) -> TfidfModel:
        """Take over what scikit-learn fitted.

        Args:
            vectorizer: `TfidfVectorizer` of words and word pairs by `TOKEN_PATTERN`, with lower case, sublinear term
                frequency and rows of length 1.
            regression: `LogisticRegression` on it.
            labels: All labels; the classes are their ids.
            n_texts: Texts it was fitted on.
        """
        pairs = [term.partition(" ") for term in vectorizer.vocabulary_]
        words = sorted({word for first, _, second in pairs for word in (first, second) if word})
        word_ids = {word: i for i, word in enumerate(words)} | {"": -1}
        first = np.array([word_ids[word] for word, _, _ in pairs], dtype=np.int64)
        second = np.array([word_ids[word] for _, _, word in pairs], dtype=np.int64)
        keys = first * (len(words) + 1) + second + 1
        order = np.argsort(keys)
        columns = np.fromiter(vectorizer.vocabulary_.values(), dtype=np.int64)[order]
        return cls(
            labels=labels,
            label_ids=np.asarray(regression.classes_, dtype=np.int64),
            words=words,
            keys=keys[order],
            idf=vectorizer.idf_[columns].astype(np.float64),
            coefficients=regression.coef_[:, columns].astype(np.float32),
            intercepts=regression.intercept_.astype(np.float64),
            n_texts=n_texts,
        )

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """(n_texts, n_labels) float64; a label that the training set lacks gets 0."""
        probabilities = np.zeros((len(texts), len(self.labels)))
        for start in range(0, len(texts), _TEXTS_PER_CHUNK):
            rows = slice(start, start + _TEXTS_PER_CHUNK)
            probabilities[rows, self.label_ids] = _softmax(self._scores(texts[rows]))
        return probabilities

    def _scores(self, texts: Sequence[str]) -> Floats:
        """Logits of the classes, (n_texts, n_classes)."""
        owners, terms, counts = self._count_terms(texts)
        weights = (1 + np.log(counts)) * self.idf[terms]
        squares = np.bincount(owners, weights**2, minlength=len(texts))
        norms = np.sqrt(np.where(squares > 0, squares, 1))
        scores = [
            np.bincount(owners, weights * coefficients[terms], minlength=len(texts)) / norms + intercept
            for coefficients, intercept in zip(self.coefficients, self.intercepts, strict=True)
        ]
        return np.column_stack([np.zeros(len(texts)), *scores] if len(scores) == 1 else scores)

    def _count_terms(self, texts: Sequence[str]) -> tuple[Ints, Ints, Ints]:
        """The known terms of each text, once each: (text, term, how often it occurs), each (n_found,)."""
        find = re.compile(TOKEN_PATTERN).findall
        found = [find(text.lower()) for text in texts]
        owners = np.repeat(np.arange(len(texts)), [len(words) for words in found])
        get = self._word_ids.get
        ids = np.fromiter((get(word, -1) for word in chain.from_iterable(found)), dtype=np.int64, count=len(owners))
        side_by_side = (owners[:-1] == owners[1:]) & (ids[:-1] >= 0) & (ids[1:] >= 0)
        base = len(self.words) + 1
        singles, pairs = ids * base, (ids[:-1] * base + ids[1:] + 1)[side_by_side]
        keys = np.concatenate([singles[ids >= 0], pairs])
        of_text = np.concatenate([owners[ids >= 0], owners[:-1][side_by_side]])
        places = np.minimum(np.searchsorted(self.keys, keys), max(len(self.keys) - 1, 0))
        known = self.keys[places] == keys
        both, counts = np.unique(of_text[known] * len(self.keys) + places[known], return_counts=True)
        return *np.divmod(both, len(self.keys)), counts


def _softmax(scores: Floats) -> Floats:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares
