"""A clock that stands still while something is done that shall not count."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class PausableClock:
    """Seconds since it was made, without those spent in `paused`."""

    def __init__(self) -> None:
        self._zero = time.monotonic()

    def __call__(self) -> float:
        """Seconds that count, so far."""
        return time.monotonic() - self._zero

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens inside does not count."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._zero += time.monotonic() - began


class UncountedEncoder:
    """An encoder whose work does not count.

    Args:
        encoder: The encoder that does it.
        clock: The clock that stands still meanwhile.
    """

    def __init__(self, encoder: Any, clock: PausableClock) -> None:
        self._encoder, self._clock = encoder, clock

    def encode(self, texts: Sequence[str]) -> Any:
        """As the encoder's own."""
        with self._clock.paused():
            return self._encoder.encode(texts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)
