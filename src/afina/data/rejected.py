"""Rows that could not be understood, kept aside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from afina.data.files import FileNotes


def write_rejected(notes: Sequence[FileNotes], path: Path) -> int:
    """Write the rows that could not be understood as JSONL."""
    return 0
