"""What a SOURCE names: files, a folder, a data set of the Hub, a database, or the shipped sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from afina.data.sources.database import DatabaseSource, is_database, open_database, without_password
from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.file_sets import open_paths, short_name
from afina.data.sources.files import read_rows
from afina.data.sources.hub import PREFIX, HubSource, open_hub
from afina.errors import DataError

SAMPLE = "sample"
SAMPLE_SPLITS = ("train", "dev", "test")
SPANISH = "es"


def is_sample(source: str) -> bool:
    """Whether a source is the shipped sample or a part of it (`sample:test`, `sample:es`)."""
    return source == SAMPLE or source.startswith(SAMPLE + ":")


def source_name(source: str) -> str:
    """Short name of a source for tables and folder names."""
    if is_sample(source):
        return source.replace(":", "-")
    if source.startswith(PREFIX):
        name = HubSource.parse(source).name
    elif is_database(source):
        name = DatabaseSource.parse(source).name
    else:
        name = short_name(source)
    return re.sub(r"[^\w.-]+", "-", name).strip("-") or "source"


def public_name(source: str) -> str:
    """The source as it may be written into files and on screens: without a password."""
    return without_password(source)


def open_source(source: str) -> tuple[Iterator[Row], list[FileNotes]]:
    """Rows of a source, and notes that fill up while they are consumed.

    Args:
        source: `sample`, `sample:train|dev|test|es`; a file of a known type, `FILE.xlsx#SHEET`, a folder of such files
            or with a sub-folder per label, a glob, or several of these with commas between them;
            `hub:owner/name[:config][@split]`; `sqlite:///FILE#WANTED` or `postgresql://...#WANTED` with a table or a
            SELECT statement.

    Raises:
        DataError: There is no such source, or it cannot be read.
        MissingExtraError: It needs a package that is not installed.
    """
    if is_sample(source):
        return _open_sample(source)
    if source.startswith(PREFIX):
        return open_hub(source)
    if is_database(source):
        return open_database(source)
    return open_paths(source)


def _open_sample(source: str) -> tuple[Iterator[Row], list[FileNotes]]:
    wanted = source.partition(":")[2]
    if wanted and wanted not in (*SAMPLE_SPLITS, SPANISH):
        raise DataError(
            f"The sample has no split {wanted!r}",
            hint=f"its splits are {', '.join(SAMPLE_SPLITS)}; Spanish reviews are {SAMPLE}:{SPANISH}",
        )
    folder = Path(str(resources.files("afina.data") / "sample"))
    opened = [read_rows(folder / f"{split}.jsonl") for split in ([wanted] if wanted else SAMPLE_SPLITS)]
    return (row for rows, _ in opened for row in rows), [notes for _, notes in opened]
