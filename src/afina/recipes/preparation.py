"""Data ready to train on: loaded, divided, and free of texts that the test set holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from afina.config import DataConfig, RunConfig
from afina.data import (
    SAMPLE,
    FileNotes,
    Overlap,
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
from afina.data.augmentation import augment
from afina.errors import DataError
from afina.recipes.reporting import Reporter

_MAX_DEV = 400
_FEWEST = {"train": 200, "dev": 100, "test": 100}
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
    whole: Mapping[str, TextDataset] = field(default_factory=dict)
    """What the training source was divided into, before anything was left out for want of time; a test set of its own
    is no part of it."""


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
        seed: Seed of the division, unless `config` has one.
        reporter: Told what was found and done.
        seconds_left: Seconds of the budget left; where even looking through all texts would take too much of them, a
            stratified part is used. None uses all.
        pool: Texts to draw from each source, as recorded by the run that is resumed.

    Raises:
        DataError: A source cannot be read or learned from.
    """
    seed = seed if config.split_seed is None else config.split_seed
    record: dict[str, Any] = {
        "source": public_name(config.source),
        "dev_source": None if config.dev is None else public_name(config.dev),
        "test_source": None if config.test is None else public_name(config.test),
        "leakage": {"test_exact": 0, "test_near": 0, "train_removed": 0},
        "messages": [],
    }
    files: list[FileNotes] = []
    load = partial(_load, config=config, files=files, told=record["messages"], reporter=reporter, seed=seed)
    is_divided = config.source == SAMPLE and config.test is None and config.dev is None
    if is_divided:
        train, dev, test = (load(f"{SAMPLE}:{part}") for part in ("train", "dev", "test"))
    else:
        given = {"train": load(config.source)}
        given |= {
            part: load(source, training=given["train"])
            for part, source in (("dev", config.dev), ("test", config.test))
            if source is not None
        }
        record["pool"] = pool = pool or _pool(seconds_left, given)
        drawn = {part: _drawn(dataset, pool[part], reporter, seed=seed) for part, dataset in given.items()}
        train, dev, test = _divide(drawn, config, record, reporter, seed=seed)
    if config.augment:
        augmented = augment(train, config.augment, seed=seed)
        train, record["augment"] = augmented.dataset, augmented.record
        made = ", ".join(f"{count:,} of {kind}" for kind, count in augmented.record["kinds"].items())
        reporter.tell(f"Made-up sentences are added to the training texts: {made}")
    record |= {
        part: {"name": dataset.name, "texts": len(dataset), "labels": dataset.counts(), "sha256": dataset.fingerprint()}
        for part, dataset in (("train", train), ("dev", dev), ("test", test))
    }
    counts = ", ".join(f"{count:,} {name}" for name, count in train.counts().items())
    reporter.tell(f"Texts: {len(train):,} to train on ({counts}), {len(dev):,} dev, {len(test):,} test")
    whole = {"train": train, "dev": dev}
    if config.test is None and not is_divided:
        whole["test"] = test
    return PreparedData(train, dev, test, record, files, whole)


def _divide(
    given: Mapping[str, TextDataset], config: DataConfig, record: dict[str, Any], reporter: Reporter, *, seed: int
) -> tuple[TextDataset, TextDataset, TextDataset]:
    """Training, dev and test texts from those given: a part that is missing is split off the training texts."""
    train = given["train"]
    require_rows_per_label(train, 3 - len(given) + 1)
    shares = {
        "dev": min(config.dev_share, _MAX_DEV / len(train)),
        "test": min(config.test_share, _MAX_TEST / len(train)),
    }
    missing = {part: share for part, share in shares.items() if part not in given}
    if "test" in given:
        train = _without_overlap(train, given["test"], record, reporter)
    if missing:
        parts = split(train, (1 - sum(missing.values()), *missing.values()), seed=seed)
        given = {**given, **dict(zip(missing, parts[1:], strict=True))}
        train = parts[0]
    dev, test = given["dev"], given["test"]
    if "dev" not in missing:
        dev = _only_new(dev, test, "dev texts", "test", reporter)
        train = _only_new(train, dev, "training texts", "dev", reporter)
    return train, dev, test


def _pool(seconds_left: float | None, given: Mapping[str, TextDataset]) -> dict[str, int]:
    """How many texts of each source can be compared and fitted in a small share of the time left."""
    characters = sum(len(text) for dataset in given.values() for text in dataset.texts)
    share = 1.0
    if seconds_left is not None:
        share = min(1.0, _SHARE_OF_TIME * max(seconds_left, 1.0) * _CHARACTERS_PER_SECOND / characters)
    return {part: max(_FEWEST[part], int(share * len(dataset))) for part, dataset in given.items()}


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
    *,
    config: DataConfig,
    files: list[FileNotes],
    told: list[str],
    reporter: Reporter,
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
        told.append(f"{source_name(source)}: {message}")
    return dataset


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
    return _left_over(training, overlap, "training", "test")


def _only_new(dataset: TextDataset, other: TextDataset, what: str, where: str, reporter: Reporter) -> TextDataset:
    """Texts that do not stand in another set, exactly or nearly; those that do are told."""
    overlap = find_overlap(dataset.normal_forms, other.normal_forms)
    if not overlap:
        return dataset
    reporter.warn(f"Removed {len(overlap.rows):,} {what} that stand in the {where} set, exactly or nearly")
    return _left_over(dataset, overlap, what.split()[0], where)


def _left_over(dataset: TextDataset, overlap: Overlap, what: str, where: str) -> TextDataset:
    kept = np.setdiff1d(np.arange(len(dataset)), overlap.rows)
    if not len(kept):
        raise DataError(
            f"Every {what} text stands in the {where} set, so nothing is left",
            hint=f"give other texts with --{where}, or leave --{where} out to have a share held out",
        )
    remaining = dataset.select(kept)
    if what == "training":
        require_rows_per_label(remaining, 2)
    return remaining


def without_passwords(config: RunConfig) -> RunConfig:
    """The settings as they may be written into a run: a database URL loses its password."""
    data = config.data
    sources = {"source": data.source, "dev": data.dev, "test": data.test}
    public = {name: None if source is None else public_name(source) for name, source in sources.items()}
    return config.model_copy(update={"data": data.model_copy(update=public)})
