"""Rows of csv and tsv files: delimiter, quoting and header are found out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.text_lines import MAX_LINE_CHARS, lines_of, open_text
from afina.errors import DataError

_SAMPLE_CHARS = 1 << 16
_MOST_LINES_IN_A_ROW = 500


def read_delimited(path: Path, notes: FileNotes, *, is_tsv: bool) -> Iterator[Row]:
    """Stream the rows of a csv or tsv file.

    Args:
        path: The file.
        notes: Filled while rows are consumed.
        is_tsv: Whether its name says that tabs divide the cells.

    Raises:
        DataError: The file cannot be parsed, or its column names repeat.
    """
    csv.field_size_limit(MAX_LINE_CHARS)
    with open_text(path, notes) as file:
        sample = file.read(_SAMPLE_CHARS)
        file.seek(0)
        delimiter, quoting = _dialect(sample, is_tsv=is_tsv)
        reader = csv.reader(lines_of(file, path), delimiter=delimiter, quoting=quoting)
        try:
            header = next((cells for cells in reader if cells), [])
            names = column_names(header, notes)
            if notes.headerless:
                yield dict(zip(names, header, strict=True))
            line_before = reader.line_num
            for cells in reader:
                first_line, line_before = line_before + 1, reader.line_num
                lines = line_before - first_line + 1
                if not cells:
                    continue
                if len(cells) == len(names) and lines <= _MOST_LINES_IN_A_ROW:
                    yield dict(zip(names, cells, strict=True))
                    continue
                # A quotation mark that is never closed swallows the lines behind it: each of them counts.
                place = f"line {first_line}" if lines == 1 else f"lines {first_line}-{line_before}"
                notes.reject(place, _why(len(cells), len(names)), delimiter.join(cells), rows=lines)
        except csv.Error as error:
            kind = "tsv" if is_tsv else "csv"
            raise DataError(f"The file {path} is not valid {kind}: {error}") from None


def column_names(header: Sequence[str], notes: FileNotes) -> list[str]:
    """Names of the columns of a table, from its first row.

    Args:
        header: The first row, as text.
        notes: Where it is noted that the first row is data.

    Raises:
        DataError: Names repeat.
    """
    numbered = [f"column_{number}" for number in range(1, len(header) + 1)]
    notes.headerless = _looks_like_data(header)
    if notes.headerless:
        return numbered
    names = [name.strip() or number for name, number in zip(header, numbered, strict=True)]
    if len(set(names)) != len(names):
        raise DataError(f"Column names of {notes.path.name} repeat: {', '.join(names)}")
    return names


def _looks_like_data(header: Sequence[str]) -> bool:
    """A header has short, distinct, non-numeric names; a first row of data has a long text or a bare number."""
    return any(len(cell.split()) > 6 or cell.strip().lstrip("-").replace(".", "", 1).isdigit() for cell in header)


def _why(n_cells: int, n_names: int) -> str:
    if n_cells == n_names:
        return f"more than {_MOST_LINES_IN_A_ROW} lines, as behind a quotation mark that is never closed"
    return f"{n_cells} cells where the header has {n_names}"


def _dialect(sample: str, *, is_tsv: bool) -> tuple[str, Any]:
    if not is_tsv:
        first_line = sample.lstrip("\r\n").split("\n", 1)[0]
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
