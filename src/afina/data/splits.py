"""Stratified, seeded splits that keep equal and nearly equal texts, and groups, on one side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from afina.data.similarity import Positions, components
from afina.data.text_dataset import TextDataset
from afina.errors import DataError


def split(dataset: TextDataset, shares: Sequence[float], *, seed: int) -> list[TextDataset]:
    """Divide a data set into parts of the given shares, each with the label mix of the whole.

    Texts that equal or nearly equal one another go to the same part, whatever their labels say; so do rows of one
    group, where the data set has groups. Every part gets at least one row of each label; where groups hold several
    labels, nearly always.

    Args:
        dataset: What to divide.
        shares: Share of each part; they sum to 1.
        seed: Equal seeds give equal parts.

    Raises:
        DataError: A label has fewer distinct texts, or stands in fewer groups, than there are parts.
    """
    rng = np.random.default_rng(seed)
    parts: list[list[int]] = [[] for _ in shares]
    if dataset.groups is not None:
        return [dataset.select(rows) for rows in _deal_groups(dataset, shares, rng)]
    for units in _units_by_label(dataset, at_least=len(shares)).values():
        for part, chosen in zip(parts, _deal([units[i] for i in rng.permutation(len(units))], shares), strict=True):
            part.extend(row for unit in chosen for row in unit)
    # Rows keep the order of the source, so that a part does not depend on how it was drawn.
    return [dataset.select(np.array(sorted(part), dtype=np.int64)) for part in parts]


def split_few_shot(dataset: TextDataset, n_per_label: int, *, seed: int) -> list[TextDataset]:
    """Draw `n_per_label` texts of each label to train on and as many for dev; the others are the test set.

    Of texts that nearly equal one another, and of a group, one row at most is drawn and the others are left out, so
    that none of them is tested on.

    Args:
        dataset: What to divide.
        n_per_label: Texts of each label.
        seed: Equal seeds give equal parts.

    Returns:
        Training, dev and test texts.

    Raises:
        DataError: A label has too few distinct texts, or groups, to leave one for the test set.
    """
    rng = np.random.default_rng(seed)
    parts: list[list[int]] = [[], [], []]
    needed = 2 * n_per_label + 1
    for label_id, units in _units_by_label(dataset, at_least=needed).items():
        if len(units) < needed:
            raise _too_few_units(dataset, label_id, len(units), needed)
        shuffled = [units[i] for i in rng.permutation(len(units))]
        for part, chosen in zip(parts, (shuffled[:n_per_label], shuffled[n_per_label : 2 * n_per_label]), strict=False):
            # A unit stands under its commonest label; the row drawn must have it.
            part.extend(next(row for row in unit if dataset.label_ids[row] == label_id) for unit in chosen)
        parts[2].extend(row for unit in shuffled[2 * n_per_label :] for row in unit)
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


def _units_by_label(dataset: TextDataset, *, at_least: int) -> dict[int, list[list[int]]]:
    """Rows that must stay together, as lists of positions, under the label that most of them have.

    Raises:
        DataError: A label stands in fewer of these units than `at_least`.
    """
    units: dict[int, list[int]] = defaultdict(list)
    for position, unit in enumerate(_units(dataset).tolist()):
        units[unit].append(position)
    by_label: dict[int, list[list[int]]] = {label_id: [] for label_id in range(len(dataset.labels))}
    n_with = np.zeros(len(dataset.labels), dtype=np.int64)
    for rows in units.values():
        counts = np.bincount(dataset.label_ids[rows], minlength=len(dataset.labels))
        n_with += counts > 0
        # Of labels that are equally common, the one with the fewest units, so that none goes short.
        commonest = np.flatnonzero(counts == counts.max()).tolist()
        by_label[min(commonest, key=lambda label_id: len(by_label[label_id]))].append(rows)
    _require_units(dataset, n_with, at_least)
    order = np.argsort(n_with, kind="stable").tolist()
    for i, label_id in enumerate(order):
        _fill_up(by_label, label_id, order[:i], dataset.label_ids, at_least=at_least)
    return by_label


def _require_units(dataset: TextDataset, n_with: npt.NDArray[np.int64], at_least: int) -> None:
    """Check that each label stands in enough units of rows that must stay together, (n_labels,) counted."""
    for label_id, count in enumerate(n_with.tolist()):
        if count < at_least:
            raise _too_few_units(dataset, label_id, count, at_least)


def _too_few_units(dataset: TextDataset, label_id: int, count: int, needed: int) -> DataError:
    name, n_texts = dataset.labels.names[label_id], int((dataset.label_ids == label_id).sum())
    if n_texts < needed:
        return too_few(dataset, name, n_texts, needed)
    together = "near-duplicates" if dataset.groups is None else "groups and near-duplicates"
    return DataError(
        f"The {n_texts:,} texts of the label {name!r} of {dataset.name} fall into {count:,} "
        f"part{'' if count == 1 else 's'} that share no {together}, at least {needed} are needed",
        hint="add other texts of it" if dataset.groups is None else "leave --group-column out, or add other groups",
    )


def _fill_up(
    by_label: dict[int, list[list[int]]],
    label_id: int,
    filled: Sequence[int],
    label_ids: npt.NDArray[np.int64],
    *,
    at_least: int,
) -> None:
    """Give a label that is seldom the commonest of a unit units of other labels that hold it too."""
    for other in sorted(by_label.keys() - {label_id}, key=lambda other: (-len(by_label[other]), other)):
        to_spare = len(by_label[other]) - (at_least if other in filled else 0)
        lacking = at_least - len(by_label[label_id])
        moved = [i for i, unit in enumerate(by_label[other]) if label_id in label_ids[unit]]
        moved = moved[: max(0, min(lacking, to_spare))]
        by_label[label_id] += [by_label[other][i] for i in moved]
        by_label[other] = [unit for i, unit in enumerate(by_label[other]) if i not in moved]


def _units(dataset: TextDataset) -> npt.NDArray[np.int64]:
    clusters = dataset.clusters
    if dataset.groups is None:
        return clusters
    # Rows are linked by a shared cluster or a shared group, and by chains of both.
    numbers: dict[str, int] = {}
    groups = np.array([numbers.setdefault(group, len(numbers)) for group in dataset.groups]) + len(clusters)
    return components(clusters, groups, len(clusters) + len(numbers))[clusters]


def _deal_groups(dataset: TextDataset, shares: Sequence[float], rng: np.random.Generator) -> list[Positions]:
    """Positions of each part where units hold several labels: the largest first, to the part that lacks it most."""
    unit_of = _units(dataset)
    n_units = int(unit_of.max()) + 1
    counts = np.zeros((n_units, len(dataset.labels)), dtype=np.int64)
    np.add.at(counts, (unit_of, dataset.label_ids), 1)
    left_with = (counts > 0).sum(axis=0)  # units still to be dealt that hold a label, (n_labels,)
    _require_units(dataset, left_with, len(shares))
    lacking = np.outer(shares, counts.sum(axis=0))  # rows, (n_parts, n_labels)
    has = np.zeros(lacking.shape, dtype=np.bool_)
    part_of = np.zeros(n_units, dtype=np.int64)
    shuffled = rng.permutation(n_units)
    for unit in shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]:
        # The last units of a label are for parts that have none of it.
        scarce = [label for label in np.flatnonzero(counts[unit]) if left_with[label] <= (~has[:, label]).sum()]
        open_parts = np.flatnonzero(~has[:, scarce].all(axis=1)) if scarce else np.arange(len(shares))
        part = int(open_parts[np.argmax(lacking[open_parts] @ counts[unit])])
        part_of[unit] = part
        lacking[part] -= counts[unit]
        has[part] |= counts[unit] > 0
        left_with -= counts[unit] > 0
    return [np.flatnonzero(part_of[unit_of] == part).astype(np.int64) for part in range(len(shares))]


def _deal(units: list[list[int]], shares: Sequence[float]) -> list[list[list[int]]]:
    """Cut a shuffled list of units so that parts get their shares of rows, and none is empty where that can be had."""
    sizes = np.array([len(unit) for unit in units])
    # A unit larger than the smallest part should be goes to the first part, if that is the largest.
    fits = sizes <= max(1, min(shares) * sizes.sum())
    order = np.argsort(fits, kind="stable") if shares[0] == max(shares) else np.arange(len(units))
    middles = np.cumsum(sizes[order]) - sizes[order] / 2
    cuts = [int(np.searchsorted(middles, share * sizes.sum())) for share in np.cumsum(shares)[:-1]]
    if len(units) >= len(shares):
        for i in range(len(cuts)):
            cuts[i] = max(cuts[i], cuts[i - 1] + 1 if i else 1)
        for i in reversed(range(len(cuts))):
            cuts[i] = min(cuts[i], (cuts[i + 1] if i + 1 < len(cuts) else len(units)) - 1)
    edges = [0, *cuts, len(units)]
    return [[units[i] for i in order[start:end]] for start, end in pairwise(edges)]
