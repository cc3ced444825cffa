"""The sources of a matrix: read, brought to the same labels, divided once, and free of one another's test texts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from afina.config import DataConfig
from afina.data import (
    TextDataset,
    duplicate_rows,
    find_overlap,
    public_name,
    require_rows_per_label,
    source_name,
    split,
    take,
)
from afina.errors import DataError
from afina.labels import LabelSet
from afina.recipes.preparation import MAX_DEV, SharedTexts, division_seed, draw, load_configured, sizes_in_time
from afina.recipes.reporting import Reporter

ALL = "all"
"""The name of the model that is trained on all sources together."""

# A drop of accuracy is told from chance by some hundreds of test texts; more cost time in every row of the matrix.
MOST_TEST = 1_000
_FEWEST_TEXTS = 100


@dataclass(frozen=True)
class Removed:
    """Training and dev texts of one source that stand in the test set of another, and were left out."""

    exact: int
    near: int

    @property
    def rows(self) -> int:
        """Texts in all."""
        return self.exact + self.near


@dataclass(frozen=True)
class MatrixSource:
    """One source, divided."""

    name: str
    """Its row and its column."""
    source: str
    """Where it came from."""
    train: TextDataset
    dev: TextDataset
    test: TextDataset
    set_aside: int = 0
    """Rows whose label not all sources have."""
    removed: dict[str, Removed] = field(default_factory=dict)
    """What was left out of its training and dev texts, by the source whose test set holds it."""
    whole: Mapping[str, TextDataset] = field(default_factory=dict)
    """What it was divided into, before any texts were left out."""
    messages: Sequence[str] = ()
    """What was told of it while it was read and divided."""

    @cached_property
    def shared(self) -> SharedTexts:
        """What the test set of its own shares with the training texts it was divided into."""
        return SharedTexts.find(self.whole["train"], self.whole["test"])

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "name": self.name,
            "source": public_name(self.source),
            "train": len(self.train),
            "dev": len(self.dev),
            "test": len(self.test),
            "labels": self.train.counts(),
            "set_aside": self.set_aside,
        }


def read_sources(
    sources: Sequence[str], config: DataConfig, *, seed: int, reporter: Reporter, seconds: float | None = None
) -> list[MatrixSource]:
    """Read all sources of a matrix and divide each into training, dev and test texts.

    Rows with labels that not all sources have are set aside and told. Training and dev texts that stand in the test
    set of any source, exactly or nearly, are left out and told; test sets stay whole, so that all models are tested on
    the same texts.

    Args:
        sources: At least two, none twice.
        config: Columns to read, how labels are read, the shares of dev and test texts, and the seed of the division.
        seed: Seed of the division, unless `config` has one.
        reporter: Told what was found and done.
        seconds: The budget, where there is one; a small share of it bounds how many texts are looked through.

    Raises:
        DataError: There are fewer than two, two are the same, one cannot be read or learned from, or they do not have
            two labels in common.
    """
    _check_sources(sources)
    names, seed = _distinct_names(sources), division_seed(config, seed)
    told: dict[str, list[str]] = {name: [] for name in names}
    read = [
        _read(source, name, config, seed, reporter, told[name]) for source, name in zip(sources, names, strict=True)
    ]
    shared = dict(zip(names, _restrict_to_shared_labels(read, reporter, told), strict=True))
    _check_contents(list(shared.values()))
    sizes = sizes_in_time(shared, seconds, fewest=dict.fromkeys(names, _FEWEST_TEXTS))
    divided = []
    for source, whole in zip(sources, read, strict=True):
        name, dataset = whole.name, shared[whole.name]
        used = draw(dataset, sizes[name], reporter, seed=seed)
        train, dev, test = _divide(used, config, seed=seed)
        parts, set_aside = {"train": train, "dev": dev, "test": test}, len(whole) - len(dataset)
        divided.append(MatrixSource(name, source, train, dev, test, set_aside, whole=parts, messages=told[name]))
    return _without_test_texts(divided, reporter)


def together(sources: Sequence[MatrixSource], *, name: str = ALL) -> MatrixSource:
    """The training and dev texts of all sources as one; it is tested on the test texts of each.

    Training texts that repeat one another, words and label, or stand among the dev texts are left out.

    Args:
        sources: The sources, free of one another's test texts.
        name: What the whole is called.
    """
    train, dev, test = (_concatenate([getattr(s, part) for s in sources], name) for part in ("train", "dev", "test"))
    train = train.without(find_overlap(train.normal_forms, dev.normal_forms).rows)
    return MatrixSource(
        name, ",".join(public_name(source.source) for source in sources), train, dev, test,
        removed={test: _added(sources, test) for test in (source.name for source in sources)},
        whole={"train": _concatenate([s.whole["train"] for s in sources], name), "dev": dev, "test": test},
        messages=[message for source in sources for message in source.messages],
    )  # fmt: skip


def equal_sizes(sources: Sequence[MatrixSource], *, seed: int) -> list[MatrixSource]:
    """All sources cut to as many training texts as the smallest has, so that rows differ by domain and not by size."""
    size = min(len(source.train) for source in sources)
    return [replace(source, train=take(source.train, size, seed=seed)) for source in sources]


def _restrict_to_shared_labels(
    datasets: Sequence[TextDataset], reporter: Reporter, messages: Mapping[str, list[str]]
) -> list[TextDataset]:
    """The texts whose labels all data sets have, with the same label ids everywhere; those set aside are told.

    Names that differ only in capitals are one label.

    Raises:
        DataError: Fewer than two labels are shared.
    """
    spelt = {label.casefold(): label for label in datasets[0].labels}
    folded = [{label.casefold() for label in dataset.labels} for dataset in datasets]
    common = [label for key, label in spelt.items() if all(key in labels for labels in folded)]
    if len(common) < 2:
        told = "; ".join(f"{dataset.name} has {', '.join(dataset.labels)}" for dataset in datasets)
        raise DataError(
            f"The sources do not have two labels in common: {told}",
            hint="give all of them the same label names, or leave out those that ask another question",
        )
    labels = LabelSet(tuple(common))
    restricted = []
    for dataset in datasets:
        names = [spelt.get(label.casefold(), label) for label in dataset.labels]
        others = [label for label in names if label not in labels.names]
        kept = np.flatnonzero([names[i] in labels.names for i in dataset.label_ids])
        if others:
            messages[dataset.name].append(
                f"{dataset.name}: {len(dataset) - len(kept):,} of {len(dataset):,} texts are set aside, since not all "
                f"sources have their labels: {', '.join(others)}"
            )
            reporter.warn(messages[dataset.name][-1])
        part = dataset.select(kept)
        restricted.append(_replace_labels(part, [names[i] for i in part.label_ids], labels))
    return restricted


def _replace_labels(dataset: TextDataset, names: Sequence[str], labels: LabelSet) -> TextDataset:
    """The same texts with label ids of another label set."""
    return TextDataset(dataset.texts, labels.ids_of(names), labels, dataset.name, dataset.row_numbers, dataset.groups)


def _without_test_texts(sources: Sequence[MatrixSource], reporter: Reporter) -> list[MatrixSource]:
    """Each source without the training and dev texts that stand, exactly or nearly, in a test set, its own too.

    Raises:
        DataError: Too few training or dev texts of a source are left.
    """
    cleaned = []
    for source in sources:
        train, dev, removed, messages = source.train, source.dev, {}, [*source.messages]
        for other in sources:
            in_train, in_dev = (find_overlap(part.normal_forms, other.test.normal_forms) for part in (train, dev))
            found = Removed(len(in_train.exact) + len(in_dev.exact), len(in_train.near) + len(in_dev.near))
            removed[other.name] = found
            if found.rows:
                # Inside a source only what differs in a word of a short text is left: equal texts are divided together.
                tell = reporter.tell if other is source else reporter.warn
                messages.append(
                    f"Removed from what the model of {source.name} is trained on: {found.rows:,} texts that stand in "
                    f"the test set of {other.name} ({found.exact:,} exactly, {found.near:,} nearly)"
                )
                tell(messages[-1])
            train, dev = train.without(in_train.rows), dev.without(in_dev.rows)
        if not len(dev):
            raise DataError(
                f"Every dev text of {source.name} stands in a test set, so nothing is left",
                hint="leave one of the sources that share texts out",
            )
        require_rows_per_label(train, 2)
        cleaned.append(replace(source, train=train, dev=dev, removed=removed, messages=messages))
    return cleaned


def _check_sources(sources: Sequence[str]) -> None:
    if len(sources) < 2:
        raise DataError(
            f"A matrix needs at least two sources, found {len(sources)}",
            hint="`afina train` trains and tests on one",
        )
    places = [os.path.realpath(source) if os.path.exists(source) else source for source in sources]
    for (one, place), (other, same) in combinations(zip(sources, places, strict=True), 2):
        if place == same:
            raise DataError(f"Two sources are the same: {public_name(one)} and {public_name(other)}")


def _check_contents(datasets: Sequence[TextDataset]) -> None:
    prints = [dataset.fingerprint() for dataset in datasets]
    for (one, first), (other, second) in combinations(zip(datasets, prints, strict=True), 2):
        if first == second:
            raise DataError(f"Two sources hold the same texts: {one.name} and {other.name}", hint="leave one out")


def _distinct_names(sources: Sequence[str]) -> list[str]:
    names: list[str] = []
    for source in sources:
        stem = name = source_name(source)
        number = 2
        while name in (*names, ALL):
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names


def _read(source: str, name: str, config: DataConfig, seed: int, reporter: Reporter, told: list[str]) -> TextDataset:
    dataset, notes = load_configured(source, config, seed=seed, name=name)
    told += [f"{name}: {message}" for message in notes.messages]
    for message in (f"{name}: {notes.rows:,} rows, {notes.columns}", *told):
        reporter.tell(message)
    return dataset


def _divide(dataset: TextDataset, config: DataConfig, *, seed: int) -> list[TextDataset]:
    require_rows_per_label(dataset, 4)
    n = len(dataset)
    test, dev = min(config.test_share, MOST_TEST / n), min(config.dev_share, MAX_DEV / n)
    return split(dataset, (1 - test - dev, dev, test), seed=seed)


def _concatenate(datasets: Sequence[TextDataset], name: str) -> TextDataset:
    texts = [text for dataset in datasets for text in dataset.texts]
    whole = TextDataset(texts, np.concatenate([d.label_ids for d in datasets]), datasets[0].labels, name)
    return whole.without(duplicate_rows(whole))


def _added(sources: Sequence[MatrixSource], test: str) -> Removed:
    """What all sources together lost to one test set."""
    lost = [source.removed[test] for source in sources if test in source.removed]
    return Removed(sum(part.exact for part in lost), sum(part.near for part in lost))
