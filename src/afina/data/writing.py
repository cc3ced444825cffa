"""Rows to a file: csv, tsv, jsonl or parquet, each also gzipped."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from afina.data.sources import Row, suffix_of
from afina.errors import DataError, first_line
from afina.outputs import check_file, new_file
from afina.utf8 import as_utf8

OUT_FORMATS = ("csv", "tsv", "jsonl", "parquet")


class RowWriter(Protocol):
    """Writes rows; the first ones decide the columns."""

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        ...


def check_output(path: Path, *, force: bool = False) -> None:
    """See whether rows could be written, before any work is done for them.

    Raises:
        DataError: The name says no format that can be written.
        OutputError: The file exists.
    """
    check_file(path, force=force)
    if suffix_of(path) not in OUT_FORMATS:
        known = ", ".join(f".{name}" for name in OUT_FORMATS)
        raise DataError(f"Cannot write {path.name}", hint=f"known are {known}, each also .gz")


@contextmanager
def row_writer(
    path: Path,
    *,
    force: bool = False,
    on_cell: Callable[[Any], Any] | None = None,
    types: Mapping[str, str] = MappingProxyType({}),
    last: Sequence[str] = (),
) -> Iterator[RowWriter]:
    """Write a file of rows; it appears when the block ends without an error.

    Args:
        path: The file; its name tells the format.
        force: Replace a file that stands there.
        on_cell: What becomes of each cell, names of columns too, of a csv or tsv file: `FormulaGuard` for one that may
            be opened in a spreadsheet. Without it, and in other formats, cells are written as they are.
        types: Arrow's names for the types of columns of a parquet file that may begin with empty cells; without one,
            such a column holds texts.
        last: Columns of a table that stand behind all others, whichever row those come from.

    Raises:
        DataError: The name says no format that can be written, or rows do not fit one parquet schema.
        OutputError: The file exists or cannot be written.
        MachineLimitError: The disk is full.
    """
    check_output(path, force=force)
    zipped = path.suffix.lower() == ".gz"
    with (
        new_file(path, force=force) as beside,
        _open_writer(beside, suffix_of(path), zipped, on_cell, types, last) as writer,
    ):
        yield writer


@contextmanager
def _open_writer(
    path: Path,
    file_format: str,
    zipped: bool,
    on_cell: Callable[[Any], Any] | None,
    types: Mapping[str, str],
    last: Sequence[str],
) -> Iterator[RowWriter]:
    # No name and no time in the gzip header: equal rows make equal bytes.
    with path.open("wb") as file:
        opened = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) if zipped else file
        with cast(IO[bytes], opened) as binary:
            if file_format == "parquet":
                with _ParquetWriter(binary, types, last) as parquet:
                    yield parquet
                return
            # A lone surrogate (half an emoji) is no UTF-8: JSON has an escape for it, csv a question mark.
            errors = "backslashreplace" if file_format == "jsonl" else "replace"
            with io.TextIOWrapper(binary, encoding="utf-8", errors=errors, newline="") as text:
                yield _JsonlWriter(text) if file_format == "jsonl" else _CsvWriter(text, file_format, on_cell, last)


class _JsonlWriter:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, rows: Sequence[Row]) -> None:
        self._file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


class _UnixLines:
    """Takes rows that end in CR LF and writes them with LF.

    The csv module quotes a carriage return inside a text only where rows end in one; unquoted it would end the row.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")


class _CsvWriter:
    def __init__(
        self, file: IO[str], file_format: str, on_cell: Callable[[Any], Any] | None, last: Sequence[str]
    ) -> None:
        self._file, self._last = _UnixLines(file), last
        self._on_cell = on_cell
        self._delimiter = "\t" if file_format == "tsv" else ","
        self._writer: csv.DictWriter[str] | None = None

    def write(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        on_cell = self._on_cell
        if self._writer is None:
            names = _column_names(rows, self._last)
            self._writer = csv.DictWriter(
                self._file, names, delimiter=self._delimiter, extrasaction="ignore", lineterminator="\r\n"
            )
            self._writer.writerow({name: on_cell(name) if on_cell else name for name in names})
        flat = ({name: _flat(cell) for name, cell in row.items()} for row in rows)
        if on_cell is None:
            self._writer.writerows(flat)
        else:
            self._writer.writerows({name: on_cell(cell) for name, cell in row.items()} for row in flat)


class _ParquetWriter:
    def __init__(self, file: IO[bytes], types: Mapping[str, str], last: Sequence[str]) -> None:
        self._file, self._types, self._last = file, types, last
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> _ParquetWriter:
        return self

    def __exit__(self, *unused: object) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, pa.schema([]))
        self._writer.close()

    def write(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        schema = None if self._writer is None else self._writer.schema
        names = _column_names(rows, self._last) if schema is None else schema.names
        columns = {name: [_without_surrogates(row.get(name)) for row in rows] for name in names}
        try:
            table = pa.table(columns)
            # Cast, since arrow makes 1 of a 1.5 without a word where it is given the schema from the start.
            table = table.cast(schema or _without_null_types(table.schema, self._types))
        except (pa.ArrowException, OverflowError) as error:
            raise DataError(
                f"These rows do not fit one parquet schema: {first_line(error)}", hint="write .jsonl"
            ) from None
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table)


def _flat(cell: Any) -> Any:
    """A nested cell of a JSON source as JSON, which another program can read, and not as Python writes it."""
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, dict | list) else cell


def _column_names(rows: Sequence[Row], last: Sequence[str]) -> list[str]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [*(name for name in names if name not in last), *(name for name in last if name in names)]


def _without_null_types(schema: pa.Schema, types: Mapping[str, str]) -> pa.Schema:
    # A column that starts with nothing is taken for text, so that later rows can hold something.
    return pa.schema(
        [
            field.with_type(pa.type_for_alias(types.get(field.name, "string")))
            if pa.types.is_null(field.type)
            else field
            for field in schema
        ]
    )


def _without_surrogates(cell: Any) -> Any:
    return as_utf8(cell) if isinstance(cell, str) else cell
