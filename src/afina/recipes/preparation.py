"""Data ready to train on: loaded, divided, and free of texts that the test set holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from afina.config import DataConfig, RunConfig
from afina.data import (
    SAMPLE,
    FileNotes,
    TextDataset,
    find_overlap,
    is_sample,
    load_dataset,
    public_name,
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
    files: list[FileNotes]
    """What was noticed while the sources were read, with the rows that could not be understood."""


def prepare_data(
    config: DataConfig,
    *,
    seed: int,
    reporter: Reporter,
    seconds_left: float | None = None,
    pool: Mapping[str, int] | None = None,
) -> PreparedData:
    """Load the sources, divide them, and drop training texts that stand in the test set.

    Args:
        config: What to load and how to divide it.
        seed: Seed of the division.
        reporter: Told what was found and done.
        seconds_left: Seconds of the budget left; where even looking through all texts would take too much of them, a
            stratified part is used. None uses all.
        pool: Texts to draw from the source and from the test set, as recorded by the run that is resumed.

    Raises:
        DataError: A source cannot be read or learned from.
    """
    record: dict[str, Any] = {"source": public_name(config.source), "test_source": None}
    record["leakage"] = {"test_exact": 0, "test_near": 0, "train_removed": 0}
    files: list[FileNotes] = []
    if config.source == SAMPLE and config.test is None:
        train, dev, test = (
            _load(f"{SAMPLE}:{part}", config, files, reporter, seed=seed) for part in ("train", "dev", "test")
        )
    else:
        whole = _load(config.source, config, files, reporter, seed=seed)
        if config.test is None:
            record["pool"] = pool = pool or _pool(seconds_left, whole)
            train, dev, test = _three_parts(_drawn(whole, pool["source"], reporter, seed=seed), config, seed=seed)
        else:
            test = _load(config.test, config, files, reporter, seed=seed, training=whole)
            require_rows_per_label(whole, 3)
            record["pool"] = pool = pool or _pool(seconds_left, whole, test)
            record["test_source"] = public_name(config.test)
            test = _drawn(test, pool["test"], reporter, seed=seed)
            learning = _drawn(whole, pool["source"], reporter, seed=seed)
            train, dev = _two_parts(_without_overlap(learning, test, record, reporter), config, seed=seed)
    record |= {
        part: {"name": dataset.name, "texts": len(dataset), "labels": dataset.counts(), "sha256": dataset.fingerprint()}
        for part, dataset in (("train", train), ("dev", dev), ("test", test))
    }
    counts = ", ".join(f"{count:,} {name}" for name, count in train.counts().items())
    reporter.tell(f"Texts: {len(train):,} to train on ({counts}), {len(dev):,} dev, {len(test):,} test")
    return PreparedData(train, dev, test, record, files)


def _pool(seconds_left: float | None, source: TextDataset, test: TextDataset | None = None) -> dict[str, int]:
    """How many texts can be compared and fitted in a small share of the time left."""
    datasets = [source] if test is None else [source, test]
    characters = sum(len(text) for dataset in datasets for text in dataset.texts)
    share = 1.0
    if seconds_left is not None:
        share = min(1.0, _SHARE_OF_TIME * max(seconds_left, 1.0) * _CHARACTERS_PER_SECOND / characters)
    pool = {"source": max(200, int(share * len(source)))}
    return pool if test is None else pool | {"test": max(100, int(share * len(test)))}


def _drawn(dataset: TextDataset, size: int, reporter: Reporter, *, seed: int) -> TextDataset:
    """As many texts as the time allows to look through."""
    if size < len(dataset):
        reporter.warn(
            f"The budget is too short to look through all texts: {size:,} of {len(dataset):,} of {dataset.name}, drawn "
            "at random, are used"
        )
    return take(dataset, size, seed=seed)


def _load(
    source: str,
    config: DataConfig,
    files: list[FileNotes],
    reporter: Reporter,
    *,
    seed: int,
    training: TextDataset | None = None,
) -> TextDataset:
    dataset, notes = load_dataset(
        source,
        text_column=config.text_column,
        title_column=config.title_column,
        label_column=config.label_column,
        keep_labels=config.keep_labels,
        labels=training.labels if training else None,
        max_rows=config.max_rows,
        seed=seed,
    )
    files.extend(notes.files)
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
    overlap = find_overlap(training.normal_forms, test.normal_forms)
    shared_test = find_overlap(test.normal_forms, training.normal_forms) if overlap else overlap
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


def without_passwords(config: RunConfig) -> RunConfig:
    """The settings as they may be written into a run: a database URL loses its password."""
    data = config.data
    public = {"source": public_name(data.source), "test": None if data.test is None else public_name(data.test)}
    return config.model_copy(update={"data": data.model_copy(update=public)})
