"""Rows of json and jsonl files; of a json list no more than one row is held at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.text_lines import MAX_LINE_CHARS, lines_of, open_text
from afina.errors import DataError

_BLOCK_CHARS = 1 << 16
_MAX_DOCUMENT_CHARS = 1 << 27
# How far from the end of a block a number or a word that is cut there is complained of.
_NEAR_END = 10
_BLANKS = " \t\n\r"
_DECODER = json.JSONDecoder()


def read_jsonl(path: Path, notes: FileNotes) -> Iterator[Row]:
    """Stream the objects of a file with one a line.

    Raises:
        DataError: The file is no text.
    """
    with open_text(path, notes) as file:
        for number, line in enumerate(lines_of(file, path), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                notes.reject(f"line {number}", f"no valid JSON: {_reason(error)}", line.strip())
                continue
            if isinstance(row, dict):
                yield row
            else:
                notes.reject(f"line {number}", "no JSON object", line.strip())


def read_json(path: Path, notes: FileNotes) -> Iterator[Row]:
    """Stream the rows of a list of objects, of `{"data": [...]}`, or of an object of columns.

    Raises:
        DataError: The file is not valid JSON, holds no rows, or is too large to be read at once and no list.
    """
    with open_text(path, notes, by_lines=False) as file:
        while (first := file.read(1)) and first in _BLANKS:
            pass
        rows = _items(file, path) if first == "[" else _rows_of(_document(first, file, path), path)
        for number, row in enumerate(rows, 1):
            if isinstance(row, dict):
                yield row
            else:
                notes.reject(f"row {number}", "no JSON object", json.dumps(row, ensure_ascii=False))


def _items(file: io.TextIOWrapper, path: Path) -> Iterator[Any]:
    """Items of the list whose opening bracket has been read."""
    window = _Window(file, path)
    if window.peek() != "]":
        for number in count(1):
            yield window.take_value(number)
            if window.peek() == "]":
                break
            if window.peek() != ",":
                raise _invalid(path, f"row {number:,} is followed by neither comma nor bracket")
            window.start += 1
    window.start += 1
    if window.peek():
        raise _invalid(path, "text stands behind the list")


class _Window:
    """The part of a JSON file that is held: what is not yet taken of it begins at `start`."""

    def __init__(self, file: io.TextIOWrapper, path: Path) -> None:
        self._file, self._path = file, path
        self._held, self._is_end = "", False
        self.start = 0

    def peek(self) -> str:
        """The next character that is not blank; an empty string at the end."""
        while True:
            while self.start < len(self._held) and self._held[self.start] in _BLANKS:
                self.start += 1
            if self.start < len(self._held) or self._is_end:
                return self._held[self.start : self.start + 1]
            self._read_on()

    def take_value(self, number: int) -> Any:
        """The next value, which is row `number`."""
        if not self.peek():
            raise _invalid(self._path, f"it ends before row {number:,}")
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self.start)
            except (ValueError, RecursionError) as error:
                if self._is_end or not _may_be_cut(error, len(self._held)):
                    raise _invalid(self._path, f"row {number:,}: {_reason(error)}") from None
            else:
                # A number that ends with what is held may go on.
                if end < len(self._held) or self._is_end:
                    self.start = end
                    return value
            self._read_on()

    def _read_on(self) -> None:
        self._held, self.start = self._held[self.start :], 0
        if len(self._held) > MAX_LINE_CHARS:
            raise DataError(
                f"The file {self._path} has a row of more than {MAX_LINE_CHARS >> 20} MB",
                hint="is it what its name says?",
            )
        # As much again as is held, so that a long row is not parsed anew for each block.
        more = self._file.read(max(_BLOCK_CHARS, len(self._held)))
        self._held, self._is_end = self._held + more, not more


def _may_be_cut(error: Exception, n_chars: int) -> bool:
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= n_chars - _NEAR_END


def _document(first: str, file: io.TextIOWrapper, path: Path) -> Any:
    limit = _MAX_DOCUMENT_CHARS if first == "{" else MAX_LINE_CHARS
    content = first + file.read(limit)
    if len(content) > limit:
        raise DataError(
            f"The file {path} is no list of rows and too large to be read at once", hint="save it as .jsonl or .parquet"
        )
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _invalid(path, _reason(error)) from None


def _rows_of(document: Any, path: Path) -> list[Any]:
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    if isinstance(document, dict) and document and all(isinstance(column, list) for column in document.values()):
        if len({len(column) for column in document.values()}) > 1:
            raise DataError(f"The columns of {path.name} differ in length")
        document = [dict(zip(document, cells, strict=True)) for cells in zip(*document.values(), strict=True)]
    if not isinstance(document, list):
        raise DataError(f"The file {path} holds no list of rows", hint='afina reads [{"text": ..., "label": ...}, ...]')
    return document


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:]}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _invalid(path: Path, reason: str) -> DataError:
    return DataError(f"The file {path} is not valid JSON: {reason}", hint="one object a line is the format .jsonl")
