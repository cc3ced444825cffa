"""Accuracy by kind of text, and the kinds on which a model is worse: long, negated, contrasting, cut, of one domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.data.words import find_words
from afina.evaluation.intervals import CONFIDENCE, Interval, exact_share
from afina.evaluation.reliability import expected_calibration_error

LENGTH, LABEL, NEGATION, CONTRAST, TRUNCATED, DOMAIN = (
    "length", "label", "negation", "contrast", "truncated", "domain",
)  # fmt: skip

# Each twice the one before, so that sentences and long reviews are both told apart.
_LENGTH_LIMITS = (5, 10, 20, 40, 80, 160, 320)
_MOST_DOMAINS = 20
# fmt: off
_NEGATIONS = frozenset({
    "no", "not", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "without", "cannot", "hardly",
    "barely", "scarcely", "lack", "lacks", "lacked", "lacking", "aint", "arent", "cant", "couldnt", "didnt", "doesnt",
    "dont", "hadnt", "hasnt", "havent", "isnt", "shouldnt", "wasnt", "werent", "wont", "wouldnt",
})
_CONTRASTS = frozenset({
    "but", "however", "although", "though", "tho", "yet", "despite", "albeit", "whereas", "nevertheless",
    "nonetheless", "notwithstanding",
})
# fmt: on
# In spite of, on the other hand.
_CONTRAST_PAIRS = frozenset({("in", "spite"), ("other", "hand")})
# Words of grammar are about a quarter of what is written in English and next to nothing elsewhere.
_ENGLISH_WORDS = frozenset({"the", "and", "of", "to", "is", "it", "was", "that", "this", "with", "for"})
_LEAST_ENGLISH = 0.05
# The calibration error of few texts is mostly chance: its bins then hold a handful each.
_LEAST_FOR_ECE = 100


@dataclass(frozen=True)
class Slice:
    """Texts of one kind."""

    kind: str
    """What texts are told apart by, such as `length`."""
    value: str
    """Which of them these are, such as `6 to 10 words`."""
    rows: npt.NDArray[np.bool_]
    """Whether each text is one of them, (n_texts,)."""


@dataclass(frozen=True)
class SliceScore:
    """Accuracy on the texts of one kind."""

    slice: Slice
    n: int
    accuracy: Interval
    """With its exact binomial interval."""
    accuracy_elsewhere: float
    """Accuracy on all other texts."""
    ece: float | None
    """Expected calibration error; None for fewer than 100 texts."""
    worse: bool
    """Whether accuracy is lower here than elsewhere beyond chance, all slices considered together."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "slice": self.slice.kind,
            "value": self.slice.value,
            "n": self.n,
            "accuracy": self.accuracy.as_dict(),
            "accuracy_elsewhere": self.accuracy_elsewhere,
            "ece": self.ece,
            "worse": self.worse,
        }


def find_slices(
    dataset: TextDataset, *, truncated: npt.NDArray[np.bool_] | None = None, domains: Sequence[str] | None = None
) -> list[Slice]:
    """Divide texts by length, label, negation, contrast, whether they were cut, and domain.

    What does not divide them, such as the label where all have the same, is left out. Negation and contrast are found
    by words, `hardly` and `n't` or `however` and `yet`, and only where the texts are in English.

    Args:
        dataset: The texts, at least one.
        truncated: Whether some part of each text was not read, (n_texts,); None where that is not known.
        domains: Where each text comes from, such as a kind of product; of more than 20 different ones the rarer stand
            together as `other`.
    """
    words = [find_words(text) for text in dataset.texts]
    divisions = {LENGTH: _by_length(words), LABEL: _by_label(dataset)}
    if _in_english(words):
        divisions[NEGATION] = _yes_or_no(np.array([has_negation(each) for each in words]))
        divisions[CONTRAST] = _yes_or_no(np.array([has_contrast(each) for each in words]))
    if truncated is not None:
        divisions[TRUNCATED] = _yes_or_no(truncated)
    if domains is not None:
        divisions[DOMAIN] = _by_domain(domains)
    found = []
    for name, parts in divisions.items():
        filled = {value: rows for value, rows in parts.items() if rows.any()}
        if len(filled) > 1:
            found += [Slice(name, value, rows) for value, rows in filled.items()]
    return found


def has_negation(words: Sequence[str]) -> bool:
    """Whether lower-case words hold a negation, also one that is split as in `do n't` or `don 't`."""
    if not _NEGATIONS.isdisjoint(words) or any(word.endswith(("n't", "n’t")) for word in words):
        return True
    return "t" in words and any(second == "t" and first.endswith("n") for first, second in pairwise(words))


def has_contrast(words: Sequence[str]) -> bool:
    """Whether lower-case words hold one that sets a clause against another, such as `but` or `in spite of`."""
    return not _CONTRASTS.isdisjoint(words) or not _CONTRAST_PAIRS.isdisjoint(pairwise(words))


def score_slices(
    label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], slices: Sequence[Slice]
) -> tuple[SliceScore, ...]:
    """Accuracy of each slice beside that of all other texts.

    Whether a slice is worse is Fisher's exact test, one-sided, with Holm's correction for the number of slices (Holm
    1979): where no slice is worse, the chance that any is called so is at most 5 %.

    Args:
        label_ids: Right label ids, (n_texts,).
        probabilities: (n_texts, n_labels).
        slices: As `find_slices` gives them; each leaves some text to the others.
    """
    correct = probabilities.argmax(axis=1) == label_ids
    counts = [_counts(correct, each.rows) for each in slices]
    worse = _holm([_p_worse(*each) for each in counts])
    return tuple(
        SliceScore(
            each,
            n,
            exact_share(hits, n),
            hits_elsewhere / n_elsewhere,
            expected_calibration_error(label_ids[each.rows], probabilities[each.rows]) if n >= _LEAST_FOR_ECE else None,
            is_worse,
        )
        for each, (hits, n, hits_elsewhere, n_elsewhere), is_worse in zip(slices, counts, worse, strict=True)
    )


def _in_english(words: Sequence[Sequence[str]]) -> bool:
    n_words = sum(map(len, words))
    return sum(word in _ENGLISH_WORDS for each in words for word in each) >= _LEAST_ENGLISH * max(n_words, 1)


def _yes_or_no(rows: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[np.bool_]]:
    return {"yes": rows, "no": ~rows}


def _by_length(words: Sequence[Sequence[str]]) -> dict[str, npt.NDArray[np.bool_]]:
    lengths = np.array([len(each) for each in words])
    bins = np.searchsorted(np.array((0, *_LENGTH_LIMITS)), lengths)
    names = (
        "no words",
        *(f"{low + 1} to {high} words" for low, high in pairwise((0, *_LENGTH_LIMITS))),
        f"over {_LENGTH_LIMITS[-1]} words",
    )
    return {name: bins == i for i, name in enumerate(names)}


def _by_label(dataset: TextDataset) -> dict[str, npt.NDArray[np.bool_]]:
    return {name: dataset.label_ids == i for i, name in enumerate(dataset.labels)}


def _by_domain(domains: Sequence[str]) -> dict[str, npt.NDArray[np.bool_]]:
    names = np.array([str(domain).strip() or "none" for domain in domains], dtype=object)
    common = [name for name, _ in Counter(names).most_common(_MOST_DOMAINS)]
    parts = {name: names == name for name in common}
    rest = ~np.logical_or.reduce(list(parts.values()))
    if rest.any():
        parts[f"other, {len(set(names[rest]))} domains"] = rest
    return parts


def _counts(correct: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    hits, n = int(correct[rows].sum()), int(rows.sum())
    return hits, n, int(correct.sum()) - hits, len(correct) - n


def _p_worse(hits: int, n: int, hits_elsewhere: int, n_elsewhere: int) -> float:
    from scipy.stats import fisher_exact

    table = [[hits, n - hits], [hits_elsewhere, n_elsewhere - hits_elsewhere]]
    return float(fisher_exact(table, alternative="less").pvalue)


def _holm(p_values: Sequence[float]) -> list[bool]:
    """Which hypotheses of equality fall, from the smallest p-value on, until one stands."""
    fallen = [False] * len(p_values)
    for rank, position in enumerate(np.argsort(p_values)):
        if p_values[position] > (1 - CONFIDENCE) / (len(p_values) - rank):
            break
        fallen[position] = True
    return fallen
