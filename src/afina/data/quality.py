"""Duplicates inside a data set, and texts that two data sets share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from afina.data.similarity import near_matches
from afina.data.text_dataset import TextDataset


@dataclass(frozen=True)
class Match:
    """The text of another data set that a row repeats."""

    position: int
    """Its position in the other set."""
    similarity: float
    """Jaccard similarity of the two sets of words; 1 where the normal forms are equal."""


@dataclass(frozen=True)
class Overlap:
    """Rows of one data set that stand in another."""

    exact: npt.NDArray[np.int64]
    """Positions of rows whose normal form stands in the other set, ascending."""
    near: npt.NDArray[np.int64]
    """Positions of rows that nearly stand there, exact ones not counted, ascending."""
    matches: dict[int, Match] = field(default_factory=dict)
    """What each of these rows repeats: the first equal text, or the most similar one."""

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


def find_overlap(forms: Sequence[str], others: Sequence[str]) -> Overlap:
    """Which texts of one list stand, exactly or nearly, in another.

    Args:
        forms: Texts in normal form to look up.
        others: Texts in normal form to look among.

    Returns:
        Positions in `forms`. Exact means equal; near a Jaccard similarity of at least 0.8 of the two sets of words, or
        a difference of one word (replaced, put in, or left out) between texts of at least four distinct words, either
        of which differs so from three others at most.
    """

    def near(rest: Sequence[int], distinct: Sequence[int]) -> dict[int, tuple[int, float]]:
        return near_matches([forms[i] for i in rest], [others[j] for j in distinct])

    return join_texts(forms, others, near)


def join_texts(
    keys: Sequence[Hashable],
    others: Sequence[Hashable],
    near: Callable[[Sequence[int], Sequence[int]], dict[int, tuple[int, float]]],
) -> Overlap:
    """Match texts with equal ones, and those left over with near ones.

    Args:
        keys: What stands for each text to look up: equal texts have equal keys.
        others: The same of the texts to look among.
        near: Given positions in `keys` and positions in `others`, finds near matches: by the place among the former
            the place among the latter, and the similarity.
    """
    first: dict[Hashable, int] = {}
    for position, key in enumerate(others):
        first.setdefault(key, position)
    matches = {position: Match(first[key], 1.0) for position, key in enumerate(keys) if key in first}
    exact = np.array(list(matches), dtype=np.int64)
    rest = [position for position in range(len(keys)) if position not in matches]
    distinct = list(first.values())
    found = {rest[i]: Match(distinct[j], similarity) for i, (j, similarity) in near(rest, distinct).items()}
    return Overlap(exact, np.array(list(found), dtype=np.int64), matches | found)
