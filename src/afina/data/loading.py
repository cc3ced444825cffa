"""A SOURCE becomes a `TextDataset`: columns found, labels mapped, texts cleaned, duplicates dropped, all of it told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from afina.data.cleaning import clean_text
from afina.data.columns import Columns
from afina.data.label_values import LabelMapping, infer_mapping
from afina.data.quality import duplicate_rows
from afina.data.reading import RawText, RawTexts, read_texts
from afina.data.sources import FileNotes, public_name, source_name
from afina.data.text_dataset import TextDataset
from afina.errors import DataError
from afina.labels import LabelSet


@dataclass
class LoadNotes:
    """What was done to a source on its way to a data set, counted."""

    source: str
    columns: str = ""
    """Where texts and labels come from, in words."""
    used: Columns | None = None
    """The same, one by one."""
    rows: int = 0
    blank: int = 0
    unlabelled: int = 0
    set_aside: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Rows set aside by what is to be said of them."""
    neutral: list[str] = field(default_factory=list)
    """Texts of the rows set aside because they lean neither way."""
    domains: list[str | None] | None = None
    """What the group column says of each text of the data set, None where it is blank; None where none was named."""
    duplicates: int = 0
    mapping: str | None = None
    """How label values became label names, in words; None where they are the names."""
    files: list[FileNotes] = field(default_factory=list)
    """What was noticed while each file was read, with the rows that could not be understood."""
    messages: list[str] = field(default_factory=list)
    """Sentences a user should see, in the order in which things happened."""


def load_dataset(
    source: str,
    *,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    group_column: str | None = None,
    keep_labels: bool = False,
    label_names: Mapping[str, str] | None = None,
    labels: LabelSet | None = None,
    name: str | None = None,
    if_there: bool = False,
    max_rows: int | None = None,
    seed: int = 0,
    drop_duplicates: bool = True,
) -> tuple[TextDataset, LoadNotes]:
    """Read labelled texts.

    Args:
        source: What `open_source` takes: files, a folder, the Hub, a database, or the sample.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text; `"none"` for no title.
        label_column: Column with the label.
        group_column: Column that says which rows belong together, as all reviews of one author.
        keep_labels: Use label values as they stand.
        label_names: What label values mean, where the user says so.
        labels: Labels that must be met, as those of the training set.
        name: Name of the data set; from the source if not given.
        if_there: Named columns that this source lacks are found by themselves, as if they were not named.
        max_rows: Rows to hold; of more, a random part with the label mix of the whole. None holds all.
        seed: Seed of that part.
        drop_duplicates: Leave out rows that repeat an earlier row's words and label.

    Returns:
        The data set and the notes on what was done.

    Raises:
        DataError: The source cannot be read, has no such columns, or holds fewer than two labels.
    """
    raw = read_texts(
        source,
        text_column=text_column,
        title_column=title_column,
        label_column=label_column,
        group_column=group_column,
        if_there=if_there,
        max_rows=max_rows,
        seed=seed,
    )
    notes = LoadNotes(
        source,
        columns=str(raw.columns),
        used=raw.columns,
        rows=raw.n_rows,
        files=raw.files,
    )
    notes.messages += [message for file in raw.files for message in file.messages]
    if raw.is_sample:
        notes.messages.append(
            f"{raw.n_rows:,} rows are more than --max-rows: {len(raw.texts):,} of them are used, drawn at random with "
            "the label mix of the whole"
        )
    cleaned = _clean(raw, notes)
    values = [row.value for row in cleaned if row.value]
    mapping = map_labels(values, raw, keep_labels=keep_labels, label_names=label_names, labels=labels)
    kept = [row for row in cleaned if (row.value or "") in mapping.names]
    aside = [row for row in cleaned if (row.value or "") in mapping.set_aside]
    notes.set_aside = len(aside)
    notes.reasons = dict(Counter(mapping.set_aside[row.value or ""] for row in aside))
    notes.neutral = [row.text for row in aside if (row.value or "") in mapping.neutral]
    notes.mapping = mapping.message
    if not kept:
        raise DataError(f"No labelled texts left in {public_name(source)}", hint=f"columns used: {raw.columns}")
    dataset = _dataset(kept, mapping, labels, name or source_name(source), grouped=group_column is not None)
    repeats = duplicate_rows(dataset) if drop_duplicates else np.zeros(0, np.int64)
    notes.duplicates = len(repeats)
    if group_column is not None:
        dropped = set(repeats.tolist())
        notes.domains = [row.group or None for i, row in enumerate(kept) if i not in dropped]
    notes.messages += _messages(notes)
    return dataset.without(repeats), notes


def map_labels(
    values: Sequence[str],
    raw: RawTexts,
    *,
    keep_labels: bool = False,
    label_names: Mapping[str, str] | None = None,
    labels: LabelSet | None = None,
) -> LabelMapping:
    """What the label values of a source mean.

    Raises:
        DataError: There are too many to be labels, or one is not among the labels that must be met.
    """
    column = raw.columns.label or ""
    class_names = next((file.class_names[column] for file in raw.files if column in file.class_names), None)
    return infer_mapping(
        values, column=column, class_names=class_names, names=label_names, known=labels, keep=keep_labels
    )


def _clean(raw: RawTexts, notes: LoadNotes) -> list[RawText]:
    """Rows with a text and a label, their texts cleaned; the others are counted."""
    cleaned: list[RawText] = []
    for row in raw.texts:
        text = clean_text(row.text)
        if not text:
            notes.blank += 1
        elif row.value is None:
            notes.unlabelled += 1
        else:
            cleaned.append(RawText(row.row, text, row.value, row.group))
    return cleaned


def _dataset(
    rows: Sequence[RawText], mapping: LabelMapping, labels: LabelSet | None, name: str, *, grouped: bool
) -> TextDataset:
    names = [mapping.names[row.value or ""] for row in rows]
    label_set = labels or LabelSet.from_values(names)
    return TextDataset(
        [row.text for row in rows],
        label_set.ids_of(names),
        label_set,
        name,
        row_numbers=np.array([row.row for row in rows], dtype=np.int64),
        # A row that names no group is a group of its own.
        groups=[row.group or f"row {row.row}" for row in rows] if grouped else None,
    )


def _messages(notes: LoadNotes) -> list[str]:
    counted = {
        "blank": notes.blank,
        "without a label": notes.unlabelled,
        "duplicates (same words and label)": notes.duplicates,
    }
    dropped = [f"{count:,} {what}" for what, count in counted.items() if count]
    told = [notes.mapping] if notes.mapping else []
    if dropped:
        told.append(f"Rows dropped: {', '.join(dropped)}")
    return told + [f"Rows set aside: {count:,} that {reason}" for reason, count in notes.reasons.items()]
