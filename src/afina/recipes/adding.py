"""Texts that are trained on besides those of the source, such as corrected answers of an earlier model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset, find_overlap
from afina.recipes.reporting import Reporter


@dataclass(frozen=True)
class Added:
    """Training texts with others behind them."""

    dataset: TextDataset
    positions: range
    """Where in it the added texts stand."""
    record: dict[str, Any]
    """How many there are, and how many were left out and why, for the manifest."""


def add_texts(
    training: TextDataset, more: TextDataset, *, dev: TextDataset, test: TextDataset, reporter: Reporter
) -> Added:
    """Put more labelled texts behind the training texts, and leave dev and test texts as they are.

    Those that stand, exactly or nearly, in the dev or test set would make the figures flatter the model, and are left
    out; so are those that the training texts hold already. Where a training text has another label than the same text
    among the added ones, the added label stands: corrections are newer than what they correct.

    Args:
        training: Texts of the source.
        more: Texts to add, with the same labels.
        dev: Texts that choose the best weights.
        test: Texts that test.
        reporter: Told what was added, left out and replaced.

    Returns:
        The training texts, in their order, with the added ones behind them, whose row number is 0 where rows have
        numbers.
    """
    leaks = {
        part: find_overlap(more.normal_forms, dataset.normal_forms).rows
        for part, dataset in (("dev", dev), ("test", test))
    }
    is_left = np.zeros(len(more), dtype=np.bool_)
    for rows in leaks.values():
        is_left[rows] = True
    known = dict(_pairs(training))
    label_of = dict(_pairs(more.select(np.flatnonzero(~is_left))))
    repeated = [not is_left[i] and known.get(form) == label for i, (form, label) in enumerate(_pairs(more))]
    replaced = np.array([i for i, (form, label) in enumerate(_pairs(training)) if label_of.get(form, label) != label])
    is_left |= np.array(repeated, dtype=np.bool_)
    chosen, kept = more.select(np.flatnonzero(~is_left)), training.without(replaced.astype(np.int64))
    record = {
        "given": len(more),
        "texts": len(chosen),
        "labels": chosen.counts(),
        "in_dev": len(leaks["dev"]),
        "in_test": len(leaks["test"]),
        "repeated": sum(repeated),
        "replaced": len(replaced),
        "sha256": chosen.fingerprint(),
    }
    _tell(record, more.name, reporter)
    return Added(_behind(kept, chosen), range(len(kept), len(kept) + len(chosen)), record)


def _pairs(dataset: TextDataset) -> list[tuple[str, int]]:
    return list(zip(dataset.normal_forms, dataset.label_ids.tolist(), strict=True))


def _behind(training: TextDataset, more: TextDataset) -> TextDataset:
    numbers: npt.NDArray[np.int64] | None = training.row_numbers
    groups: Sequence[str] | None = training.groups
    return replace(
        training,
        texts=[*training.texts, *more.texts],
        label_ids=np.concatenate([training.label_ids, more.label_ids]),
        row_numbers=None if numbers is None else np.concatenate([numbers, np.zeros(len(more), np.int64)]),
        groups=None if groups is None else [*groups, *(f"added {i}" for i in range(len(more)))],
    )


def _tell(record: dict[str, Any], name: str, reporter: Reporter) -> None:
    reporter.tell(f"Added to the training texts: {record['texts']:,} of {name}")
    for part in ("dev", "test"):
        if n := record[f"in_{part}"]:
            reporter.warn(f"Not added since they stand in the {part} set, exactly or nearly: {n:,} of {name}")
    if n := record["repeated"]:
        reporter.tell(f"Not added since they are training texts already: {n:,} of {name}")
    if n := record["replaced"]:
        reporter.tell(f"Training texts that {name} gives another label, which stands: {n:,}")
