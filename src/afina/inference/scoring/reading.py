"""Rows of a source in chunks that are never large, how far they have been read, and what could not be read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from afina.data import open_source
from afina.data.sources import FileNotes, Rejected, Row

_MOST_CHARS_PER_CHUNK = 1 << 24


class SourceRows:
    """The rows of a source.

    Args:
        source: As `afina.data.open_source` takes it.

    Raises:
        DataError: There is no such source; what is wrong in it shows when it is read.
    """

    def __init__(self, source: str) -> None:
        self._rows, self.notes = open_source(source)

    def chunks(self, rows_per_chunk: int) -> Iterator[list[Row]]:
        """Rows in chunks of this size, or a smaller one where rows are long; the same ones each time."""
        chunk: list[Row] = []
        chars = 0
        for row in self._rows:
            chunk.append(row)
            chars += sum(len(cell) for cell in row.values() if isinstance(cell, str))
            if len(chunk) >= rows_per_chunk or chars >= _MOST_CHARS_PER_CHUNK:
                yield chunk
                chunk, chars = [], 0
        if chunk:
            yield chunk

    def estimate_total(self) -> int | None:
        """Rows of the whole source: known for parquet, else by the share of bytes read; None where nothing tells."""
        return estimate_total(self.notes)


def estimate_total(notes: Sequence[FileNotes]) -> int | None:
    """Rows of files that are being read, by how much of them has been read; None where that cannot be told.

    Args:
        notes: On each of the files.
    """
    read = [note.bytes_read for note in notes]
    sizes = [note.size_bytes for note in notes]
    if not notes or None in read or None in sizes:
        return None
    rows, n_read, n_all = sum(note.rows for note in notes), sum(filter(None, read)), sum(filter(None, sizes))
    if len(notes) == 1 and notes[0].total_rows is not None:
        return notes[0].total_rows
    return max(rows, round(rows * n_all / n_read)) if n_read else None


class ErrorsFile:
    """Rows without an answer, as JSON lines: file, place, row, reason, content. It is made with the first of them.

    Args:
        path: The file.
        source: What blank rows are said to come from.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._path, self._source = path, source
        self._file: Any = None
        self.count = 0
        """Rows written."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())
            self._file.close()

    def watch(self, notes: Sequence[FileNotes]) -> None:
        """Write what the reader rejects, as it does so."""
        for note in notes:
            note.on_reject = lambda rejected, note=note: self._reject(note, rejected)

    def add(self, number: int, reason: str, row: Row) -> None:
        """Write a row that stands in the output without an answer.

        Args:
            number: Its number there, from 1.
            reason: Why it has none.
            row: What it holds.
        """
        content = json.dumps(row, ensure_ascii=False, default=str)
        self._write(self._source, f"row {number}", number, reason, content)

    def _reject(self, note: FileNotes, rejected: Rejected) -> None:
        self._write(str(note.path), rejected.place, None, rejected.reason, rejected.content)

    def _write(self, file: str, place: str, row: int | None, reason: str, content: str) -> None:
        if self._file is None:
            # JSON has an escape for half an emoji, which is no UTF-8.
            self._file = self._path.open("w", encoding="utf-8", errors="backslashreplace")
        record = {"file": file, "place": place, "row": row, "reason": reason, "content": content}
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.count += 1
