"""Data ready to train on: loaded, divided, and free of texts that the test set holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from afina.config import DataConfig
from afina.data import (
    SAMPLE,
    TextDataset,
    find_overlap,
    is_sample,
    load_dataset,
    require_rows_per_label,
    source_name,
    split,
)
from afina.errors import DataError
from afina.recipes.reporting import Reporter

_MAX_DEV = 1_000
_MAX_TEST = 2_500


@dataclass(frozen=True)
class PreparedData:
    """Training, dev and test texts."""

    train: TextDataset
    dev: TextDataset
    test: TextDataset
    record: dict[str, Any]
    """Counts and fingerprints for the manifest."""


def prepare_data(config: DataConfig, *, seed: int, reporter: Reporter) -> PreparedData:
    """Load the sources, divide them, and drop training texts that stand in the test set.

    Raises:
        DataError: A source cannot be read or learned from.
    """
    if config.source == SAMPLE and config.test is None:
        train, dev, test = (_load(f"{SAMPLE}:{part}", config, reporter) for part in ("train", "dev", "test"))
    else:
        whole = _load(config.source, config, reporter)
        if config.test is None:
            train, dev, test = _three_parts(whole, config, seed=seed)
        else:
            test = _load(config.test, config, reporter, training=whole)
            require_rows_per_label(whole, 3)
    record: dict[str, Any] = {"source": config.source, "test_source": config.test}
    if config.test is not None:
        whole = _without_overlap(whole, test, record, reporter)
        train, dev = _two_parts(whole, config, seed=seed)
    else:
        train = _without_overlap(train, test, record, reporter)
    record |= {
        part: {"name": dataset.name, "texts": len(dataset), "labels": dataset.counts(), "sha256": dataset.fingerprint()}
        for part, dataset in (("train", train), ("dev", dev), ("test", test))
    }
    counts = ", ".join(f"{count:,} {name}" for name, count in train.counts().items())
    reporter.tell(f"Texts: {len(train):,} to train on ({counts}), {len(dev):,} dev, {len(test):,} test")
    return PreparedData(train, dev, test, record)


def _load(source: str, config: DataConfig, reporter: Reporter, *, training: TextDataset | None = None) -> TextDataset:
    # Columns named for the training file need not exist in the test file of another make.
    named = {
        "text_column": config.text_column,
        "title_column": config.title_column,
        "label_column": config.label_column,
    }
    labels = training.labels if training else None
    dataset, notes = load_dataset(source, **named, keep_labels=config.keep_labels, labels=labels)
    if not is_sample(source):
        reporter.tell(f"{source_name(source)}: {notes.rows:,} rows, {notes.columns}")
    for message in notes.messages:
        reporter.tell(message)
    return dataset


def _three_parts(whole: TextDataset, config: DataConfig, *, seed: int) -> list[TextDataset]:
    require_rows_per_label(whole, 3)
    test_share = min(config.test_share, _MAX_TEST / len(whole))
    dev_share = min(config.dev_share, _MAX_DEV / len(whole))
    return split(whole, (1 - dev_share - test_share, dev_share, test_share), seed=seed)


def _two_parts(whole: TextDataset, config: DataConfig, *, seed: int) -> list[TextDataset]:
    dev_share = min(config.dev_share, _MAX_DEV / len(whole))
    return split(whole, (1 - dev_share, dev_share), seed=seed)


def _without_overlap(
    training: TextDataset, test: TextDataset, record: dict[str, Any], reporter: Reporter
) -> TextDataset:
    """Training texts that are not, exactly or nearly, test texts; what is left out is told and recorded."""
    overlap = find_overlap(training, test)
    shared_test = find_overlap(test, training) if overlap else overlap
    record["leakage"] = {
        "test_exact": len(shared_test.exact),
        "test_near": len(shared_test.near),
        "train_removed": len(overlap.rows),
    }
    if not overlap:
        return training
    reporter.warn(
        f"The test set shares texts with the training data: {len(shared_test.rows):,} of {len(test):,} stand there "
        f"({len(shared_test.exact):,} exactly, {len(shared_test.near):,} nearly); removed from training: "
        f"{len(overlap.rows):,}"
    )
    kept = np.setdiff1d(np.arange(len(training)), overlap.rows)
    if not len(kept):
        raise DataError(
            "Every training text stands in the test set, so nothing is left to train on",
            hint="give other texts with --test, or leave --test out to have a share held out",
        )
    remaining = training.select(kept)
    require_rows_per_label(remaining, 2)
    return remaining
