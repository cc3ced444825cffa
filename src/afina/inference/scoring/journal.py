"""Answers that were computed, on disk, chunk by chunk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Answer = str | list[Any]
"""What is written of a row: the cells of its answer, or, where there is none, the reason."""


class Journal:
    """Answers in the order of the rows, one JSON line a chunk, each behind the digest of the texts it answers.

    Kept answers are given again only for the very texts they were made for, one chunk after the other. From the first
    chunk on that differs they are forgotten. A line that a kill or a full disk cut short is forgotten too.

    Args:
        path: The file, which must be there; an empty one is a new journal.
        model: What tells this model, as it was loaded, from others: answers of another one are forgotten.
    """

    def __init__(self, path: Path, *, model: str) -> None:
        self._file = path.open("r+b")
        head = {"model": model}
        kept = _read_line(self._file.readline())
        self.is_other_model = kept is not None and kept != head
        """Whether answers of another model were forgotten."""
        self.is_other_source = False
        """Whether answers to other texts were forgotten."""
        self._is_replaying = kept == head
        if not self._is_replaying:
            self._file.seek(0)
            self._append(head)
        self.is_empty = not self._is_replaying
        """Whether it holds no answers."""
        if self._is_replaying:
            place = self._file.tell()
            self.is_empty = _read_line(self._file.readline()) is None
            self._file.seek(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def take(self, digest: str) -> list[Answer] | None:
        """The next answers, if they are to these texts; else None, and from here on nothing is kept.

        Args:
            digest: That of the texts, see `digest_of`.
        """
        if not self._is_replaying:
            return None
        place = self._file.tell()
        record = _read_line(self._file.readline())
        if record is not None and record.get("texts") == digest:
            return list(record["answers"])
        self.is_other_source = record is not None
        self._is_replaying = False
        self._file.seek(place)
        self._file.truncate()
        return None

    def add(self, digest: str, answers: Sequence[Answer]) -> None:
        """Keep the answers to the next texts, so that they outlast a loss of power.

        Args:
            digest: That of the texts.
            answers: An answer to each.

        Raises:
            OSError: They cannot be written; what was kept before is not harmed.
        """
        self._append({"texts": digest, "answers": answers})
        self.is_empty = False

    def _append(self, record: dict[str, Any]) -> None:
        self._file.truncate()
        self._file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def digest_of(texts: Sequence[str]) -> str:
    """Hexadecimal sha256 of texts, which tells where each begins."""
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def _read_line(line: bytes) -> dict[str, Any] | None:
    """A whole line of a journal; None for one that was cut, and at the end."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
