"""Files and folders that appear whole or not at all: written beside their place, flushed to the disk, and renamed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from afina.errors import MachineLimitError, OutputError


@contextmanager
def new_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a path to write to; the file gets its own name when the block ends without an error.

    Args:
        path: Where the file shall stand; missing folders are made.
        force: Replace a file that stands there.

    Raises:
        OutputError: The place is taken or cannot be written.
        MachineLimitError: The disk is full.
    """
    check_file(path, force=force)
    # What a link points to is replaced, and not the link.
    place = Path(os.path.realpath(path))
    beside = name_beside(place)
    with as_one_sentence(path):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            # Another command may have written the file in the meantime.
            check_file(path, force=force)
            _flush(beside)
            beside.replace(place)
            _flush_names(place.parent)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, *, mark: str, force: bool = False) -> Iterator[Path]:
    """Yield a folder to fill; it gets its own name when the block ends without an error.

    Args:
        path: Where the folder shall stand.
        mark: A file that folders of this kind hold; with `force`, a folder with it may be replaced, and no other.
        force: Replace what stands there.

    Raises:
        OutputError: The place is taken or cannot be written.
        MachineLimitError: The disk is full.
    """
    with as_one_sentence(path):
        # A name such as "." has nothing that could be renamed, and a link to a folder is no folder.
        place = Path(os.path.realpath(path))
        check_folder(path, mark=mark, force=force)
        beside = name_beside(place)
        try:
            beside.mkdir(parents=True)
            yield beside
            check_folder(path, mark=mark, force=force)
            flush_folder(beside)
            if place.exists():
                # What stood there goes only when the new folder stands in its place.
                old = name_beside(place)
                place.rename(old)
                rename(beside, place)
                shutil.rmtree(old, ignore_errors=True)
            else:
                rename(beside, place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def check_file(path: Path, *, force: bool) -> None:
    """Refuse a place where no file can be written, before the work for it begins.

    Args:
        path: Where the file shall stand.
        force: Whether a file that stands there may be replaced.

    Raises:
        OutputError: The place is taken, is no place for a file, or cannot be written.
    """
    try:
        found = path.stat().st_mode
    except FileNotFoundError:
        found = None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"Cannot write {path}: {reason}", hint="choose another name") from None
    if found is not None and stat.S_ISDIR(found):
        raise OutputError(f"The output is a folder: {path}", hint="give the name of a file")
    if found is not None and not stat.S_ISREG(found):
        raise OutputError(f"The output is no regular file: {path}", hint="give the name of a file")
    if found is not None and not force:
        raise _taken(path)
    above = path.absolute().parent
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise OutputError(f"Not a folder: {above}", hint="choose another place to write to")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"Cannot write to {above}: Permission denied", hint="choose another place to write to")


def _taken(path: Path) -> OutputError:
    return OutputError(f"The output exists: {path}", hint="choose another name, or replace it with --force")


def name_beside(path: Path) -> Path:
    """A name next to a path that no other command, and no rest of a killed one, has."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")


def flush_folder(folder: Path) -> None:
    """Have the disk hold all that a folder holds, so that a loss of power after a rename leaves no empty files."""
    for path in (*folder.rglob("*"), folder):
        if path.is_dir():
            _flush_names(path)
        else:
            _flush(path)


def rename(path: Path, place: Path) -> None:
    """Rename, and have the disk hold the new name."""
    path.rename(place)
    _flush_names(place.parent)


def _flush(path: Path) -> None:
    # Windows flushes only what is opened for writing; elsewhere a file may be flushed that must not be written.
    opened = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _flush_names(folder: Path) -> None:
    """Have the disk hold the names in a folder, where the file system can be told to."""
    with suppress(OSError):
        _flush(folder)


def system_error(error: Exception, path: Path | None = None) -> OSError | None:
    """The error of the operating system behind an error, if there is one.

    Args:
        error: An `OSError`, or what a library in Rust made of one: "No space left on device (os error 28)".
        path: What was written; kept in an error that is made here.
    """
    if isinstance(error, OSError):
        return error
    number = re.search(r"\(os error (\d+)\)", str(error))
    return None if number is None else OSError(int(number[1]), os.strerror(int(number[1])), path and str(path))


def check_folder(path: Path, *, mark: str, force: bool) -> None:
    """Refuse a place where no folder can be written, before the work for it begins.

    Args:
        path: Where the folder shall stand.
        mark: A file that folders of this kind hold.
        force: Whether a folder with it may be replaced.

    Raises:
        OutputError: The place is taken.
    """
    if path.is_dir():
        if any(path.iterdir()):
            if not force:
                raise _taken(path)
            if not (path / mark).is_file():
                raise OutputError(f"Not replaced, since it holds no {mark}: {path}", hint="choose another --out")
    elif path.exists():
        raise OutputError(f"The output is a file: {path}", hint="choose another --out")


@contextmanager
def as_one_sentence(path: Path) -> Iterator[None]:
    """Turn errors of writing a path into one sentence; errors of anything else pass.

    Raises:
        MachineLimitError: The disk is full.
        OutputError: The path cannot be written.
    """
    try:
        yield
    except Exception as error:
        cause = system_error(error)
        if cause is not None and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MachineLimitError(f"The disk is full: {path} is not written", hint="free some space") from None
        if cause is not error or not _concerns(cause, path):
            raise
        raise OutputError(f"Cannot write {path}: {cause.strerror or cause}") from None


def _concerns(error: OSError, path: Path) -> bool:
    """Whether an error inside the block comes from writing, and not from something else that was read or asked for."""
    if error.errno not in errno.errorcode or isinstance(error, ConnectionError | TimeoutError):
        return False
    if error.filename is None:
        return True
    place, culprit = os.path.realpath(path), os.path.realpath(os.fsdecode(error.filename))
    return culprit.startswith(place) or Path(culprit) in Path(place).parents
