"""Rows of one file, as dictionaries, streamed: csv, tsv, jsonl, json, parquet and txt, each also gzipped.

A row that cannot be understood is skipped and counted; when more than a fifth are such, the file is refused.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from afina.data.encodings import detect_encoding
from afina.errors import DataError

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "txt")
MAX_SHARE_SKIPPED = 0.2
_SAMPLE_CHARS = 1 << 16
_MAX_FIELD_CHARS = 1 << 24
_MOST_LINES_IN_A_ROW = 500
_FASTTEXT_PREFIX = "__label__"

Row = dict[str, Any]


@dataclass
class FileNotes:
    """What was noticed while a file was read; complete once its rows have been read to the end."""

    path: Path
    encoding: str | None = None
    """Text encoding that was used; None for formats that have none."""
    rows: int = 0
    """Rows understood."""
    damaged: bool = False
    """Some bytes are no text in that encoding and were replaced."""
    skipped: int = 0
    """Rows, or lines where rows cannot be told, that could not be understood."""
    headerless: bool = False
    """The first line of a csv or tsv is data, so that columns are called column_1, column_2, ..."""
    class_names: dict[str, list[str]] = field(default_factory=dict)
    """Label names that a parquet file of the Hugging Face datasets library carries, by column."""

    @property
    def messages(self) -> list[str]:
        """Sentences a user should see."""
        told: list[str] = []
        if self.encoding not in (None, "utf_8", "utf_8_sig", "ascii"):
            told.append(f"{self.path.name} is not UTF-8; it was read as {self.encoding}")
        if self.damaged:
            told.append(
                f"{self.path.name} holds bytes that are no text; each was replaced by \N{REPLACEMENT CHARACTER}"
            )
        if self.headerless:
            told.append(f"{self.path.name} has no header line; its columns are called column_1, column_2, ...")
        if self.skipped:
            told.append(f"{self.skipped:,} rows of {self.path.name} could not be understood and were skipped")
        return told


def format_of(path: Path) -> str:
    """The format a file's name says it has: one of `FORMATS`.

    Raises:
        DataError: The name says none of them.
    """
    suffixes = [suffix.lower().lstrip(".") for suffix in path.suffixes]
    if suffixes and suffixes[-1] == "gz":
        suffixes.pop()
    if not suffixes or suffixes[-1] not in FORMATS:
        raise DataError(
            f"Unknown file type: {path.name}", hint=f"known are {', '.join('.' + f for f in FORMATS)}, each also .gz"
        )
    return suffixes[-1]


def read_rows(path: Path) -> tuple[Iterator[Row], FileNotes]:
    """Stream the rows of a file.

    Args:
        path: The file; its name tells the format.

    Returns:
        An iterator over rows, and the notes that fill up while it is consumed.

    Raises:
        DataError: The file is missing, empty, not of the format its name says, or mostly unreadable; some of this
            shows only while rows are consumed.
    """
    file_format = format_of(path)
    if not path.is_file():
        raise DataError(f"No such file: {path}")
    if path.stat().st_size == 0:
        raise DataError(f"The file {path} is empty")
    notes = FileNotes(path)
    readers = {"csv": _csv, "tsv": _csv, "jsonl": _jsonl, "json": _json, "parquet": _parquet, "txt": _txt}
    return _guarded(readers[file_format](path, notes), notes), notes


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
        raise DataError(f"The file {notes.path} cannot be read: {error.strerror or error}") from None
    seen = notes.rows + notes.skipped
    if notes.skipped > MAX_SHARE_SKIPPED * seen:
        raise DataError(
            f"{notes.skipped:,} of {seen:,} rows of {notes.path} could not be understood",
            hint="check the file's delimiter and quoting",
        )


def _open_bytes(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _open_text(path: Path, notes: FileNotes) -> io.TextIOWrapper:
    with _open_bytes(path) as file:
        notes.encoding, notes.damaged = detect_encoding(file, path)
    errors = "replace" if notes.damaged else "strict"
    return io.TextIOWrapper(_open_bytes(path), encoding=notes.encoding, errors=errors, newline="")


def _csv(path: Path, notes: FileNotes) -> Iterator[Row]:
    csv.field_size_limit(_MAX_FIELD_CHARS)
    with _open_text(path, notes) as file:
        sample = file.read(_SAMPLE_CHARS)
        file.seek(0)
        delimiter, quoting = _dialect(sample, is_tsv=format_of(path) == "tsv")
        reader = csv.reader(file, delimiter=delimiter, quoting=quoting)
        try:
            header = next(reader, [])
            if _looks_like_data(header):
                notes.headerless = True
                names = [f"column_{number}" for number in range(1, len(header) + 1)]
                yield dict(zip(names, header, strict=True))
            else:
                names = [name.strip() or f"column_{number}" for number, name in enumerate(header, 1)]
            if len(set(names)) != len(names):
                raise DataError(f"Column names of {path.name} repeat: {', '.join(names)}")
            line_before = reader.line_num
            for cells in reader:
                lines, line_before = reader.line_num - line_before, reader.line_num
                if not cells:
                    continue
                # A quotation mark that is never closed swallows the lines behind it: each of them counts.
                if len(cells) == len(names) and lines <= _MOST_LINES_IN_A_ROW:
                    yield dict(zip(names, cells, strict=True))
                else:
                    notes.skipped += lines
        except csv.Error as error:
            raise DataError(f"The file {path} is not valid {format_of(path)}: {error}") from None


def _dialect(sample: str, *, is_tsv: bool) -> tuple[str, Any]:
    if not is_tsv:
        first_line = sample.split("\n", 1)[0]
        return max(",;\t|", key=first_line.count), csv.QUOTE_MINIMAL
    # Tab-separated corpora hold bare quotation marks. They are quoting only where the file parses well with them so.
    return "\t", csv.QUOTE_MINIMAL if _parses_quoted(sample) else csv.QUOTE_NONE


def _parses_quoted(sample: str) -> bool:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter="\t", strict=True)
    width, line = None, 0
    try:
        for cells in reader:
            width = width or len(cells)
            # The last row of the sample may be cut.
            if cells and len(cells) != width and reader.line_num < sample.count("\n"):
                return False
            line = reader.line_num
    except csv.Error:
        return len(sample) >= _SAMPLE_CHARS and sample.count("\n") - line < _MOST_LINES_IN_A_ROW // 10
    return True


def _looks_like_data(header: list[str]) -> bool:
    """A header has short, distinct, non-numeric names; a first row of data has a long text or a bare number."""
    return any(len(cell.split()) > 6 or cell.strip().lstrip("-").replace(".", "", 1).isdigit() for cell in header)


def _jsonl(path: Path, notes: FileNotes) -> Iterator[Row]:
    with _open_text(path, notes) as file:
        for line in file:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                yield row
            else:
                notes.skipped += 1


def _json(path: Path, notes: FileNotes) -> Iterator[Row]:
    with _open_text(path, notes) as file:
        try:
            document = json.load(file)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"The file {path} is not valid JSON: {error}", hint="one object a line is the format .jsonl"
            ) from None
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    if isinstance(document, dict) and document and all(isinstance(column, list) for column in document.values()):
        if len({len(column) for column in document.values()}) > 1:
            raise DataError(f"The columns of {path.name} differ in length")
        document = [dict(zip(document, cells, strict=True)) for cells in zip(*document.values(), strict=True)]
    if not isinstance(document, list):
        raise DataError(f"The file {path} holds no list of rows", hint='afina reads [{"text": ..., "label": ...}, ...]')
    for row in document:
        if isinstance(row, dict):
            yield row
        else:
            notes.skipped += 1


def _parquet(path: Path, notes: FileNotes) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = io.BytesIO(_open_bytes(path).read()) if path.suffix.lower() == ".gz" else path
    try:
        file = pq.ParquetFile(source)
        notes.class_names = _class_names(file.schema_arrow.metadata or {})
        of_bytes = [column.name for column in file.schema_arrow if _is_binary(column.type)]
        for batch in file.iter_batches(batch_size=8192):
            for row in batch.to_pylist():
                # Some writers store texts without saying that they are texts.
                yield row | {name: (row[name] or b"").decode("utf-8", errors="replace") for name in of_bytes}
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise DataError(f"The file {path} is not a valid parquet file: {str(error).splitlines()[0]}") from None


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {name: feature["names"] for name, feature in features.items() if "names" in feature}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _txt(path: Path, notes: FileNotes) -> Iterator[Row]:
    """One text a line; a line that starts with fastText's `__label__NAME` carries its label."""
    with _open_text(path, notes) as file:
        for line in file:
            text = line.strip()
            if text.startswith(_FASTTEXT_PREFIX):
                label, *rest = text.removeprefix(_FASTTEXT_PREFIX).split(None, 1)
                yield {"text": rest[0] if rest else "", "label": label}
            elif text:
                yield {"text": text}
