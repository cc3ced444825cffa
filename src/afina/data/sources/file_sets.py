"""Files of one or many: a path, a sheet of an Excel file, a folder, a glob, or a list of these with commas."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from afina.data.sources.file_notes import FileNotes, Row
from afina.data.sources.files import FORMATS, format_of, read_rows
from afina.data.sources.label_folders import folder_one_deeper, label_folders, open_label_folders
from afina.errors import DataError

_ROWS_TO_COMPARE = 100
_SHEET = re.compile(r"(?P<path>.+\.xlsx(?:\.gz)?)#(?P<sheet>.+)", re.IGNORECASE | re.DOTALL)
_MAGIC = re.compile(r"[*?[]")
_TABLES = ("csv", "tsv", "parquet")

Opened = tuple[Iterator[Row], list[FileNotes]]


def open_paths(source: str) -> Opened:
    """Rows of all files that a source names, in a stable order, and notes on each.

    Args:
        source: A file, `FILE.xlsx#SHEET`, a folder of data files or with a sub-folder per label, a glob, or several
            of these with commas between them.

    Raises:
        DataError: There is no such file, one cannot be read, or their columns differ.
    """
    try:
        opened = _open_all(source)
    except OSError as error:
        raise DataError(f"The source {_shortened(source)} cannot be read: {error.strerror or error}") from None
    if len(opened) == 1:
        return opened[0]
    return _joined(opened), [note for _, notes in opened for note in notes]


def short_name(source: str) -> str:
    """Short name of the files that a source names."""
    sheet = split_sheet(source)
    if sheet is not None:
        return f"{short_name(str(sheet[0]))}-{sheet[1]}"
    parts = _parts(source)
    if len(parts) > 1:
        return f"{short_name(parts[0])}-and-{len(parts) - 1}-more"
    path = Path(source)
    if _is_glob(source):
        plain = [part for part in path.parts if not _MAGIC.search(part)]
        return Path(*plain).name or "files"
    return path.name.split(".")[0] or path.resolve().name


def split_sheet(source: str) -> tuple[Path, str] | None:
    """The file and the sheet of `FILE.xlsx#SHEET`; None for any other source."""
    found = _SHEET.fullmatch(source)
    if found is None or _exists(source):
        return None
    return _path(found["path"]), found["sheet"]


def _open_all(source: str) -> list[Opened]:
    if _exists(source) or split_sheet(source) is not None:
        return _open_part(source)
    # A file named twice, as by two globs, is read once.
    opened = {
        str(notes[0].path.resolve()): (rows, notes) for part in _parts(source) for rows, notes in _open_part(part)
    }
    return list(opened.values())


def _open_part(source: str) -> list[Opened]:
    path = _path(source)
    if _exists(source):
        return _open_folder(path) if path.is_dir() else [_open_file(path)]
    sheet = split_sheet(source)
    if sheet is not None:
        return [_open_file(sheet[0], sheet=sheet[1])]
    if _is_glob(source):
        paths = sorted(Path(found) for found in glob.glob(str(path), recursive=True))
        files = [found for found in paths if not found.is_dir()]
        if not files:
            raise DataError(f"No file matches: {source}", hint="is it in quotation marks, and the folder right?")
        return [_open_file(found) for found in files]
    if os.path.islink(path):
        raise DataError(f"The link {source} leads nowhere")
    known = "; the shipped reviews are called 'sample'" if not path.suffix else ""
    raise DataError(f"No such file or folder: {_shortened(source)}", hint=f"give a path{known}")


def _open_file(path: Path, *, sheet: str | None = None) -> Opened:
    rows, notes = read_rows(path, sheet=sheet)
    return rows, [notes]


def _open_folder(folder: Path) -> list[Opened]:
    labels = label_folders(folder)
    # The root of aclImdb has folders of folders; beside labels, other folders are labels that happen to be empty.
    deeper = folder_one_deeper(folder)
    if deeper is None:
        if labels:
            return [open_label_folders(folder, labels)]
        if files := _data_files(folder):
            return [_open_file(path) for path in files]
    if deeper is None and (folder / "README.md").is_file() and any(folder.rglob("*.parquet")):
        hint = (
            f"for a data set as downloaded from the Hub, write hub:{folder if folder.is_absolute() else f'./{folder}'}"
        )
    else:
        hint = f"try {deeper}" if deeper else "each label is a sub-folder, each text a .txt file in it"
    raise DataError(
        f"The folder {folder} has no data files and no sub-folders with .txt files of one label each", hint=hint
    )


def _data_files(folder: Path) -> list[Path]:
    """Files of a known type in a folder; .txt only where there is nothing else, since they may be notes."""
    files = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_", "~$")) or not path.is_file():
            continue
        if re.search(rf"\.({'|'.join(FORMATS)})(\.gz)?$", path.name, re.IGNORECASE):
            files.append(path)
    tables = [path for path in files if format_of(path) != "txt"]
    return tables or files


def _joined(opened: list[Opened]) -> Iterator[Row]:
    first: tuple[FileNotes, set[str]] | None = None
    class_names: dict[str, list[str]] = {}
    for rows, (notes,) in opened:
        head = list(islice(rows, _ROWS_TO_COMPARE))
        columns = {name for row in head for name in row}
        if first is None and head:
            first = notes, columns
        if first is not None and head and not _agree(first, (notes, columns)):
            raise DataError(
                f"Columns differ: {notes.path} has {', '.join(sorted(columns))}; "
                f"{first[0].path} has {', '.join(sorted(first[1]))}",
                hint="give files with the same columns",
            )
        for column, names in notes.class_names.items():
            if class_names.setdefault(column, names) != names:
                raise DataError(
                    f"Labels of {column!r} differ: {notes.path} has {', '.join(names)}; "
                    f"files before it have {', '.join(class_names[column])}"
                )
        yield from chain(head, rows)


def _agree(one: tuple[FileNotes, set[str]], other: tuple[FileNotes, set[str]]) -> bool:
    columns, others = one[1], other[1]
    if all(not notes.path.is_dir() and format_of(notes.path) in _TABLES for notes in (one[0], other[0])):
        return columns == others
    # A line of JSON may leave out what is empty, and a line of text its label.
    return columns <= others or others <= columns


def _parts(source: str) -> list[str]:
    if _exists(source) or "," not in source:
        return [source]
    return [part.strip() for part in source.split(",") if part.strip()] or [source]


def _is_glob(source: str) -> bool:
    return _MAGIC.search(source) is not None and not _exists(source)


def _path(source: str) -> Path:
    try:
        return Path(source).expanduser()
    except RuntimeError:
        return Path(source)


def _exists(source: str) -> bool:
    try:
        return _path(source).exists()
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        return False  # a name too long for a file, as a text given in place of one


def _shortened(source: str) -> str:
    return source if len(source) <= 200 else f"{source[:200]}..."
