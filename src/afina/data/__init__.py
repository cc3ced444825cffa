"""Data room: a SOURCE in, a `TextDataset` and notes on what was done to it out. Imports only the foundation."""

from afina.data.cleaning import clean_text, normalise
from afina.data.columns import Columns, find_columns
from afina.data.loading import LoadNotes, load_dataset
from afina.data.quality import Overlap, find_overlap
from afina.data.sources import SAMPLE, is_sample, open_source, source_name
from afina.data.splits import require_rows_per_label, split, stratified_sample, take
from afina.data.text_dataset import TextDataset

__all__ = [
    "SAMPLE",
    "Columns",
    "LoadNotes",
    "Overlap",
    "TextDataset",
    "clean_text",
    "find_columns",
    "find_overlap",
    "is_sample",
    "load_dataset",
    "normalise",
    "open_source",
    "require_rows_per_label",
    "source_name",
    "split",
    "stratified_sample",
    "take",
]
