"""What a server counts of its work."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass

from afina.serving.computing.requests import Batch

_KEPT = 0.9
"""How much of what was measured before counts when a batch is done."""


@dataclass
class Counters:
    """Counts since the start, and the speed of late."""

    batches: int = 0
    texts: int = 0
    tokens: int = 0
    padded_tokens: int = 0
    """Tokens and the padding beside them."""
    compute_seconds: float = 0.0
    refused: int = 0
    """Requests for which there was no room."""
    dropped: int = 0
    """Texts that were not computed, since the client had left or time was up."""
    expired: int = 0
    """Requests whose time was up."""
    retried: int = 0
    """Batches that were tried once more."""
    failed: int = 0
    """Batches that could not be answered."""
    recent_tokens: float = 0.0
    recent_seconds: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        """Of one worker while it computes, of late; 0 before the first batch."""
        return self.recent_tokens / self.recent_seconds if self.recent_seconds else 0.0

    def count_batch(self, batch: Batch, seconds: float) -> None:
        """Note a batch that was answered."""
        self.batches += 1
        self.texts += len(batch.rows)
        self.tokens += batch.tokens
        self.padded_tokens += batch.padded_tokens
        self.compute_seconds += seconds
        self.recent_tokens = _KEPT * self.recent_tokens + batch.tokens
        self.recent_seconds = _KEPT * self.recent_seconds + seconds

    def to_dict(self) -> dict[str, float]:
        """All of it by name."""
        return {**asdict(self), "tokens_per_second": self.tokens_per_second}


class Underway:
    """How many are inside of it, as an asynchronous context; one may wait until none is."""

    def __init__(self) -> None:
        self.n = 0
        """How many are."""
        self._none = asyncio.Event()
        self._none.set()

    async def __aenter__(self) -> None:
        self.n += 1
        self._none.clear()

    async def __aexit__(self, *error: object) -> None:
        self.n -= 1
        if not self.n:
            self._none.set()

    async def wait_for_none(self) -> None:
        """Wait until nobody is inside."""
        await self._none.wait()
