"""A folder with a sub-folder of .txt files per label, as aclImdb has."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from afina.data.sources.encodings import detect_encoding
from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.text_lines import MAX_LINE_CHARS
from afina.errors import DataError


def label_folders(folder: Path) -> list[Path]:
    """Sub-folders of a folder that hold .txt files, sorted; empty where there are none."""
    return [child for child in _sub_folders(folder) if any(child.glob("*.txt"))]


def folder_one_deeper(folder: Path) -> Path | None:
    """The sub-folder that has labels as its own sub-folders, as aclImdb/train, if there is one."""
    return next((child for child in _sub_folders(folder) if label_folders(child)), None)


def _sub_folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def open_label_folders(folder: Path, labels: list[Path]) -> tuple[Iterator[Row], list[FileNotes]]:
    """Rows of a folder per label, with the folder's name as the label.

    Args:
        folder: The folder of them all.
        labels: Its sub-folders.

    Raises:
        DataError: More than a fifth of the files is no text; it shows once rows have been consumed.
    """
    notes = FileNotes(folder)
    return _rows(labels, notes), [notes]


def _rows(labels: list[Path], notes: FileNotes) -> Iterator[Row]:
    for label in labels:
        for path in sorted(label.glob("*.txt")):
            try:
                text = _read(path, notes)
            except (DataError, OSError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                notes.reject(f"{label.name}/{path.name}", reason or "it cannot be read", "")
                continue
            notes.rows += 1
            yield {"text": text, "label": label.name}
    notes.check_share_skipped()


def _read(path: Path, notes: FileNotes) -> str:
    if not path.is_file():
        raise DataError("no regular file")
    if path.stat().st_size > MAX_LINE_CHARS:
        raise DataError(f"more than {MAX_LINE_CHARS >> 20} MB")
    content = path.read_bytes()
    if not content.strip():
        return ""
    encoding = detect_encoding(io.BytesIO(content), path)
    text = content.decode(encoding.name, errors=encoding.errors)
    if encoding.name not in ("utf_8", "utf_8_sig"):
        notes.encoding = encoding.name
    notes.fallback = encoding.fallback or notes.fallback
    notes.damaged |= encoding.damaged
    return text
