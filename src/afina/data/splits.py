"""Stratified, seeded splits that keep equal texts on one side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from afina.data.text_dataset import TextDataset
from afina.errors import DataError


def split(dataset: TextDataset, shares: Sequence[float], *, seed: int) -> list[TextDataset]:
    """Divide a data set into parts of the given shares, each with the label mix of the whole.

    Rows with the same normalised text go to the same part, whatever their labels say. Every part gets at least one
    row of each label.

    Args:
        dataset: What to divide.
        shares: Share of each part; they sum to 1.
        seed: Equal seeds give equal parts.

    Raises:
        DataError: A label has fewer distinct texts than there are parts.
    """
    rng = np.random.default_rng(seed)
    groups = _groups(dataset)
    parts: list[list[int]] = [[] for _ in shares]
    by_label: dict[int, list[list[int]]] = defaultdict(list)
    for group in groups:
        by_label[int(dataset.label_ids[group[0]])].append(group)
    for label_id, name in enumerate(dataset.labels):
        texts = len({form for form, i in zip(dataset.normal_forms, dataset.label_ids, strict=True) if i == label_id})
        if texts < len(shares):
            raise too_few(dataset, name, texts, len(shares))
    for label_id in sorted(by_label):
        members = [by_label[label_id][i] for i in rng.permutation(len(by_label[label_id]))]
        for part, chosen in zip(parts, _deal(members, shares), strict=True):
            part.extend(row for group in chosen for row in group)
    # Rows keep the order of the source, so that a part does not depend on how it was drawn.
    return [dataset.select(np.array(sorted(part), dtype=np.int64)) for part in parts]


def stratified_sample(label_ids: npt.NDArray[np.int64], size: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Positions of `size` rows with the label mix of the whole, at least one of each label, ascending.

    Args:
        label_ids: Label id of each row, (n_texts,).
        size: Rows wanted; all are returned where there are no more.
        seed: Equal seeds give equal samples, and a larger sample contains a smaller one but for rounding.
    """
    if size >= len(label_ids):
        return np.arange(len(label_ids), dtype=np.int64)
    rng = np.random.default_rng(seed)
    chosen: list[npt.NDArray[np.int64]] = []
    for label_id in np.unique(label_ids):
        rows = rng.permutation(np.flatnonzero(label_ids == label_id))
        chosen.append(rows[: max(1, round(size * len(rows) / len(label_ids)))])
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def take(dataset: TextDataset, size: int, *, seed: int) -> TextDataset:
    """A stratified part of a data set, or the whole where that is no larger."""
    if size >= len(dataset):
        return dataset
    return dataset.select(stratified_sample(dataset.label_ids, size, seed=seed))


def require_rows_per_label(dataset: TextDataset, n_rows: int) -> None:
    """Check that each label has at least `n_rows` rows.

    Raises:
        DataError: A label has fewer; it is named.
    """
    for name, count in dataset.counts().items():
        if count < n_rows:
            raise too_few(dataset, name, count, n_rows)


def too_few(dataset: TextDataset, label: str, count: int, needed: int) -> DataError:
    """The error for a label with too few texts."""
    return DataError(
        f"The label {label!r} of {dataset.name} has {count} text{'' if count == 1 else 's'}, "
        f"at least {needed} are needed",
        hint="add examples of it, or remove it from the data",
    )


def _groups(dataset: TextDataset) -> list[list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for position, form in enumerate(dataset.normal_forms):
        groups[form].append(position)
    return list(groups.values())


def _deal(groups: list[list[int]], shares: Sequence[float]) -> list[list[list[int]]]:
    """Cut a shuffled list of groups so that parts get their shares, and none is empty where that can be had."""
    cuts = [round(len(groups) * share) for share in np.cumsum(shares)[:-1]]
    if len(groups) >= len(shares):
        for i in range(len(cuts)):
            cuts[i] = max(cuts[i], cuts[i - 1] + 1 if i else 1)
        for i in reversed(range(len(cuts))):
            cuts[i] = min(cuts[i], (cuts[i + 1] if i + 1 < len(cuts) else len(groups)) - 1)
    edges = [0, *cuts, len(groups)]
    return [groups[start:end] for start, end in pairwise(edges)]
