"""Files and folders that appear whole or not at all: written beside their place and renamed when complete."""

from __future__ import annotations

import errno
import os
import shutil
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
    check_free(path, force=force)
    if path.is_dir():
        raise OutputError(f"The output is a folder: {path}", hint="give the name of a file")
    # The process number keeps two commands that write the same file out of each other's way.
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with _as_one_sentence(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            beside.replace(path)
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
    if path.is_dir() and any(path.iterdir()):
        check_free(path, force=force)
        if not (path / mark).is_file():
            raise OutputError(f"Not replaced, since it holds no {mark}: {path}", hint="choose another --out")
    elif path.exists() and not path.is_dir():
        raise OutputError(f"The output is a file: {path}", hint="choose another --out")
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with _as_one_sentence(path):
        try:
            beside.mkdir(parents=True)
            yield beside
            if path.exists():
                shutil.rmtree(path)
            beside.rename(path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def check_free(path: Path, *, force: bool) -> None:
    """Raise OutputError where something stands that may not be replaced."""
    if path.exists() and not force:
        raise OutputError(f"The output exists: {path}", hint="choose another --out, or replace it with --force")


@contextmanager
def _as_one_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise MachineLimitError(f"The disk is full: {path} is not written", hint="free some space") from None
        raise OutputError(f"Cannot write {path}: {error.strerror or error}") from None
