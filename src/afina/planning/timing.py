"""Seconds that something takes, on a machine that others may use too."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

_ENOUGH_SECONDS, _MOST_CALLS, _FEWEST_CALLS = 0.25, 9, 2


def seconds_of(
    once: Callable[[], object],
    *,
    device: torch.device | str = "cpu",
    enough_seconds: float = _ENOUGH_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Median seconds of a call.

    The first call is not counted: at a new width it builds the kernels. It is called again until a quarter of a second
    is counted, 9 times at most, so that a short call is not taken for what a neighbour made of it.

    Args:
        once: What to time.
        device: Where it runs; an accelerator is waited for.
        enough_seconds: Seconds after which it is not called again.
        clock: Returns seconds.
    """

    def timed() -> float:
        started = clock()
        once()
        if torch.device(device).type != "cpu":
            torch.accelerator.synchronize()
        return clock() - started

    timed()
    spent = [timed() for _ in range(_FEWEST_CALLS)]
    while sum(spent) < enough_seconds and len(spent) < _MOST_CALLS:
        spent.append(timed())
    return max(statistics.median(spent), 1e-9)
