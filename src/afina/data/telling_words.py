"""Words that tell one label from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from afina.data.words import find_words

# Pseudo-counts spread over all words in proportion to their frequency; rare words are then not told by chance.
_PRIOR_WEIGHT = 1000.0
_LEAST_TEXTS = 3
_LEAST_Z = 1.96
_LEAST_REST = 1e-6


@dataclass(frozen=True)
class TellingWord:
    """A word that stands in texts of one label more than in the others."""

    word: str
    z: float
    """Log-odds ratio over its standard deviation."""
    count: int
    """Texts of the label that hold the word."""
    elsewhere: int
    """Texts of other labels that hold it."""


def telling_words(texts_by_label: Mapping[str, Sequence[str]], *, most: int = 15) -> dict[str, list[TellingWord]]:
    """The words that tell most about each label, by log-odds ratio with an informative Dirichlet prior.

    The method of Monroe, Colaresi and Quinn ("Fightin' Words", Political Analysis 2008), on the number of texts that
    hold a word, so that one text that repeats a name does not make it telling.

    Args:
        texts_by_label: Texts by label.
        most: Words wanted of each label.

    Returns:
        Words with a z of at least 1.96 that stand in three texts or more, most telling first.
    """
    counts = {label: _texts_with(texts) for label, texts in texts_by_label.items()}
    total: Counter[str] = Counter()
    for count in counts.values():
        total.update(count)
    n_total = max(1, total.total())
    told: dict[str, list[TellingWord]] = {}
    for label, mine in counts.items():
        words = [word for word, count in mine.items() if count >= _LEAST_TEXTS]
        here = np.array([mine[word] for word in words], dtype=float)
        there = np.array([total[word] for word in words], dtype=float) - here
        prior = (here + there) * _PRIOR_WEIGHT / n_total
        n_here, n_there = float(mine.total()), float(n_total - mine.total())
        # Where all texts hold one word only, no other word is left to set it against.
        odds_here = np.log((here + prior) / np.maximum(n_here + _PRIOR_WEIGHT - here - prior, _LEAST_REST))
        odds_there = np.log((there + prior) / np.maximum(n_there + _PRIOR_WEIGHT - there - prior, _LEAST_REST))
        z = (odds_here - odds_there) / np.sqrt(1 / (here + prior) + 1 / (there + prior))
        best = [i for i in np.argsort(-z, kind="stable")[:most] if z[i] >= _LEAST_Z]
        told[label] = [TellingWord(words[i], float(z[i]), int(here[i]), int(there[i])) for i in best]
    return told


def _texts_with(texts: Sequence[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for text in texts:
        # Not a set: its order, and with it that of words that tell equally, would differ from run to run.
        counts.update(dict.fromkeys(find_words(text)).keys())
    return counts
