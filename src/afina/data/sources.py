"""What a SOURCE names: a file, a folder per label, or the shipped sample."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from afina.data.encodings import detect_encoding
from afina.data.files import FileNotes, Row, read_rows
from afina.errors import DataError

SAMPLE = "sample"
SAMPLE_SPLITS = ("train", "dev", "test")


def is_sample(source: str) -> bool:
    """Whether a source is the shipped sample or one of its splits (`sample:test`)."""
    return source == SAMPLE or source.startswith(SAMPLE + ":")


def source_name(source: str) -> str:
    """Short name of a source for tables and folder names."""
    if is_sample(source):
        return source.replace(":", "-")
    return Path(source).name.split(".")[0] or Path(source).resolve().name


def open_source(source: str) -> tuple[Iterator[Row], list[FileNotes]]:
    """Rows of a source, and notes that fill up while they are consumed.

    Args:
        source: `sample`, `sample:train|dev|test`, a file of a known type, or a folder with a sub-folder per label.

    Raises:
        DataError: There is no such source, or it cannot be read.
    """
    if is_sample(source):
        return _open_sample(source)
    path = Path(source).expanduser()
    if path.is_dir():
        return _open_label_folders(path)
    if not path.exists():
        known = f"; the shipped reviews are called {SAMPLE!r}" if not path.suffix else ""
        raise DataError(f"No such file or folder: {source}", hint=f"give a path{known}")
    rows, notes = read_rows(path)
    return rows, [notes]


def _open_sample(source: str) -> tuple[Iterator[Row], list[FileNotes]]:
    wanted = source.partition(":")[2]
    if wanted and wanted not in SAMPLE_SPLITS:
        raise DataError(f"The sample has no split {wanted!r}", hint=f"its splits are {', '.join(SAMPLE_SPLITS)}")
    folder = Path(str(resources.files("afina.data") / "sample"))
    opened = [read_rows(folder / f"{split}.jsonl") for split in ([wanted] if wanted else SAMPLE_SPLITS)]
    return (row for rows, _ in opened for row in rows), [notes for _, notes in opened]


def _open_label_folders(folder: Path) -> tuple[Iterator[Row], list[FileNotes]]:
    labels = sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    files = {label.name: sorted(label.glob("*.txt")) for label in labels}
    # The root of aclImdb holds train/ and test/, each with a sub-folder per label beside lists of addresses.
    nested = next(
        (label for label in labels for child in label.iterdir() if child.is_dir() and any(child.glob("*.txt"))), None
    )
    if nested or not any(files.values()):
        raise DataError(
            f"The folder {folder} has no sub-folders with .txt files of one label each",
            hint=f"try {nested}" if nested else "each label is a sub-folder, each text a .txt file in it",
        )
    notes = FileNotes(folder)
    return _label_folder_rows(files, notes), [notes]


def _label_folder_rows(files: dict[str, list[Path]], notes: FileNotes) -> Iterator[Row]:
    for label, paths in files.items():
        for path in paths:
            try:
                content = path.read_bytes()
            except OSError as error:
                raise DataError(f"The file {path} cannot be read: {error.strerror}") from None
            notes.rows += 1
            if not content.strip():
                yield {"text": "", "label": label}
                continue
            encoding, damaged = detect_encoding(io.BytesIO(content), path)
            if encoding not in ("utf_8", "utf_8_sig"):
                notes.encoding = encoding
            notes.damaged |= damaged
            yield {"text": content.decode(encoding, errors="replace"), "label": label}


def public_name(source: str) -> str:
    """The source without a password, fit to be recorded."""
    return source
