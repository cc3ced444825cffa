"""Rows of one file, as dictionaries, streamed: csv, tsv, jsonl, json, parquet, txt and xlsx, each also gzipped.

A row that cannot be understood is skipped, counted and kept aside; when more than a fifth are such, the file is
refused.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from afina.data.sources.columnar import read_parquet
from afina.data.sources.delimited import read_delimited
from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.json_files import read_json, read_jsonl
from afina.data.sources.spreadsheet import read_spreadsheet
from afina.data.sources.text_lines import lines_of, open_text
from afina.errors import DataError

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "txt", "xlsx")
_FASTTEXT_PREFIX = "__label__"
_TO_SAVE_AGAIN = ("xls", "xlsm", "xlsb", "ods", "numbers", "doc", "docx", "odt", "rtf", "pdf")
_ARCHIVES = ("zip", "7z", "rar", "tar", "tgz", "bz2", "xz", "zst")


def suffix_of(path: Path) -> str:
    """The end of a file's name in lower case, without the dot and without .gz; nothing where there is none."""
    suffixes = [suffix.lower().lstrip(".") for suffix in path.suffixes]
    if suffixes and suffixes[-1] == "gz":
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def format_of(path: Path) -> str:
    """The format a file's name says it has: one of `FORMATS`.

    Raises:
        DataError: The name says none of them.
    """
    last = suffix_of(path)
    if last in FORMATS:
        return last
    known = f"known are {', '.join('.' + f for f in FORMATS)}, each also .gz"
    if last in _TO_SAVE_AGAIN:
        known = f"save its texts as .xlsx or .csv; {known}"
    elif last in _ARCHIVES:
        known = f"unpack it first; {known}"
    raise DataError(f"Unknown file type: {path.name}", hint=known)


def read_rows(path: Path, *, sheet: str | None = None) -> tuple[Iterator[Row], FileNotes]:
    """Stream the rows of a file.

    Args:
        path: The file; its name tells the format.
        sheet: The sheet of an Excel file; without it, the first that holds data.

    Returns:
        An iterator over rows, and the notes that fill up while it is consumed.

    Raises:
        DataError: The file is missing, empty, not of the format its name says, or mostly unreadable; some of this
            shows only while rows are consumed.
    """
    file_format = format_of(path)
    try:
        if not path.is_file():
            # A pipe would make the reader wait for ever.
            raise DataError(f"Not a regular file: {path}" if path.exists() else f"No such file: {path}")
        notes = FileNotes(path, size_bytes=path.stat().st_size)
        if notes.size_bytes == 0:
            raise DataError(f"The file {path} is empty")
    except OSError as error:
        raise _unreadable(path, error) from None
    return _guarded(_read(file_format, path, notes, sheet), notes), notes


def _read(file_format: str, path: Path, notes: FileNotes, sheet: str | None) -> Iterator[Row]:
    if file_format == "xlsx":
        return read_spreadsheet(path, notes, sheet=sheet)
    if file_format in ("csv", "tsv"):
        return read_delimited(path, notes, is_tsv=file_format == "tsv")
    readers = {"jsonl": read_jsonl, "json": read_json, "parquet": read_parquet, "txt": _read_txt}
    return readers[file_format](path, notes)


def _guarded(rows: Iterator[Row], notes: FileNotes) -> Iterator[Row]:
    try:
        for row in rows:
            notes.rows += 1
            yield row
    except UnicodeError as error:
        raise DataError(f"The file {notes.path} is not {notes.encoding} throughout: {error}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"The file {notes.path} is not a whole gzip file: {error}") from None
    except OSError as error:
        raise _unreadable(notes.path, error) from None
    notes.check_share_skipped()


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"The file {path} cannot be read: {error.strerror or error}")


def _read_txt(path: Path, notes: FileNotes) -> Iterator[Row]:
    """One text a line; a line that starts with fastText's `__label__NAME` carries its label."""
    with open_text(path, notes) as file:
        for line in lines_of(file, path):
            text = line.strip()
            if text.startswith(_FASTTEXT_PREFIX):
                label, *rest = text.removeprefix(_FASTTEXT_PREFIX).split(None, 1)
                yield {"text": rest[0] if rest else "", "label": label}
            elif text:
                yield {"text": text}
