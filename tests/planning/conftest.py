"""One thread: threads that wait for each other on a busy machine make a tiny model hundreds of times slower."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def on_one_thread(one_thread: None) -> None:
    """All tests of this room run torch on one core."""
