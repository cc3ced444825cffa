"""Files of texts in, the same files with predictions out: streamed, in the order of the rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from afina.data import clean_text, find_columns, open_source
from afina.data.files import Row, format_of
from afina.errors import DataError, OutputError
from afina.protocols import TextClassifier

ROWS_PER_CHUNK = 1024
_OUT_FORMATS = ("csv", "tsv", "jsonl", "parquet")
PREDICTED, CONFIDENCE, PROBABILITY = "predicted_label", "predicted_score", "probability_"


@dataclass
class ScoredFile:
    """What was done to a file."""

    out: Path
    rows: int = 0
    blank: int = 0
    messages: tuple[str, ...] = ()
    """Sentences a user should see."""


class _Writer(Protocol):
    def write(self, rows: list[Row]) -> None: ...


def score_file(
    classifier: TextClassifier,
    source: str,
    out: Path,
    *,
    text_column: str | None = None,
    title_column: str | None = None,
    force: bool = False,
    on_rows: Callable[[int], None] = lambda n: None,
) -> ScoredFile:
    """Classify every row of a file, in memory for one chunk of rows whatever the size.

    Adds the columns `predicted_label`, `predicted_score` (its probability) and `probability_LABEL` for each label; a
    row without text keeps them empty. The file is written beside its place and renamed when complete.

    Args:
        classifier: What classifies.
        source: A file or folder of texts, as for training; labels are not needed.
        out: File to write; its name tells the format.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text.
        force: Replace a file that stands there.
        on_rows: Called with the number of rows after each chunk.

    Raises:
        DataError: The source cannot be read, or the output's type is unknown.
        OutputError: The output exists or cannot be written.
    """
    if format_of(out) not in _OUT_FORMATS:
        raise DataError(f"Cannot write {out.name}", hint=f"known are {', '.join('.' + f for f in _OUT_FORMATS)}")
    if out.exists() and not force:
        raise OutputError(f"The output exists: {out}", hint="choose another --out, or replace it with --force")
    rows, notes = open_source(source)
    chunks = _chunks(rows)
    first = next(chunks, None)
    if first is None:
        raise DataError(f"No rows in {source}")
    columns = find_columns(first, text=text_column, title=title_column, want_label=False)
    result = ScoredFile(out)
    beside = out.with_name(out.name + ".tmp")
    try:
        with _open_writer(beside, format_of(out)) as writer:
            chunk: list[Row] | None = first
            while chunk is not None:
                texts = [clean_text(columns.text_of(row)) for row in chunk]
                writer.write(_with_predictions(chunk, texts, classifier))
                result.rows += len(chunk)
                result.blank += sum(not text for text in texts)
                on_rows(len(chunk))
                chunk = next(chunks, None)
        beside.replace(out)
    except OSError as error:
        raise OutputError(f"Cannot write {out}: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)
    told = [message for note in notes for message in note.messages]
    if result.blank:
        told.append(f"{result.blank:,} rows without text were left without a prediction")
    result.messages = tuple(told)
    return result


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, ROWS_PER_CHUNK)):
        yield chunk


def _with_predictions(rows: list[Row], texts: list[str], classifier: TextClassifier) -> list[Row]:
    filled = [i for i, text in enumerate(texts) if text]
    probabilities = classifier.predict_proba([texts[i] for i in filled])
    names = classifier.labels.names
    empty = {PREDICTED: None, CONFIDENCE: None, **{PROBABILITY + name: None for name in names}}
    scored = [{**row, **empty} for row in rows]
    for i, shares in zip(filled, probabilities, strict=True):
        scored[i][PREDICTED] = names[int(shares.argmax())]
        scored[i][CONFIDENCE] = round(float(shares.max()), 6)
        scored[i].update(
            {PROBABILITY + name: round(float(share), 6) for name, share in zip(names, shares, strict=True)}
        )
    return scored


@contextmanager
def _open_writer(path: Path, file_format: str) -> Iterator[_Writer]:
    # The final name, without the .tmp, tells whether to compress.
    zipped = path.suffixes[-2:-1] == [".gz"]
    with cast(IO[bytes], gzip.open(path, "wb")) if zipped else path.open("wb") as binary:
        if file_format == "parquet":
            with _ParquetWriter(binary) as parquet:
                yield parquet
            return
        with io.TextIOWrapper(binary, encoding="utf-8", newline="") as text:
            yield _JsonlWriter(text) if file_format == "jsonl" else _CsvWriter(text, file_format)


class _JsonlWriter:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, rows: list[Row]) -> None:
        self._file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


class _CsvWriter:
    def __init__(self, file: IO[str], file_format: str) -> None:
        self._file = file
        self._delimiter = "\t" if file_format == "tsv" else ","
        self._writer: csv.DictWriter[str] | None = None

    def write(self, rows: list[Row]) -> None:
        if self._writer is None:
            names = list(dict.fromkeys(name for row in rows for name in row))
            self._writer = csv.DictWriter(
                self._file, names, delimiter=self._delimiter, extrasaction="ignore", lineterminator="\n"
            )
            self._writer.writeheader()
        self._writer.writerows(rows)


class _ParquetWriter:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> _ParquetWriter:
        return self

    def __exit__(self, *unused: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, rows: list[Row]) -> None:
        schema = None if self._writer is None else self._writer.schema
        try:
            table = pa.Table.from_pylist(rows, schema=schema)
        except pa.ArrowException as error:
            raise DataError(f"These rows do not fit one parquet schema: {error}", hint="write .jsonl") from None
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table)
