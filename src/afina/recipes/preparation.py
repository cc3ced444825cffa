"""Data ready to train on: loaded, divided, and free of texts that the test set holds."""

from __future__ import annotations

from collections.abc import Sequence
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
    take,
)
from afina.errors import DataError
from afina.recipes.reporting import Reporter

_MAX_DEV = 400
_MAX_TEST = 2_500
# Comparing training with test texts: the rate seen on one slow core, and the share of the time left it may take.
_CHARACTERS_PER_SECOND = 3e6
_SHARE_OF_TIME = 0.1


@dataclass(frozen=True)
class PreparedData:
    """Training, dev and test texts."""

    train: TextDataset
    dev: TextDataset
    test: TextDataset
    record: dict[str, Any]
    """Counts and fingerprints for the manifest."""


def prepare_data(
    config: DataConfig,
    *,
    seed: int,
    reporter: Reporter,
    seconds_left: float | None = None,
    pool: Sequence[int] | None = None,
) -> PreparedData:
    """Load the sources, divide them, and drop training texts that stand in the test set.

    Args:
        config: What to load and how to divide it.
        seed: Seed of the division.
        reporter: Told what was found and done.
        seconds_left: Seconds of the budget left; where even looking through all texts would take too much of them, a
            stratified part is used. None uses all.
        pool: Texts to use for training and for testing, as recorded by the run that is resumed.

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
    learning = whole if config.test is not None else train
    record["pool"] = pool = list(pool or _pool(learning, test, seconds_left))
    if pool[0] < len(learning):
        reporter.warn(
            f"The budget is too short to look through all texts: {pool[0]:,} of {len(learning):,} training texts and "
            f"{min(pool[1], len(test)):,} of {len(test):,} test texts, drawn at random, are used"
        )
    learning, test = take(learning, pool[0], seed=seed), take(test, pool[1], seed=seed)
    learning = _without_overlap(learning, test, record, reporter)
    if config.test is not None:
        train, dev = _two_parts(learning, config, seed=seed)
    else:
        train = learning
    record |= {
        part: {"name": dataset.name, "texts": len(dataset), "labels": dataset.counts(), "sha256": dataset.fingerprint()}
        for part, dataset in (("train", train), ("dev", dev), ("test", test))
    }
    counts = ", ".join(f"{count:,} {name}" for name, count in train.counts().items())
    reporter.tell(f"Texts: {len(train):,} to train on ({counts}), {len(dev):,} dev, {len(test):,} test")
    return PreparedData(train, dev, test, record)


def _pool(learning: TextDataset, test: TextDataset, seconds_left: float | None) -> tuple[int, int]:
    """How many training and test texts can be compared and fitted in a small share of the time left."""
    characters = sum(map(len, learning.texts)) + sum(map(len, test.texts))
    share = 1.0
    if seconds_left is not None:
        share = min(1.0, _SHARE_OF_TIME * max(seconds_left, 1.0) * _CHARACTERS_PER_SECOND / characters)
    return max(200, int(share * len(learning))), max(100, int(share * len(test)))


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
