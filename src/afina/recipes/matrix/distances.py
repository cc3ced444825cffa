"""How far apart the sources of a matrix lie, measured on embeddings of the pretrained model, before any training."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from typing import Any

from afina.data import take
from afina.evaluation import maximum_mean_discrepancy, proxy_a_distance
from afina.modeling.embedding import embed
from afina.recipes.matrix.sources import MatrixSource
from afina.recipes.reporting import Reporter

_MOST_TEXTS, _FEWEST_TEXTS = 500, 40
_MAX_TOKENS = 128
# Texts of each source embedded first, to see how long more of them will take.
_TEXTS_TO_MEASURE = 24


@dataclass(frozen=True)
class Distances:
    """Distances between each two sources."""

    pairs: dict[frozenset[str], tuple[float, float]]
    """Proxy A-distance and squared maximum mean discrepancy, by the names of the two sources."""
    texts: int
    """Texts of each source they were measured on, at most."""
    texts_per_second: float
    """How fast the pretrained model read them, up to 128 tokens of each."""

    def between(self, one: str, other: str) -> tuple[float | None, float | None]:
        """Proxy A-distance and discrepancy of two sources; None for what is no pair of sources."""
        return self.pairs.get(frozenset((one, other)), (None, None))

    def as_rows(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The JSON form, a row for each two sources."""
        rows = []
        for one, other in combinations(names, 2):
            proxy_a, discrepancy = self.between(one, other)
            rows.append({"sources": [one, other], "proxy_a": proxy_a, "mmd": discrepancy})
        return rows


def measure_distances(
    sources: Sequence[MatrixSource], model: str, *, seed: int, seconds: float, reporter: Reporter
) -> Distances:
    """Measure how far apart the training texts of each two sources lie.

    Args:
        sources: The sources.
        model: The pretrained model that embeds their texts.
        seed: Seed of the texts drawn and of the folds.
        seconds: What it may take; bounds how many texts are embedded.
        reporter: Told how many texts are done.

    Raises:
        ModelError: The model cannot be loaded, or gives no states to average.
    """
    drawn = [take(source.train, _MOST_TEXTS, seed=seed).texts for source in sources]
    few = [text for texts in drawn for text in texts[:_TEXTS_TO_MEASURE]]
    rate = _measure_rate(few, model)
    size = int(min(_MOST_TEXTS, max(_FEWEST_TEXTS, rate * seconds / len(sources))))
    drawn = [take(source.train, size, seed=seed).texts for source in sources]
    total = sum(map(len, drawn))
    embedded = embed(
        model, [text for texts in drawn for text in texts], max_tokens=_MAX_TOKENS,
        on_texts=lambda done: reporter.advance(done, total),
    )  # fmt: skip
    bounds = list(accumulate(map(len, drawn), initial=0))
    parts = {source.name: embedded[a:b] for source, (a, b) in zip(sources, pairwise(bounds), strict=True)}
    pairs = {
        frozenset((one, other)): (
            proxy_a_distance(parts[one], parts[other], seed=seed),
            maximum_mean_discrepancy(parts[one], parts[other]),
        )
        for one, other in combinations(parts, 2)
    }
    return Distances(pairs, max(map(len, drawn)), rate)


def _measure_rate(texts: Sequence[str], model: str) -> float:
    """Texts a second that the model embeds once it is loaded."""
    began = time.monotonic()
    seen: list[tuple[int, float]] = []
    embed(model, texts, max_tokens=_MAX_TOKENS, on_texts=lambda done: seen.append((done, time.monotonic())))
    (first, at_first), (last, at_last) = seen[0], seen[-1]
    if last > first:
        return (last - first) / max(at_last - at_first, 1e-9)
    return len(texts) / max(at_last - began, 1e-9)
