"""Files and folders that appear whole or not at all: written beside their place, flushed to the disk, and renamed."""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

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


class ResultFolder:
    """A folder that is filled over minutes or hours; what it replaces is kept until it holds a result of its own.

    As a context it makes the folder. Unless `settle` is called in the block, all is as it was when the block ends.
    What a killed command leaves set aside stands inside the folder, under a name that begins with `replaced`.

    Args:
        root: Where the folder shall stand.
        mark: A file that folders of this kind hold; with `force`, a folder with it may be replaced, and no other.
        force: Replace what stands there.

    Raises:
        OutputError: The place is taken or cannot be written; told before any work is done for it.
    """

    def __init__(self, root: Path, *, mark: str, force: bool) -> None:
        self._root, self._mark, self._force = root, mark, force
        self._aside: Path | None = None
        self._made: list[Path] = []
        """Folders that were missing, the innermost first."""
        self._is_settled = False
        _check_free(root, mark=mark, force=force)
        _check_writable(root.absolute())

    def __enter__(self) -> Self:
        with as_one_sentence(self._root):
            # Another command may have written there in the meantime.
            _check_free(self._root, mark=self._mark, force=self._force)
            place = self._root.absolute()
            self._made = [folder for folder in (place, *place.parents) if not folder.exists()]
            try:
                place.mkdir(parents=True, exist_ok=True)
                self._set_aside()
            except BaseException:
                self._put_back()
                raise
        return self

    def settle(self) -> None:
        """There is a result: what was set aside is no longer needed."""
        self._is_settled = True
        if self._aside is not None:
            shutil.rmtree(self._aside, ignore_errors=True)
            self._aside = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._is_settled:
            with suppress(OSError):
                for child in self._root.iterdir():
                    if child != self._aside:
                        _remove(child)
            self._put_back()

    def _set_aside(self) -> None:
        # Into the folder itself, which may be a link, the working folder or a disk of its own, and so has to stay.
        found = list(self._root.iterdir())
        if found:
            self._aside = name_beside(self._root / "replaced")
            self._aside.mkdir()
            for child in found:
                child.rename(self._aside / child.name)

    def _put_back(self) -> None:
        with suppress(OSError):
            if self._aside is not None:
                for child in self._aside.iterdir():
                    child.rename(self._root / child.name)
                self._aside.rmdir()
        for folder in self._made:
            with suppress(OSError):
                folder.rmdir()


def check_file(path: Path, *, force: bool) -> None:
    """Refuse a place where no file can be written, before the work for it begins.

    Args:
        path: Where the file shall stand.
        force: Whether a file that stands there may be replaced.

    Raises:
        OutputError: The place is taken, is no place for a file, or cannot be written.
    """
    found = _mode_of(path)
    if found is not None and stat.S_ISDIR(found):
        raise OutputError(f"The output is a folder: {path}", hint="give the name of a file")
    if found is not None and not stat.S_ISREG(found):
        raise OutputError(f"The output is no regular file: {path}", hint="give the name of a file")
    if found is not None and not force:
        raise _taken(path)
    _check_writable(path.absolute().parent)


def check_folder(path: Path, *, mark: str, force: bool) -> None:
    """Refuse a place where no folder can be written, before the work for it begins.

    Args:
        path: Where the folder shall stand.
        mark: A file that folders of this kind hold.
        force: Whether a folder with it may be replaced.

    Raises:
        OutputError: The place is taken, or cannot be written.
    """
    _check_free(path, mark=mark, force=force)
    _check_writable(Path(os.path.realpath(path)).parent)


def free_path(folder: Path, stem: str, is_taken: Callable[[Path], bool] = Path.exists) -> Path:
    """The first of STEM, STEM-2, STEM-3 and so on that is free.

    Args:
        folder: Where to look.
        stem: The name to begin with.
        is_taken: Whether a place is taken.
    """
    names = itertools.chain((stem,), (f"{stem}-{number}" for number in itertools.count(2)))
    return next(place for name in names if not is_taken(place := folder / name))


def _mode_of(path: Path) -> int | None:
    """Kind and permissions of what stands at a path; None where nothing does."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"Cannot write {path}: {reason}", hint="choose another name") from None


def _check_free(path: Path, *, mark: str, force: bool) -> None:
    found = _mode_of(path)
    if found is None:
        return
    if not stat.S_ISDIR(found):
        raise OutputError(f"The output is a file: {path}", hint="choose another --out")
    with as_one_sentence(path):
        is_empty = not any(path.iterdir())
    if is_empty:
        return
    if not force:
        raise _taken(path)
    if not (path / mark).is_file():
        raise OutputError(f"Not replaced, since it holds no {mark}: {path}", hint="choose another --out")


def _check_writable(folder: Path) -> None:
    """See whether names can be added to a folder, or to the nearest one above it where it is not there yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise OutputError(f"Not a folder: {folder}", hint="choose another place to write to")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"Cannot write to {folder}: Permission denied", hint="choose another place to write to")


def _taken(path: Path) -> OutputError:
    return OutputError(f"The output exists: {path}", hint="choose another name, or replace it with --force")


def name_beside(path: Path) -> Path:
    """A name next to a path that no other command, and no rest of a killed one, has."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")


def remove_leftovers(path: Path) -> None:
    """Remove what killed commands left beside a path; for one that holds a lock against others writing it."""
    names = re.compile(rf"{re.escape(path.name)}\.[0-9a-f]{{12}}\.tmp")
    for leftover in path.parent.iterdir():
        if names.fullmatch(leftover.name):
            _remove(leftover)


def flush_folder(folder: Path) -> None:
    """Have the disk hold all that a folder holds, so that a loss of power after a rename leaves no empty files."""
    for path in (*folder.rglob("*"), folder):
        if path.is_dir():
            _flush_names(path)
        else:
            _flush(path)


def rename(path: Path, place: Path) -> None:
    """Rename, in place of a file that has the name, and have the disk hold the new name."""
    path.replace(place)
    _flush_names(place.parent)


def _remove(path: Path) -> None:
    """Remove a file or folder, as far as that can be done."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


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
