"""Data room: a SOURCE in, a `TextDataset` and notes on what was done to it out. Imports only the foundation."""

from afina.data.cleaning import clean_text, is_blank, normalise
from afina.data.columns import Columns, find_columns
from afina.data.fingerprints import Fingerprints, digests_of
from afina.data.loading import LoadNotes, load_dataset, map_labels
from afina.data.quality import Match, Overlap, duplicate_rows, find_overlap
from afina.data.reading import RawText, RawTexts, read_texts
from afina.data.similarity import find_clusters
from afina.data.sources import (
    SAMPLE,
    FileNotes,
    Row,
    is_sample,
    open_source,
    public_name,
    source_name,
    write_rejected,
)
from afina.data.splits import require_rows_per_label, split, split_few_shot, stratified_sample, take
from afina.data.text_dataset import TextDataset

__all__ = [
    "SAMPLE",
    "Columns",
    "FileNotes",
    "Fingerprints",
    "LoadNotes",
    "Match",
    "Overlap",
    "RawText",
    "RawTexts",
    "Row",
    "TextDataset",
    "clean_text",
    "digests_of",
    "duplicate_rows",
    "find_clusters",
    "find_columns",
    "find_overlap",
    "is_blank",
    "is_sample",
    "load_dataset",
    "map_labels",
    "normalise",
    "open_source",
    "public_name",
    "read_texts",
    "require_rows_per_label",
    "source_name",
    "split",
    "split_few_shot",
    "stratified_sample",
    "take",
    "write_rejected",
]
