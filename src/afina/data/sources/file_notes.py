"""What is noticed while the rows of a source are read, and the rows that could not be understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from afina.errors import DataError

MAX_SHARE_SKIPPED = 0.2
MOST_REJECTED = 1000
MOST_CONTENT_CHARS = 500

Row = dict[str, Any]


@dataclass(frozen=True)
class Rejected:
    """A row that could not be understood."""

    place: str
    """Where it stands: a line, a row, or the name of a file in a folder."""
    reason: str
    content: str
    """Its beginning, as it stands."""


@dataclass
class FileNotes:
    """What was noticed while a file was read; complete once its rows have been read to the end."""

    path: Path
    """The file; for a table of a database or a split of the Hub, its short name."""
    encoding: str | None = None
    """Text encoding that was used; None for formats that have none."""
    fallback: str | None = None
    """Encoding in which the bytes were read that are not in the first one, where a file mixes two."""
    rows: int = 0
    """Rows understood."""
    damaged: bool = False
    """Some bytes are no text in that encoding and were replaced."""
    skipped: int = 0
    """Rows, or lines where rows cannot be told, that could not be understood."""
    rejected: list[Rejected] = field(default_factory=list)
    """The first of them."""
    headerless: bool = False
    """The first line of a table is data, so that columns are called column_1, column_2, ..."""
    class_names: dict[str, list[str]] = field(default_factory=dict)
    """Label names that a file of the Hugging Face datasets library carries, by column."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Columns that hold no plain values and are not read, and what they hold."""
    remarks: list[str] = field(default_factory=list)
    """Further sentences a user should see."""
    size_bytes: int | None = None
    """Size of the file; None for what is no single file."""
    total_rows: int | None = None
    """Rows of the file, where it says so; known once it has been opened."""
    tell: Callable[[], int] | None = field(default=None, repr=False, compare=False)
    """Tells how many bytes of the file have been read, where its format shows that."""
    on_reject: Callable[[Rejected], None] | None = field(default=None, repr=False, compare=False)
    """Called with every row that could not be understood, with all it holds, while rows are consumed."""

    @property
    def messages(self) -> list[str]:
        """Sentences a user should see."""
        name = self.path.name
        told = list(self.remarks)
        if self.left_out:
            columns = ", ".join(f"{column} ({kind})" for column, kind in self.left_out.items())
            told.append(f"{name} has columns that hold no plain texts or numbers and are not read: {columns}")
        if self.encoding not in (None, "utf_8", "utf_8_sig", "ascii"):
            told.append(f"{name} is not UTF-8; it was read as {self.encoding}")
        if self.fallback:
            told.append(f"{name} mixes UTF-8 with another encoding; what is not UTF-8 was read as {self.fallback}")
        if self.damaged:
            told.append(f"{name} holds bytes that are no text; each was replaced by \N{REPLACEMENT CHARACTER}")
        if self.headerless:
            told.append(f"{name} has no header line; its columns are called column_1, column_2, ...")
        if self.skipped:
            told.append(f"{self.skipped:,} rows of {name} could not be understood and were skipped")
        return told

    @property
    def bytes_read(self) -> int | None:
        """How much of the file has been read, in bytes of it as it is stored; None where that cannot be told."""
        if self.size_bytes is None:
            return None
        if not self.rows + self.skipped:
            return 0
        if self.total_rows is not None:
            return self.size_bytes * min(self.rows, self.total_rows) // max(1, self.total_rows)
        if self.tell is None:
            return None
        try:
            return self.tell()
        except ValueError:  # closed, since it has been read to its end
            return self.size_bytes

    def reject(self, place: str, reason: str, content: str, *, rows: int = 1) -> None:
        """Count a row that could not be understood, hand it on, and keep it if there are not too many.

        Args:
            place: Where it stands.
            reason: What is wrong with it.
            content: What it holds; of what is kept, the beginning.
            rows: How many it counts for.
        """
        self.skipped += rows
        if self.on_reject is not None:
            self.on_reject(Rejected(place, reason, content))
        if len(self.rejected) < MOST_REJECTED:
            self.rejected.append(Rejected(place, reason, content[:MOST_CONTENT_CHARS]))

    def check_share_skipped(self) -> None:
        """Say whether enough was understood.

        Raises:
            DataError: More than a fifth of the rows was not.
        """
        seen = self.rows + self.skipped
        if self.skipped > MAX_SHARE_SKIPPED * seen:
            first = f"; the first is {self.rejected[0].place}: {self.rejected[0].reason}" if self.rejected else ""
            raise DataError(
                f"{self.skipped:,} of {seen:,} rows of {self.path} could not be understood{first}",
                hint="check the file's format, delimiter and quoting",
            )
