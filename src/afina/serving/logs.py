"""What the server logs: lines of JSON on standard error, with nothing in them of what was asked."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any

ACCESS = logging.getLogger("afina.serving.access")
"""A line for each request."""
ERRORS = logging.getLogger("afina.serving")
_MOST_FRAMES = 12


class JsonLines(logging.Formatter):
    """A record as a line of JSON; an exception by its type and where it came from.

    The message of an exception is left out: it may quote a text.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
        }
        fields: Mapping[str, Any] | None = getattr(record, "fields", None)
        entry |= {"message": record.getMessage()} if fields is None else fields
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            entry |= {"error": f"{kind.__module__}.{kind.__qualname__}", "frames": _frames(trace)}
        return json.dumps(entry, ensure_ascii=True)


def set_up_logs(*, access: bool = True) -> None:
    """Send what the server logs to standard error.

    Args:
        access: Whether to log each request.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    # What uvicorn warns of are requests that are none, and clients that left.
    levels = {ERRORS.name: logging.INFO, "uvicorn": logging.ERROR, "asyncio": logging.ERROR}
    for name, level in levels.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    ACCESS.setLevel(logging.INFO if access else logging.WARNING)


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-_MOST_FRAMES:]]
