"""Text files, opened in their own encoding and read by lines that are not endless."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from afina.data.sources.encodings import detect_encoding, too_long_line
from afina.data.sources.file_notes import FileNotes

MAX_LINE_CHARS = 1 << 24


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacking it if its name ends in .gz."""
    return cast(IO[bytes], gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def open_seekable(path: Path) -> IO[bytes]:
    """Open a file for reading at any place; a gzip file is unpacked to disk, so that memory stays free."""
    if path.suffix.lower() != ".gz":
        return path.open("rb")
    unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with open_bytes(path) as packed:
            shutil.copyfileobj(packed, unpacked)
        unpacked.seek(0)
    except BaseException:
        unpacked.close()
        raise
    return cast(IO[bytes], unpacked)


def open_text(path: Path, notes: FileNotes, *, by_lines: bool = True) -> io.TextIOWrapper:
    """Open a text file in its own encoding, which is noted, as is where its bytes read can be asked for.

    Args:
        path: The file.
        notes: Where the encoding is noted.
        by_lines: Whether a row is a line, so that an endless line is a mistake.

    Raises:
        DataError: The file is empty, no text, or has a line of more than 16 MB.
    """
    with open_bytes(path) as file:
        encoding = detect_encoding(file, path, max_line_bytes=MAX_LINE_CHARS if by_lines else None)
    notes.encoding, notes.fallback, notes.damaged = encoding.name, encoding.fallback, encoding.damaged
    opened = open_bytes(path)
    # Of a gzip file the bytes as they are packed: its size unpacked is not known.
    notes.tell = opened.fileobj.tell if isinstance(opened, gzip.GzipFile) else opened.tell
    return io.TextIOWrapper(opened, encoding=encoding.name, errors=encoding.errors, newline="")


def lines_of(file: io.TextIOWrapper, path: Path) -> Iterator[str]:
    """Lines of a file, with their ends.

    Raises:
        DataError: One has more than `MAX_LINE_CHARS` characters.
    """
    while line := file.readline(MAX_LINE_CHARS):
        if len(line) >= MAX_LINE_CHARS and line[-1] not in "\r\n":
            raise too_long_line(path, MAX_LINE_CHARS)
        yield line
