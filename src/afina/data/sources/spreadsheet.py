"""Rows of an Excel file (.xlsx): one sheet, streamed; formulas as the values that Excel kept."""

from __future__ import annotations

import gzip
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from afina.data.sources.cells import plain_cell
from afina.data.sources.delimited import column_names
from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.text_lines import open_seekable
from afina.errors import AfinaError, DataError, first_line
from afina.extras import require

_ROWS_PER_BATCH = 1000
_MAX_SHARED_BYTES = 1 << 29
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!"}

Cells = list[Any]


def read_spreadsheet(path: Path, notes: FileNotes, *, sheet: str | None = None) -> Iterator[Row]:
    """Stream the rows of a sheet.

    Args:
        path: The file.
        notes: Filled while rows are consumed; other sheets with data are noted.
        sheet: Name of the sheet; without it, the first that holds data.

    Raises:
        DataError: The file is damaged or protected, has no such sheet, or no data.
        MissingExtraError: The package openpyxl is not installed.
    """
    openpyxl = require("openpyxl", extra="data")
    with open_seekable(path) as file:
        _check_archive(file, path)
        workbook = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
            yield from _rows(workbook, notes, sheet)
        except (AfinaError, gzip.BadGzipFile, PermissionError):
            raise
        except MemoryError:
            raise
        except Exception as error:  # a damaged file makes openpyxl fail in any of a dozen ways
            raise DataError(f"The file {path} is damaged: {first_line(error)}", hint="save it again as .xlsx") from None
        finally:
            if workbook is not None:
                workbook.close()


def _check_archive(file: Any, path: Path) -> None:
    start = file.read(4)
    file.seek(0)
    if not start:
        raise DataError(f"The file {path} is empty")
    if start == _OLD_OFFICE:
        raise DataError(
            f"The file {path} has a password or is an old .xls file", hint="save it as .xlsx without a password"
        )
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {item.filename: item.file_size for item in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, EOFError) as error:
        raise DataError(f"The file {path} is not a whole Excel file: {first_line(error)}") from None
    file.seek(0)
    if "xl/workbook.xml" not in sizes and not any(name.endswith("workbook.xml") for name in sizes):
        raise DataError(f"The file {path} is not an Excel file but another kind of zip archive")
    # These texts, alone of all, are held in memory.
    if sum(size for name, size in sizes.items() if name.lower().endswith("sharedstrings.xml")) > _MAX_SHARED_BYTES:
        raise DataError(f"The file {path} holds more text than afina reads from Excel", hint="save it as .csv")


def _rows(workbook: Any, notes: FileNotes, sheet: str | None) -> Iterator[Row]:
    numbered, others = _choose(workbook, notes, sheet)
    first = next(numbered, None)
    if first is None:
        where = f"The sheet {sheet!r} of {notes.path}" if sheet else f"The file {notes.path}"
        raise DataError(f"{where} is empty")
    if others:
        told = ", ".join(map(repr, others))
        notes.remarks.append(f"{notes.path.name} has more sheets, which are not read: {told}; FILE#SHEET reads one")
    number, cells = first
    header = [_as_name(cell) for cell in cells]
    names = column_names(header, notes)
    is_named = [notes.headerless or bool(name) for name in header]
    if notes.headerless:
        numbered = chain([(number, cells)], numbered)
    for number, cells in numbered:
        if len(cells) > len(names):
            content = "\t".join(_as_name(cell) for cell in cells)
            notes.reject(f"row {number}", f"{len(cells)} cells where the header has {len(names)}", content)
            continue
        cells += [None] * (len(names) - len(cells))
        # An empty column, as left of a table that begins at B2, is none.
        yield {
            name: cell
            for name, cell, is_meant in zip(names, cells, is_named, strict=True)
            if is_meant or not _is_blank(cell)
        }


def _choose(workbook: Any, notes: FileNotes, sheet: str | None) -> tuple[Iterator[tuple[int, Cells]], list[str]]:
    """Numbered rows of the sheet to read, and the names of other sheets with data."""
    sheets = {each.title: each for each in workbook.worksheets}
    if sheet is not None:
        if sheet not in sheets:
            raise DataError(
                f"No sheet {sheet!r} in {notes.path}", hint=f"its sheets are {', '.join(map(repr, sheets))}"
            )
        return _numbered_rows(sheets[sheet]), []
    # A hidden sheet holds lists for menus rather than data.
    seen = sorted(sheets.values(), key=lambda each: each.sheet_state != "visible")
    filled = [each for each in seen if next(_numbered_rows(each), None) is not None]
    if not filled:
        return iter(()), []
    others = [each.title for each in filled[1:] if each.sheet_state == "visible"]
    return _numbered_rows(filled[0]), others


def _numbered_rows(sheet: Any) -> Iterator[tuple[int, Cells]]:
    """Rows that are not blank, from 1, without blank cells at their end."""
    # What a file says of its size is often wrong, and may be a million blank rows.
    sheet.reset_dimensions()
    rows = enumerate(sheet.iter_rows(values_only=True), 1)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            batch = list(islice(rows, _ROWS_PER_BATCH))
        if not batch:
            return
        for number, values in batch:
            cells = [_cell(value) for value in values]
            while cells and _is_blank(cells[-1]):
                cells.pop()
            if cells:
                yield number, cells


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return None if value in _ERRORS else value
    return plain_cell(value)


def _is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _as_name(cell: Any) -> str:
    return "" if cell is None else str(cell)
