"""The wall clock of a whole command, in stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Counts the seconds of a command from its very start, and of its stages.

    Args:
        budget: Seconds that the command may take; None for no limit.
        started: When it started, by `clock`; now if not given.
        elapsed: Seconds used before, by the command that this one resumes.
        clock: Returns seconds; a test passes its own.
    """

    def __init__(
        self,
        budget: float | None,
        *,
        started: float | None = None,
        elapsed: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget = budget
        self._clock = clock
        self._started = (clock() if started is None else started) - elapsed
        self._stages: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._started

    @property
    def seconds_left(self) -> float:
        """Seconds until the budget ends; infinite without one."""
        return float("inf") if self.budget is None else self.budget - self.seconds

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside under a name; a name used twice adds up."""
        began = self._clock()
        try:
            yield
        finally:
            self._stages[name] = self._stages.get(name, 0.0) + self._clock() - began

    def as_dict(self) -> dict[str, float]:
        """Seconds in all and by stage, to the hundredth."""
        return {"total": round(self.seconds, 2)} | {name: round(value, 2) for name, value in self._stages.items()}
