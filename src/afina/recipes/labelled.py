"""Labelled texts that finished runs are scored on, and what a run answers to them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afina.config import DEFAULT_MAX_ROWS
from afina.data import SAMPLE, LoadNotes, TextDataset, load_dataset, public_name
from afina.errors import DataError
from afina.inference import Classifier
from afina.labels import LabelSet
from afina.recipes.reporting import Reporter

# So many texts are classified between two moves of the progress bar.
_TEXTS_AT_A_TIME = 1_000
# The first call of a model is slow, which is nothing against the model.
_TEXTS_TO_WARM_UP = 8


@dataclass(frozen=True)
class ReadOptions:
    """How labelled sources are read; a column that is not named is found by itself."""

    text_column: str | None = None
    title_column: str | None = None
    """Column put before the text."""
    label_column: str | None = None
    label_names: Mapping[str, str] | None = None
    """What the values of the label column mean, where that is not to be found by itself."""
    max_rows: int | None = DEFAULT_MAX_ROWS
    """Rows to hold of each source; of more, a random part. None holds all."""


@dataclass(frozen=True)
class Labelled:
    """One source that was read."""

    source: str
    """Without a password."""
    dataset: TextDataset
    notes: LoadNotes


def load_labelled(
    sources: Sequence[str],
    reading: ReadOptions,
    *,
    labels: LabelSet,
    reporter: Reporter,
    domain_column: str | None = None,
) -> list[Labelled]:
    """Read all sources before the first is classified, so that a mistake in the last costs no waiting.

    Args:
        sources: Labelled texts; `sample` means its test split, since a run may have learned the others.
        reading: How they are read.
        labels: Labels that the runs know.
        reporter: Told which one is being read.
        domain_column: Column that tells kinds of texts apart.

    Raises:
        DataError: A source cannot be read, has labels that the runs do not know, or one label only.
    """
    loaded = []
    for source in sources:
        name = public_name(source)
        reporter.stage(f"Reading {name}")
        dataset, notes = load_dataset(
            tested_part(source),
            text_column=reading.text_column,
            title_column=reading.title_column,
            label_column=reading.label_column,
            group_column=domain_column,
            label_names=reading.label_names,
            labels=labels,
            max_rows=reading.max_rows,
        )
        require_two_labels(dataset, name)
        loaded.append(Labelled(name, dataset, notes))
    return loaded


def tested_part(source: str) -> str:
    """The source, and of the sample its test split."""
    return f"{SAMPLE}:test" if source == SAMPLE else source


def require_two_labels(dataset: TextDataset, name: str) -> None:
    """Refuse texts that all have one label.

    Raises:
        DataError: They have.
    """
    found = [label for label, count in dataset.counts().items() if count]
    if len(found) == 1:
        raise DataError(
            f"Only one label occurs in {name}: all {len(dataset):,} texts are {found[0]}",
            hint="accuracy on one class says nothing about the others; give a set with texts of two labels at least",
        )


@dataclass(frozen=True)
class Answers:
    """What a run says of texts, and how fast."""

    probabilities: npt.NDArray[np.float64]
    """(n_texts, n_labels)."""
    truncated: npt.NDArray[np.bool_]
    """Whether some part of each text was not read, (n_texts,)."""
    texts_per_second: float

    @classmethod
    def of(
        cls, classifier: Classifier, texts: Sequence[str], reporter: Reporter, *, labels: LabelSet | None = None
    ) -> Answers:
        """Classify texts, moving a progress bar; the clock starts after a first call.

        Args:
            classifier: A run's.
            texts: At least one.
            reporter: Told how far it is.
            labels: Order of the columns; the run's own if not given.
        """
        classifier.predict_proba(texts[:_TEXTS_TO_WARM_UP])
        probabilities, truncated, seconds = [], [], 0.0
        for start in range(0, len(texts), _TEXTS_AT_A_TIME):
            reporter.advance(start, len(texts))
            some = texts[start : start + _TEXTS_AT_A_TIME]
            started = time.perf_counter()
            probabilities.append(classifier.predict_proba(some))
            seconds += time.perf_counter() - started
            truncated.append(classifier.truncated(some))
        columns = [classifier.labels.id_of(name) for name in labels or classifier.labels]
        return cls(
            np.concatenate(probabilities)[:, columns], np.concatenate(truncated), len(texts) / max(seconds, 1e-9)
        )
