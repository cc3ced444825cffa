"""Data ready to train on: loaded, divided, and free of texts that the test set holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from afina.config import DataConfig, RunConfig
from afina.data import (
    SAMPLE,
    FileNotes,
    LoadNotes,
    Overlap,
    TextDataset,
    duplicate_rows,
    find_overlap,
    is_sample,
    load_dataset,
    public_name,
    require_rows_per_label,
    source_name,
    split,
    stratified_sample,
    take,
)
from afina.data.augmentation import augment
from afina.errors import DataError
from afina.labels import LabelSet
from afina.recipes.adding import add_texts
from afina.recipes.reporting import Reporter

MAX_DEV = 400
"""Most dev texts that are split off a source."""
_FEWEST = {"train": 200, "dev": 100, "test": 100}
_MAX_TEST = 2_500
# Comparing training with test texts: the rate seen on one slow core, and the share of the time left it may take.
_CHARACTERS_PER_SECOND = 3e6
_SHARE_OF_TIME = 0.1


@dataclass(frozen=True)
class SharedTexts:
    """Training texts that stand, exactly or nearly, in the test set, and the test texts that they equal."""

    training: Overlap
    test: Overlap

    @classmethod
    def find(cls, training: TextDataset, test: TextDataset) -> SharedTexts:
        """Compare the texts of both."""
        found = find_overlap(training.normal_forms, test.normal_forms)
        return cls(found, find_overlap(test.normal_forms, training.normal_forms) if found else found)

    def as_dict(self) -> dict[str, int]:
        """The form in which a run's manifest keeps it."""
        return {
            "test_exact": len(self.test.exact),
            "test_near": len(self.test.near),
            "train_removed": len(self.training.rows),
        }


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
    added: range = range(0)
    """Positions of the training texts that `data.add` brought."""

    @classmethod
    def of(
        cls,
        train: TextDataset,
        dev: TextDataset,
        test: TextDataset,
        *,
        config: DataConfig,
        whole: Mapping[str, TextDataset],
        shared: SharedTexts | None = None,
        files: Sequence[FileNotes] = (),
        added: range = range(0),
        **notes: Any,
    ) -> PreparedData:
        """Texts with the record that the manifest keeps of them.

        Args:
            train: Training texts.
            dev: Dev texts.
            test: Test texts.
            config: Names the sources.
            whole: As the attribute.
            shared: Training texts that were left out since the test set holds them; None where none were.
            files: As the attribute.
            added: As the attribute.
            notes: What else the record holds, such as `messages`, the sentences told of the texts.
        """
        parts = {"train": train, "dev": dev, "test": test}
        record = {
            "source": public_name(config.source),
            "dev_source": None if config.dev is None else public_name(config.dev),
            "test_source": None if config.test is None else public_name(config.test),
            "leakage": shared.as_dict() if shared else {"test_exact": 0, "test_near": 0, "train_removed": 0},
            "messages": [],
            **notes,
        }
        for part, dataset in parts.items():
            record[part] = {
                "name": dataset.name,
                "texts": len(dataset),
                "labels": dataset.counts(),
                "sha256": dataset.fingerprint(),
            }
        return cls(train, dev, test, record, list(files), whole, added)

    def take_training(self, size: int, *, seed: int) -> TextDataset:
        """A stratified part of the training texts, or all where there are no more; those that were added come first."""
        added = np.array(self.added, dtype=np.int64)
        if not len(added) or not len(added) < size < len(self.train):
            return take(self.train, size, seed=seed)
        others = np.setdiff1d(np.arange(len(self.train)), added)
        drawn = others[stratified_sample(self.train.label_ids[others], size - len(added), seed=seed)]
        return self.train.select(np.union1d(drawn, added))


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
    seed = division_seed(config, seed)
    files: list[FileNotes] = []
    messages: list[str] = []
    notes: dict[str, Any] = {"messages": messages}
    load = partial(_load, config=config, files=files, told=messages, reporter=reporter, seed=seed)
    shared = None
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
        seconds = None if seconds_left is None else max(seconds_left, 1.0)
        notes["pool"] = pool = pool or sizes_in_time(given, seconds, fewest=_FEWEST)
        drawn = {part: draw(dataset, pool[part], reporter, seed=seed) for part, dataset in given.items()}
        train, dev, test, shared = _divide(drawn, config, reporter, seed=seed)
    added = range(0)
    if config.add is not None:
        given_more = load(config.add, training=train, if_there=True)
        more = add_texts(train, given_more, dev=dev, test=test, reporter=reporter)
        train, added, notes["add"] = more.dataset, more.positions, {"source": public_name(config.add), **more.record}
    if config.augment:
        augmented = augment(train, config.augment, seed=seed)
        train, notes["augment"] = augmented.dataset, augmented.record
        made = ", ".join(f"{count:,} of {kind}" for kind, count in augmented.record["kinds"].items())
        reporter.tell(f"Made-up sentences are added to the training texts: {made}")
    counts = ", ".join(f"{count:,} {name}" for name, count in train.counts().items())
    reporter.tell(f"Texts: {len(train):,} to train on ({counts}), {len(dev):,} dev, {len(test):,} test")
    whole = {"train": train, "dev": dev}
    if config.test is None and not is_divided:
        whole["test"] = test
    return PreparedData.of(
        train, dev, test, config=config, whole=whole, shared=shared, files=files, added=added, **notes
    )


def prepare_given(
    dataset: TextDataset, config: DataConfig, *, seed: int, reporter: Reporter, **notes: Any
) -> PreparedData:
    """Texts that are in memory already: all are trained on but a dev part, and none are held out to test on.

    Args:
        dataset: The texts; those that repeat an earlier one's words and label are left out.
        config: `source` is what the manifest calls them; `dev_share` the share that chooses the best weights.
        seed: Seed of the division, unless `config` has one.
        reporter: Told what was left out.
        notes: As for `PreparedData.of`.

    Raises:
        DataError: A label has too few texts to be learned and to be chosen by.
    """
    repeats = duplicate_rows(dataset)
    if len(repeats):
        reporter.tell(f"Texts left out that repeat an earlier one's words and label: {len(repeats):,}")
    dataset = dataset.without(repeats)
    require_rows_per_label(dataset, 2)
    share = min(config.dev_share, MAX_DEV / len(dataset))
    train, dev = split(dataset, (1 - share, share), seed=division_seed(config, seed))
    none = dataset.select(np.zeros(0, dtype=np.int64))
    return PreparedData.of(train, dev, none, config=config, whole={"train": train, "dev": dev}, **notes)


def division_seed(config: DataConfig, seed: int) -> int:
    """The seed by which texts are divided: one of its own, or that of training."""
    return seed if config.split_seed is None else config.split_seed


def load_configured(
    source: str,
    config: DataConfig,
    *,
    seed: int,
    labels: LabelSet | None = None,
    name: str | None = None,
    if_there: bool = False,
) -> tuple[TextDataset, LoadNotes]:
    """Read a source by the settings: its columns, what its labels mean, and how many rows are held.

    Args:
        source: Any source; that of the settings is not looked at.
        config: The settings.
        seed: Seed of the rows that are held of a larger source, unless `config` has one.
        labels: Labels that must be met, as those of the training set.
        name: Name of the data set; from the source if not given.
        if_there: As for `load_dataset`.

    Raises:
        DataError: As `load_dataset`.
    """
    return load_dataset(
        source,
        text_column=config.text_column,
        title_column=config.title_column,
        label_column=config.label_column,
        keep_labels=config.keep_labels,
        labels=labels,
        name=name,
        if_there=if_there,
        max_rows=config.max_rows,
        seed=division_seed(config, seed),
    )


def sizes_in_time(
    datasets: Mapping[str, TextDataset], seconds: float | None, *, fewest: Mapping[str, int]
) -> dict[str, int]:
    """How many texts of each data set can be looked through for repeats in a small share of the time.

    Args:
        datasets: By name.
        seconds: The time; None for all there is.
        fewest: Texts of each that are used however short the time is.
    """
    characters = sum(len(text) for dataset in datasets.values() for text in dataset.texts)
    share = 1.0
    if seconds is not None:
        share = min(1.0, _SHARE_OF_TIME * seconds * _CHARACTERS_PER_SECOND / characters)
    return {name: max(fewest[name], int(share * len(dataset))) for name, dataset in datasets.items()}


def draw(dataset: TextDataset, size: int, reporter: Reporter, *, seed: int) -> TextDataset:
    """As many texts as the time allows to look through, by `sizes_in_time`; fewer than all are told."""
    if size < len(dataset):
        reporter.warn(
            f"The budget is too short to look through all texts: {size:,} of {len(dataset):,} of {dataset.name}, drawn "
            "at random, are used"
        )
    return take(dataset, size, seed=seed)


def _divide(
    given: Mapping[str, TextDataset], config: DataConfig, reporter: Reporter, *, seed: int
) -> tuple[TextDataset, TextDataset, TextDataset, SharedTexts | None]:
    """Training, dev and test texts from those given: a part that is missing is split off the training texts.

    With them what a given test set shared with the training texts.
    """
    train, shared = given["train"], None
    require_rows_per_label(train, 3 - len(given) + 1)
    shares = {
        "dev": min(config.dev_share, MAX_DEV / len(train)),
        "test": min(config.test_share, _MAX_TEST / len(train)),
    }
    missing = {part: share for part, share in shares.items() if part not in given}
    if "test" in given:
        train, shared = _without_shared(train, given["test"], reporter)
    if missing:
        parts = split(train, (1 - sum(missing.values()), *missing.values()), seed=seed)
        given = {**given, **dict(zip(missing, parts[1:], strict=True))}
        train = parts[0]
    dev, test = given["dev"], given["test"]
    if "dev" not in missing:
        dev = _only_new(dev, test, "dev texts", "test", reporter)
        train = _only_new(train, dev, "training texts", "dev", reporter)
    return train, dev, test, shared


def _load(
    source: str,
    *,
    config: DataConfig,
    files: list[FileNotes],
    told: list[str],
    reporter: Reporter,
    seed: int,
    training: TextDataset | None = None,
    if_there: bool = False,
) -> TextDataset:
    labels = training.labels if training else None
    dataset, notes = load_configured(source, config, seed=seed, labels=labels, if_there=if_there)
    files.extend(notes.files)
    if not is_sample(source):
        reporter.tell(f"{source_name(source)}: {notes.rows:,} rows, {notes.columns}")
    for message in notes.messages:
        reporter.tell(message)
        told.append(f"{source_name(source)}: {message}")
    return dataset


def _without_shared(training: TextDataset, test: TextDataset, reporter: Reporter) -> tuple[TextDataset, SharedTexts]:
    """Training texts that are not, exactly or nearly, test texts; what is left out is told."""
    shared = SharedTexts.find(training, test)
    if not shared.training:
        return training, shared
    found = shared.test
    reporter.warn(
        f"The test set shares texts with the training data: {len(found.rows):,} of {len(test):,} stand there "
        f"({len(found.exact):,} exactly, {len(found.near):,} nearly); removed from training: "
        f"{len(shared.training.rows):,}"
    )
    return _left_over(training, shared.training, "training", "test"), shared


def _only_new(dataset: TextDataset, other: TextDataset, what: str, where: str, reporter: Reporter) -> TextDataset:
    """Texts that do not stand in another set, exactly or nearly; those that do are told."""
    overlap = find_overlap(dataset.normal_forms, other.normal_forms)
    if not overlap:
        return dataset
    reporter.warn(f"Removed {len(overlap.rows):,} {what} that stand in the {where} set, exactly or nearly")
    return _left_over(dataset, overlap, what.split()[0], where)


def _left_over(dataset: TextDataset, overlap: Overlap, what: str, where: str) -> TextDataset:
    remaining = dataset.without(overlap.rows)
    if not len(remaining):
        raise DataError(
            f"Every {what} text stands in the {where} set, so nothing is left",
            hint=f"give other texts with --{where}, or leave --{where} out to have a share held out",
        )
    if what == "training":
        require_rows_per_label(remaining, 2)
    return remaining


def without_passwords(config: RunConfig) -> RunConfig:
    """The settings as they may be written into a run: a database URL loses its password."""
    data = config.data
    sources = {"source": data.source, "dev": data.dev, "test": data.test, "add": data.add}
    public = {name: None if source is None else public_name(source) for name, source in sources.items()}
    return config.model_copy(update={"data": data.model_copy(update=public)})
