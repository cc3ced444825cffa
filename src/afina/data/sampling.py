"""A random part of a stream too long to hold: every row has the same chance, and labels keep their shares."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

_KEYS_PER_DRAW = 8192

Item = TypeVar("Item")


@dataclass
class StratifiedReservoir(Generic[Item]):
    """Keeps at most about one and a half times `size` items while they stream past, and `size` of them in the end.

    Where strata are so many that each holds a few items, it keeps a few items of each.

    Each item draws a random key; of each stratum those with the smallest keys are kept, as many as the stratum's share
    of all items so far allows. A file sorted by label is therefore sampled like any other.

    Args:
        size: Items wanted; None keeps all.
        seed: Equal seeds keep equal items.
    """

    size: int | None
    seed: int = 0
    seen: Counter[Hashable] = field(default_factory=Counter)
    """Items that streamed past, by stratum."""

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self._keys: list[float] = []
        self._held: dict[Hashable, list[tuple[float, int, Item]]] = {}
        self._n_seen = 0
        self._n_held = 0
        self._most_held = math.inf if self.size is None else 1.5 * self.size + 1000

    def add(self, item: Item, stratum: Hashable) -> None:
        """Show the next item of the stream."""
        if not self._keys:
            self._keys = self._rng.random(_KEYS_PER_DRAW).tolist()
        self._held.setdefault(stratum, []).append((self._keys.pop(), self._n_seen, item))
        self.seen[stratum] += 1
        self._n_seen += 1
        self._n_held += 1
        if self.size is not None and self._n_held > self._most_held:
            self._drop(self.size, spare=True)
            # What many strata hold to spare can exceed the limit; without room above it, each item would be a drop.
            self._most_held = max(self._most_held, self._n_held + max(1000, 0.1 * self._n_held))

    def items(self) -> list[Item]:
        """The items kept, in the order of the stream."""
        if self.size is not None and self._n_seen > self.size:
            self._drop(self.size, spare=False)
        kept = [entry for entries in self._held.values() for entry in entries]
        return [item for _, _, item in sorted(kept, key=lambda entry: entry[1])]

    def _drop(self, size: int, *, spare: bool) -> None:
        for stratum, entries in self._held.items():
            wanted = max(1, round(size * self.seen[stratum] / self._n_seen))
            # Later items change a stratum's share a little either way, so some more than its share are held.
            limit = wanted + math.ceil(4 * math.sqrt(wanted)) + 10 if spare else wanted
            self._held[stratum] = sorted(entries, key=lambda entry: entry[:2])[:limit]
        self._n_held = sum(map(len, self._held.values()))
