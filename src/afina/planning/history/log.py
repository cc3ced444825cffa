"""The log of forecasts: one line of JSON for each run that was finished on this machine.

Each of `--seeds` is a run, and so is one that a ladder or a matrix trains, and the last one of a search; its trials are
not. The log stands in the folder where the system keeps what programs note down for themselves
(`~/.local/state/afina` on Linux); the environment variable `AFINA_STATE` names another folder. It holds no texts and no
labels, and no run fails for want of it.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from afina.config import STATE_VARIABLE
from afina.planning.history.record import ForecastRecord

_MOST_LINES = 1000


def log_file() -> Path | None:
    """Where the log stands, or will; None for someone without a home."""
    given = os.environ.get(STATE_VARIABLE)
    folder = Path(given).absolute() if given else platformdirs.user_state_path("afina", appauthor=False)
    # Without a home the system's answer begins with a plain "~".
    return folder / "forecasts.jsonl" if folder.is_absolute() else None


def append_record(record: ForecastRecord) -> bool:
    """Add a run to the log; several commands may do so at once.

    Returns:
        Whether it was written: a place that cannot be written to is no reason to fail.
    """
    file = log_file()
    if file is None:
        return False
    # A line of its own, whatever a killed command has left before it.
    line = f"\n{record.model_dump_json()}\n".encode()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            return os.write(handle, line) == len(line)
        finally:
            os.close(handle)
    except OSError:
        return False


def read_log() -> list[ForecastRecord]:
    """The newest 1,000 runs of the log, oldest first; lines that are damaged are passed over."""
    file, records = log_file(), []
    if file is None:
        return []
    try:
        with file.open("rb") as lines:
            newest = deque((line for line in lines if not line.isspace()), maxlen=_MOST_LINES)
    except OSError:
        return []
    for line in newest:
        with suppress(ValidationError):
            records.append(ForecastRecord.model_validate_json(line))
    return records
