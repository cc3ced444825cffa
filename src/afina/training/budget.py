"""How much training there is, as one number from 0 to 1."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# The schedule follows the steps while the clock is not ahead of them by more than this share (less and less of it
# towards the end), so that equal seeds give equal weights wherever the time suffices.
_CLOCK_LEAD = 0.1


@dataclass
class Budget:
    """A limit in steps and, perhaps, in seconds.

    Args:
        max_steps: Optimizer steps to take.
        seconds: Seconds that training may last, evaluation on the dev set counted; None for no limit.
        elapsed: Seconds used before, by the run that this one resumes.
        clock: Returns seconds; a test passes its own.
    """

    max_steps: int
    seconds: float | None = None
    elapsed: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _started: float = field(init=False)
    _furthest: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._started = self.clock() - self.elapsed

    @property
    def seconds_used(self) -> float:
        """Seconds of training so far, those before a resume counted."""
        return self.clock() - self._started

    @property
    def seconds_left(self) -> float:
        """Seconds that training may still last, at least 0; infinite without a limit."""
        return math.inf if self.seconds is None else max(0.0, self.seconds - self.seconds_used)

    def progress(self, steps: float) -> float:
        """Share of training done after this many steps: that of the steps, or that of the seconds where it leads."""
        by_steps = min(1.0, steps / self.max_steps)
        by_time = 0.0 if self.seconds is None else min(1.0, self.seconds_used / max(self.seconds, 1e-9))
        now = by_time if by_time - by_steps > _CLOCK_LEAD * (1 - by_time) else by_steps
        # Steps may catch up with a clock that led them; the learning rate must not rise again for it.
        self._furthest = max(self._furthest, now)
        return self._furthest

    def is_out_of_time(self) -> bool:
        """Whether the seconds are used up."""
        return self.seconds is not None and self.seconds_used >= self.seconds
