"""Who may write a run, and how an unfinished one ends: under its own name, kept for another try, or removed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from afina.errors import ModelError, OutputError
from afina.outputs import as_one_sentence, name_beside, rename
from afina.run_folder import PARTIAL_SUFFIX, RunFolder, write_json

if sys.platform != "win32":
    import fcntl


@contextmanager
def claim(run: RunFolder, request: Mapping[str, Any], *, force: bool = False) -> Iterator[RunFolder]:
    """Reserve a place for a run and yield its partial folder; on success rename it to its final name.

    The partial folder appears whole, locked and with the request in it: of two commands started at once one gets it,
    and from then on a killed command can be resumed. One that fails or is interrupted leaves it behind only when it
    holds a checkpoint to go on from.

    Args:
        run: Where the finished run shall stand.
        request: What was asked for, so that `reclaim` can start over: anything JSON can hold, and no passwords.
        force: Replace what stands there, and discard an unfinished run of that name.

    Raises:
        OutputError: The place is taken or cannot be written.
        MachineLimitError: The disk is full.
    """
    check_place(run, force=force)
    partial, beside = run.partial, RunFolder(name_beside(run.partial.root))
    missing = [folder for folder in partial.root.absolute().parents if not folder.exists()]
    try:
        with as_one_sentence(partial.root):
            beside.root.mkdir(parents=True)
            write_json(beside.request, {**request, "force": force})
        with locked(beside.request, partial.root):
            if force:
                _discard_unfinished(run)
            _take(beside, partial)
            with _removed_unless_resumable(partial):
                yield partial
            _finish(run, force=force)
    except BaseException:
        shutil.rmtree(beside.root, ignore_errors=True)
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()
        raise


@contextmanager
def reclaim(folder: Path) -> Iterator[tuple[RunFolder, dict[str, Any]]]:
    """Take over an unfinished run; yield the run and its request, and on success rename it to its final name.

    The request is empty where its file is damaged. An unfinished run that fails again stays.

    Args:
        folder: The partial folder.

    Raises:
        ModelError: It is no unfinished run.
        OutputError: Another command is writing it, its final place is taken, or it cannot be written.
    """
    run = _run_of(folder)
    with ExitStack() as stack:
        with as_one_sentence(run.partial.root):
            try:
                stack.enter_context(locked(run.partial.request, run.partial.root))
            except FileNotFoundError:
                _run_of(folder)  # the command that was writing it may have finished in this moment
                raise ModelError(f"Not an unfinished run: {folder} (it has no {run.request.name})") from None
        request = _read_request(run.partial)
        force = request.get("force") is True
        _check_target(run, force=force)
        yield run, request
        _finish(run, force=force)


def check_place(run: RunFolder, *, force: bool, needed_bytes: int = 0) -> None:
    """See whether a run could be written, before any work is done for it.

    Args:
        run: Where the finished run shall stand.
        force: What stands there may be replaced.
        needed_bytes: Free disk space to ask for.

    Raises:
        OutputError: The place is taken, cannot be written, or the disk is too full.
    """
    partial = run.partial
    if not partial.root.exists():
        pass
    elif not force:
        raise OutputError(
            f"An unfinished run stands at {partial.root}, or another command is writing it",
            hint=f"go on with `afina train --resume {partial.root}`, or discard it with --force",
        )
    elif not _looks_unfinished(partial):
        raise OutputError(f"Not discarded, since it is no unfinished run: {partial.root}", hint="choose another --out")
    _check_target(run, force=force)
    parent = _nearest_parent(run)
    free = shutil.disk_usage(parent).free
    if free < needed_bytes:
        raise OutputError(
            f"The disk of {parent} is too full: {free / 1e6:.0f} MB free, about {needed_bytes / 1e6:.0f} MB needed",
            hint="free some space, or choose an --out on another disk",
        )


def _check_target(run: RunFolder, *, force: bool) -> None:
    if run.root.exists():
        if not force:
            raise OutputError(f"The output exists: {run.root}", hint="choose another --out, or replace it with --force")
        if not run.root.is_dir() or (any(run.root.iterdir()) and not run.manifest.exists()):
            raise OutputError(f"Not replaced, since it is no run folder: {run.root}", hint="choose another --out")
    parent = _nearest_parent(run)
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise OutputError(f"Cannot write to {parent}", hint="choose another --out")


def _nearest_parent(run: RunFolder) -> Path:
    return next(folder for folder in run.root.absolute().parents if folder.exists())


def _looks_unfinished(partial: RunFolder) -> bool:
    return partial.root.is_dir() and (
        partial.request.is_file() or partial.checkpoints.is_dir() or not any(partial.root.iterdir())
    )


def _run_of(folder: Path) -> RunFolder:
    """The run that a partial folder belongs to."""
    run = RunFolder(folder.with_name(folder.name.removesuffix(PARTIAL_SUFFIX)))
    if folder == run.partial.root and folder.is_dir():
        return run
    if run.manifest.is_file():
        raise ModelError(f"The run {run.root} is finished already: there is nothing to resume")
    raise ModelError(f"Not an unfinished run: {folder}", hint=f"its name ends in {PARTIAL_SUFFIX}")


def _read_request(partial: RunFolder) -> dict[str, Any]:
    try:
        request = json.loads(partial.request.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return request if isinstance(request, dict) else {}


@contextmanager
def locked(path: Path, folder: Path, *, hint: str = "wait for it to end, or choose another --out") -> Iterator[None]:
    """Hold the lock of unfinished work until the block ends, or the process does, however it ends.

    Windows renames no folder with an open file in it, so there is no lock there.

    Args:
        path: The file that is locked.
        folder: What is being written, for the message.
        hint: What to do where another command holds it.

    Raises:
        FileNotFoundError: There is no such file (any more).
        OutputError: Another command holds the lock.
    """
    with path.open("r+b") as file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OutputError(f"Another command is writing {folder}", hint=hint) from None
            except OSError:
                pass  # a file system that knows no locks
            if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        else:
            file.close()
        yield


def _take(beside: RunFolder, partial: RunFolder) -> None:
    """Give the folder made beside it the name of the partial folder, unless that is taken."""
    try:
        with as_one_sentence(partial.root):
            rename(beside.root, partial.root)
    except OutputError:
        if not partial.root.exists():
            raise
        raise OutputError(f"Another command is writing {partial.root}", hint="choose another --out") from None


@contextmanager
def _removed_unless_resumable(partial: RunFolder) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if not partial.has_checkpoint:
            with suppress(OSError):
                _remove(partial.root)
        raise


def _discard_unfinished(run: RunFolder) -> None:
    partial = run.partial
    if not partial.request.is_file():
        _remove(partial.root)
        return
    # It may be finished, and have its own name, by the time its lock is free.
    with suppress(FileNotFoundError), locked(partial.request, partial.root):
        if partial.replaced.exists() and not run.root.exists():
            rename(partial.replaced, run.root)
        _remove(partial.root)


def _remove(folder: Path) -> None:
    """Remove a folder that must not be seen half removed."""
    with suppress(FileNotFoundError):
        leftover = name_beside(folder)
        folder.rename(leftover)
        shutil.rmtree(leftover, ignore_errors=True)


def _finish(run: RunFolder, *, force: bool) -> None:
    """Rename the partial folder to the run's name; all in it is written and flushed.

    A kill at any moment leaves either an unfinished run that is complete, and keeps the one that it replaces, or a
    finished one.
    """
    partial = run.partial
    with as_one_sentence(run.root):
        shutil.rmtree(partial.checkpoints, ignore_errors=True)
        if run.root.exists():
            _check_target(run, force=force)
            shutil.rmtree(partial.replaced, ignore_errors=True)
            rename(run.root, partial.replaced)
        rename(partial.root, run.root)
        shutil.rmtree(run.replaced, ignore_errors=True)
        run.request.unlink(missing_ok=True)
