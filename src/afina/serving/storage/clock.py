"""The time of day, that no change of the system's clock moves while the server runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class SteadyClock:
    """Seconds since 1970, read from the system's clock once and counted on from there.

    Args:
        wall: The system's clock.
        steady: A clock that only moves on.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._offset = wall() - steady()

    def __call__(self) -> float:
        """Seconds since 1970, UTC."""
        return self._offset + self._steady()


def iso(seconds: float) -> str:
    """A time as `2026-01-02T03:04:05Z`."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
