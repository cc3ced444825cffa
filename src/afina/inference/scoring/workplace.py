"""Where a file is scored until it is complete: a folder beside the output, held by one command at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from afina.claims import locked
from afina.data.sources import suffix_of
from afina.data.writing import check_output
from afina.errors import OutputError
from afina.outputs import as_one_sentence, check_file, rename
from afina.run_folder import PARTIAL_SUFFIX

_JOURNAL = "answers.jsonl"
_ATTEMPTS = 5


def errors_file(out: Path) -> Path:
    """Where rows without an answer are listed: `reviews.errors.jsonl` beside `reviews.csv`."""
    stem = out.name.removesuffix(out.suffix) if out.suffix.lower() == ".gz" else out.name
    return out.with_name(stem[: -len(suffix_of(out)) - 1] + ".errors.jsonl")


@dataclass(frozen=True)
class Workplace:
    """The folder of an unfinished job."""

    out: Path
    """Where the output shall stand."""
    folder: Path
    """Holds the answers so far, and what is made of them."""
    force: bool
    """Whether what stands at the output may be replaced."""

    @property
    def journal(self) -> Path:
        """The answers so far; the file that is locked."""
        return self.folder / _JOURNAL

    @property
    def rows(self) -> Path:
        """The output while it is written; its name tells the format."""
        return self.folder / f"rows{''.join(self.out.suffixes[-2:])}"

    @property
    def errors(self) -> Path:
        """The rows without an answer while they are written."""
        return self.folder / "errors.jsonl"

    @property
    def errors_place(self) -> Path:
        """Where they shall stand: beside the output, and not beside a link to it."""
        return errors_file(Path(os.path.realpath(self.out)) if self.out.is_symlink() else self.out)

    def put_in_place(self, *, has_errors: bool) -> None:
        """Give the finished files their names, the output last, and remove the folder.

        Raises:
            OutputError: The output was written by another command in the meantime, or cannot be.
            MachineLimitError: The disk is full.
        """
        check_output(self.out, force=self.force)
        # What a link points to is replaced, and not the link.
        place = Path(os.path.realpath(self.out))
        with as_one_sentence(self.out):
            if has_errors:
                rename(self.errors, self.errors_place)
            else:
                self.errors_place.unlink(missing_ok=True)
            rename(self.rows, place)
        self.remove()

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def workplace(out: Path, *, force: bool) -> Iterator[Workplace]:
    """Make the folder for a file, or take over the one that an interrupted job left.

    Args:
        out: The file to write.
        force: Replace a file that stands there.

    Raises:
        DataError: The name says no format that can be written.
        OutputError: The output exists or cannot be written, or another command is writing it.
        MachineLimitError: The disk is full.
    """
    check_output(out, force=force)
    place = Path(os.path.realpath(out))
    held = Workplace(out, place.with_name(place.name + PARTIAL_SUFFIX), force)
    if not held.journal.exists():
        _check_new(held)
    missing = [folder for folder in held.folder.parents if not folder.exists()]
    with ExitStack() as stack:
        try:
            with as_one_sentence(held.folder):
                _lock(held, stack)
                check_output(out, force=force)
                for child in held.folder.iterdir():
                    if child != held.journal:  # the half of an output, which is made anew
                        child.unlink()
            yield held
        except BaseException:
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
            raise


def _check_new(held: Workplace) -> None:
    if held.folder.exists() and not (held.folder.is_dir() and not any(held.folder.iterdir())):
        raise OutputError(f"In the way of unfinished work is {held.folder}", hint="choose another --out")
    # Where a job was interrupted, the list of errors may be its own, put in place just before.
    check_file(held.errors_place, force=held.force)


def _lock(held: Workplace, stack: ExitStack) -> None:
    for _attempt in range(_ATTEMPTS):
        held.folder.mkdir(parents=True, exist_ok=True)
        # The command that held the folder may remove it at any moment, as it ends.
        with suppress(FileNotFoundError):
            held.journal.touch()
            stack.enter_context(locked(held.journal, held.out))
            return
    raise OutputError(f"Another command is writing {held.out}", hint="wait for it to end, or choose another --out")
