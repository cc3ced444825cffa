"""A SOURCE becomes a `TextDataset`: columns found, labels mapped, texts cleaned, duplicates dropped, all of it told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

import numpy as np

from afina.data.cleaning import clean_text
from afina.data.columns import Columns, find_columns
from afina.data.files import FileNotes, Row
from afina.data.label_values import LabelMapping, canonical, infer_mapping
from afina.data.quality import duplicate_rows
from afina.data.sources import open_source, source_name
from afina.data.text_dataset import TextDataset
from afina.errors import DataError
from afina.labels import LabelSet

_ROWS_TO_FIND_COLUMNS = 500


@dataclass
class LoadNotes:
    """What was done to a source on its way to a data set, counted."""

    source: str
    columns: str = ""
    rows: int = 0
    blank: int = 0
    unlabelled: int = 0
    set_aside: int = 0
    duplicates: int = 0
    messages: list[str] = field(default_factory=list)
    """Sentences a user should see, in the order in which things happened."""


def load_dataset(
    source: str,
    *,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    keep_labels: bool = False,
    labels: LabelSet | None = None,
    name: str | None = None,
) -> tuple[TextDataset, LoadNotes]:
    """Read labelled texts.

    Args:
        source: A file, a folder per label, `sample` or `sample:SPLIT`.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text; `"none"` for no title.
        label_column: Column with the label.
        keep_labels: Use label values as they stand.
        labels: Labels that must be met, as those of the training set.
        name: Name of the data set; from the source if not given.

    Returns:
        The data set and the notes on what was done.

    Raises:
        DataError: The source cannot be read, has no such columns, or holds fewer than two labels.
    """
    rows, files = open_source(source)
    head = list(islice(rows, _ROWS_TO_FIND_COLUMNS))
    if not head:
        raise DataError(f"No rows in {source}")
    columns = find_columns(head, text=text_column, title=title_column, label=label_column)
    notes = LoadNotes(source, columns=str(columns))
    texts, values = _texts_and_values(chain(head, rows), columns, notes)
    notes.messages += [message for file in files for message in file.messages]
    mapping = _mapping(values, columns, files, keep_labels, labels)
    kept = [(text, mapping.names[value]) for text, value in zip(texts, values, strict=True) if value in mapping.names]
    notes.set_aside = len(values) - len(kept)
    if not kept:
        raise DataError(f"No labelled texts left in {source}", hint=f"columns used: {columns}")
    names = [label for _, label in kept]
    label_set = labels or LabelSet.from_values(names)
    dataset = TextDataset([text for text, _ in kept], label_set.ids_of(names), label_set, name or source_name(source))
    repeats = duplicate_rows(dataset)
    notes.duplicates = len(repeats)
    if len(repeats):
        dataset = dataset.select(np.setdiff1d(np.arange(len(dataset)), repeats))
    notes.messages += _messages(notes, mapping, Counter(mapping.set_aside[v] for v in values if v in mapping.set_aside))
    return dataset, notes


def _texts_and_values(rows: chain[Row], columns: Columns, notes: LoadNotes) -> tuple[list[str], list[str]]:
    texts: list[str] = []
    values: list[str] = []
    for row in rows:
        notes.rows += 1
        text = clean_text(columns.text_of(row))
        value = canonical(row.get(columns.label)) if columns.label else None
        if not text:
            notes.blank += 1
        elif value is None:
            notes.unlabelled += 1
        else:
            texts.append(text)
            values.append(value)
    return texts, values


def _mapping(
    values: Sequence[str], columns: Columns, files: Sequence[FileNotes], keep: bool, labels: LabelSet | None
) -> LabelMapping:
    column = columns.label or ""
    class_names = next((file.class_names[column] for file in files if column in file.class_names), None)
    return infer_mapping(values, column=column, class_names=class_names, known=labels, keep=keep)


def _messages(notes: LoadNotes, mapping: LabelMapping, set_aside: Counter[str]) -> list[str]:
    counted = {
        "blank": notes.blank,
        "without a label": notes.unlabelled,
        "duplicates (same words and label)": notes.duplicates,
    }
    dropped = [f"{count:,} {what}" for what, count in counted.items() if count]
    told = [mapping.message] if mapping.message else []
    if dropped:
        told.append(f"Rows dropped: {', '.join(dropped)}")
    return told + [f"Rows set aside: {count:,} that {reason}" for reason, count in set_aside.items()]
