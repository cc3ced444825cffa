"""Weights of words by leaving them out, coarse to fine (Zeiler and Fergus 2014, for texts Li et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from afina.inference.explaining.probing import Probe

FEWEST_EVALS = 8
# Of a very long text fewer questions are asked, since each is as long as the text.
_MOST_CHARACTERS = 20_000_000
_PARTS = 8


@dataclass(frozen=True)
class Occlusion:
    """What leaving words out did.

    Args:
        weights: How much the log-odds of the target fall without each word, (n_words,).
        words_alone: Words that were left out by themselves.
    """

    weights: npt.NDArray[np.float64]
    words_alone: int


def occlude(probe: Probe, whole: float, *, max_evals: int) -> Occlusion:
    """Weigh each word by what the answer loses without it.

    Where there are more words than questions allowed, half of the questions go to phrases of equal length; the
    phrases with the largest effect are then cut finer, down to single words, while questions are left. The words of a
    phrase share its effect evenly.

    Args:
        probe: Asks about the text.
        whole: Log-odds of the target for the whole text.
        max_evals: Most questions.
    """
    n_words = len(probe)
    left = max(FEWEST_EVALS, min(max_evals, _MOST_CHARACTERS // max(1, probe.n_characters)))
    phrases = _divide(range(n_words), n_words if n_words <= left else left // 2)
    effects: dict[range, float] = {}
    while phrases:
        left -= len(phrases)
        found = whole - probe.log_odds(phrases)
        effects |= dict(zip(phrases, found.tolist(), strict=True))
        phrases = []
        longest = max(map(len, effects))
        # A last round spends what is left; before it, something must be left for the next.
        allowed = left if longest <= _PARTS else max(left // 2, _PARTS)
        for phrase in sorted(effects, key=lambda phrase: (-abs(effects[phrase]), phrase.start)):
            parts = _divide(phrase, _PARTS)
            if len(parts) > 1 and len(phrases) + len(parts) <= min(allowed, left):
                del effects[phrase]
                phrases += parts
    weights = np.zeros(n_words)
    for phrase, effect in effects.items():
        weights[phrase.start : phrase.stop] = effect / len(phrase)
    return Occlusion(weights, sum(len(phrase) == 1 for phrase in effects))


def _divide(phrase: range, n_parts: int) -> list[range]:
    """A phrase in so many parts of nearly equal length, or in words where it has fewer."""
    n_parts = min(n_parts, len(phrase))
    bounds = [phrase.start + i * len(phrase) // n_parts for i in range(n_parts + 1)]
    return [range(start, end) for start, end in pairwise(bounds)]
