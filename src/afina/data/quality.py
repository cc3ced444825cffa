"""Duplicates inside a data set, and texts that two data sets share.

Near-duplicates are pairs whose sets of words have a Jaccard similarity of at least `NEAR_JACCARD`. They are found
exactly, not by sampling: the prefix filter of Chaudhuri, Ganti and Kaushik (ICDE 2006, "A primitive operator for
similarity joins in data cleaning") leaves few pairs to compare, because two sets that similar must share one of
their rarest words.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afina.data.text_dataset import TextDataset

NEAR_JACCARD = 0.8


@dataclass(frozen=True)
class Overlap:
    """Rows of one data set that stand in another."""

    exact: npt.NDArray[np.int64]
    """Positions of rows whose normal form stands in the other set."""
    near: npt.NDArray[np.int64]
    """Positions of rows that nearly stand there, exact ones not counted."""
    examples: tuple[tuple[str, str], ...] = ()
    """Some near pairs: the row's text and the text it resembles."""

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Positions of all shared rows, ascending."""
        return np.union1d(self.exact, self.near)

    def __bool__(self) -> bool:
        return bool(len(self.exact) or len(self.near))


def duplicate_rows(dataset: TextDataset) -> npt.NDArray[np.int64]:
    """Positions of rows that repeat an earlier row's normalised text and label, ascending."""
    seen: set[tuple[str, int]] = set()
    repeats: list[int] = []
    for position, key in enumerate(zip(dataset.normal_forms, dataset.label_ids.tolist(), strict=True)):
        if key in seen:
            repeats.append(position)
        seen.add(key)
    return np.array(repeats, dtype=np.int64)


def find_overlap(dataset: TextDataset, other: TextDataset, *, n_examples: int = 3) -> Overlap:
    """Which rows of a data set stand, exactly or nearly, in another.

    Args:
        dataset: Rows to look up.
        other: Rows to look among.
        n_examples: How many near pairs to show.

    Returns:
        Positions in `dataset`; exact means equal after `normalise`.
    """
    known = set(other.normal_forms)
    exact = [position for position, form in enumerate(dataset.normal_forms) if form in known]
    matches = _near_matches(dataset.normal_forms, other.normal_forms, skip=set(exact))
    examples = tuple((dataset.texts[i], other.texts[j]) for i, j in list(matches.items())[:n_examples])
    return Overlap(np.array(exact, np.int64), np.array(list(matches), np.int64), examples)


def _near_matches(forms: Sequence[str], others: Sequence[str], *, skip: set[int]) -> dict[int, int]:
    """For each position in `forms` with a near-duplicate in `others`, the position of one."""
    other_sets = [frozenset(other.split()) for other in others]
    frequency = Counter(word for words in other_sets for word in words)
    index: dict[str, list[int]] = defaultdict(list)
    for position, words in enumerate(other_sets):
        for word in _prefix(words, frequency):
            index[word].append(position)
    matches: dict[int, int] = {}
    for position, form in enumerate(forms):
        if position in skip:
            continue
        words = frozenset(form.split())
        fewest, most = NEAR_JACCARD * len(words), len(words) / NEAR_JACCARD
        candidates = {other for word in _prefix(words, frequency) for other in index.get(word, ())}
        for other in sorted(candidates):
            if fewest <= len(other_sets[other]) <= most and _jaccard(words, other_sets[other]) >= NEAR_JACCARD:
                matches[position] = other
                break
    return matches


def _prefix(words: frozenset[str], frequency: Counter[str]) -> list[str]:
    """The rarest words of a set, as many as it takes that a similar set must hold one of them."""
    length = len(words) - math.ceil(NEAR_JACCARD * len(words)) + 1
    return sorted(words, key=lambda word: (frequency[word], word))[:length]


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if shared else 0.0
