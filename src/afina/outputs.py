"""Files and folders that appear whole or not at all: written beside their place and renamed when complete."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
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
    beside = _beside(place)
    with _as_one_sentence(path):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            # Another command may have written the file in the meantime.
            check_file(path, force=force)
            beside.replace(place)
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
    with _as_one_sentence(path):
        # A name such as "." has nothing that could be renamed, and a link to a folder is no folder.
        place = Path(os.path.realpath(path))
        check_folder(path, mark=mark, force=force)
        beside = _beside(place)
        try:
            beside.mkdir(parents=True)
            yield beside
            check_folder(path, mark=mark, force=force)
            if place.exists():
                # What stood there goes only when the new folder stands in its place.
                old = _beside(place)
                place.rename(old)
                beside.rename(place)
                shutil.rmtree(old, ignore_errors=True)
            else:
                beside.rename(place)
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


def _beside(path: Path) -> Path:
    """A name next to a path that no other command, and no rest of a killed one, has."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")


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
def _as_one_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise MachineLimitError(f"The disk is full: {path} is not written", hint="free some space") from None
        if not _concerns(error, path):
            raise
        raise OutputError(f"Cannot write {path}: {error.strerror or error}") from None


def _concerns(error: OSError, path: Path) -> bool:
    """Whether an error inside the block comes from writing, and not from something else that was read or asked for."""
    if error.errno not in errno.errorcode or isinstance(error, ConnectionError | TimeoutError):
        return False
    if error.filename is None:
        return True
    place, culprit = os.path.realpath(path), os.path.realpath(os.fsdecode(error.filename))
    return culprit.startswith(place) or Path(culprit) in Path(place).parents
