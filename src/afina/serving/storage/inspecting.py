"""A first look at a file, in a process of its own: what it holds may be made to exhaust whoever reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.serving.storage.errors import StorageError
from afina.serving.storage.uploads import too_large_unpacked, too_many_rows

_PROGRAM = "afina.serving.storage.processes.look"
_MOST_SECONDS = 60


@dataclass(frozen=True)
class Inspection:
    """What was found in a file."""

    columns: list[str]
    rows: list[dict[str, Any]]
    """The first rows, long cells cut."""
    rows_total: int | None
    """Rows of the file; an estimate, unless it is small."""
    text_column: str | None
    """Where the texts are, so far as that can be told."""
    title_column: str | None
    reason: str | None = None
    """Why that cannot be told."""


def inspect(path: Path, *, packed_bytes: int) -> Inspection:
    """Look into a file.

    Args:
        path: The file, as `settle` left it.
        packed_bytes: The size with which it was sent.

    Raises:
        StorageError: It cannot be read (422), or holds more than may be (413).
    """
    command = [sys.executable, "-P", "-m", _PROGRAM, path.name, str(packed_bytes)]
    try:
        done = subprocess.run(command, cwd=path.parent, capture_output=True, timeout=_MOST_SECONDS, check=False)
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        # Out of memory, out of time, or killed: no honest file of this size does that.
        raise StorageError(413, "too_large", "The file takes too much memory or time to read") from None
    match found:
        case {"problem": "too_large"}:
            raise too_large_unpacked()
        case {"problem": "too_many"}:
            raise too_many_rows()
        case {"unreadable": str(reason)}:
            raise StorageError(422, "unreadable", reason)
    return Inspection(**found)
