"""The memory of one run among several in a process."""

from __future__ import annotations

import os

import numpy as np
import pytest

from afina.recipes.resources import PeakMemory, peak_memory_mb


def hold(mb):
    """Hold so much memory for a moment."""
    return float(np.ones(mb * 1_000_000 // 8).sum())


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the system forgets no peak")
def test_a_run_is_not_told_the_memory_of_those_before_it():
    before = PeakMemory.from_now()
    hold(300)
    first = before.of_run("cpu")
    again = PeakMemory.from_now()
    hold(50)
    second = again.of_run("cpu")
    # The library may give back some of what it held before, too.
    assert first - 350 < second < first - 200
    assert second == peak_memory_mb()


def test_a_peak_that_did_not_rise_is_not_known():
    hold(50)
    assert PeakMemory(peak_memory_mb() + 1).of_run("cpu") is None
    assert PeakMemory(peak_memory_mb() - 1).of_run("cpu") == peak_memory_mb()
