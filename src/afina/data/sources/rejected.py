"""Rows that could not be understood, written aside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from afina.data.sources.file_notes import FileNotes
from afina.outputs import new_file
from afina.utf8 import as_utf8


def write_rejected(notes: Sequence[FileNotes], path: Path) -> int:
    """Write the rows that could not be understood as JSONL: file, place, reason, content.

    Args:
        notes: What was noticed in each file, complete; each keeps its first 1,000 such rows.
        path: The file to write; one that stands there is replaced.

    Returns:
        The number of rows written.

    Raises:
        OutputError: The file cannot be written.
        MachineLimitError: The disk is full.
    """
    records = [{"file": str(file.path), **asdict(row)} for file in notes for row in file.rejected]
    with new_file(path, force=True) as beside:
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        beside.write_text(as_utf8("".join(lines)), encoding="utf-8")
    return len(records)
