"""Weights of words by leaving them out, coarse to fine (Zeiler and Fergus 2014, for texts Li et al. 2016)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from afina.inference.explaining.probing import Probe

FEWEST_EVALS = 16
# Of a very long text fewer questions are asked, since each is as long as the text.
_MOST_CHARACTERS = 4_000_000
_PARTS = 8
# Without more of its words what remains is no longer like any text.
_TOP = 0.2
# What hardly counts in the whole text is not asked about twice.
_SHARE_ASKED_TWICE = 0.5


@dataclass(frozen=True)
class Occlusion:
    """What leaving words out did.

    Args:
        weights: How much each word raises the log-odds of the target, (n_words,).
        words_alone: Words that were left out by themselves.
    """

    weights: npt.NDArray[np.float64]
    words_alone: int


def occlude(probe: Probe, whole: float, *, max_evals: int) -> Occlusion:
    """Weigh each word by what the answer loses without it, the words that count twice.

    Each is left out of the whole text. Then the half that counts most is left out of what remains without the fifth
    that counts most, or put back into it where it belongs to that fifth. Of two words that say the same, as `great` and
    `wonderful`, one is hardly missed in the whole text while the other stands; the mean of both effects counts it.
    Where words simply add up, both effects are the same.

    Where there are more words than questions allowed, two thirds of them go to phrases, at first of equal length; the
    phrases with the largest effect are then cut finer, down to single words, while questions are left. The words of a
    phrase share its effect evenly.

    Args:
        probe: Asks about the text.
        whole: Log-odds of the target for the whole text.
        max_evals: Most questions, `FEWEST_EVALS` at least.
    """
    allowed = max(FEWEST_EVALS, min(max_evals, _MOST_CHARACTERS // max(1, probe.n_characters)))
    phrases, in_whole = _leave_out(probe, whole, max_evals=int((allowed - 2) / (1 + _SHARE_ASKED_TWICE)))
    effects = in_whole.copy()
    twice = np.sort(np.argsort(-np.abs(in_whole), kind="stable")[: math.ceil(_SHARE_ASKED_TWICE * len(phrases))])
    effects[twice] = (in_whole[twice] + _leave_out_of_rest(probe, phrases, in_whole, twice)) / 2
    lengths = np.array([len(phrase) for phrase in phrases])
    weights = np.repeat(effects / lengths, lengths)
    return Occlusion(weights, int((lengths == 1).sum()))


def _leave_out(probe: Probe, whole: float, *, max_evals: int) -> tuple[list[range], npt.NDArray[np.float64]]:
    """Phrases that make up the text, in order, and what the whole text loses without each."""
    left, n_words = max_evals, len(probe)
    asked = _divide(range(n_words), n_words if n_words <= left else left // 2)
    effects: dict[range, float] = {}
    while asked:
        left -= len(asked)
        effects |= dict(zip(asked, (whole - probe.log_odds(asked)).tolist(), strict=True))
        # A last round spends what is left; before it, something must be left for the next.
        longest = max(map(len, effects))
        allowed = left if longest <= _PARTS else min(left, max(left // 2, _PARTS))
        asked = []
        for phrase in sorted(effects, key=lambda phrase: (-abs(effects[phrase]), phrase.start)):
            parts = _divide(phrase, _PARTS)
            if len(parts) > 1 and len(asked) + len(parts) <= allowed:
                del effects[phrase]
                asked += parts
    phrases = sorted(effects, key=lambda phrase: phrase.start)
    return phrases, np.array([effects[phrase] for phrase in phrases])


def _leave_out_of_rest(
    probe: Probe, phrases: list[range], effects: npt.NDArray[np.float64], asked: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """What some phrases add to the text without the phrases that count most and make up a fifth of it."""
    order = np.argsort(-effects, kind="stable")
    words_before = np.cumsum([0, *(len(phrases[i]) for i in order)])[:-1]
    gone = np.zeros(len(phrases), dtype=np.bool_)
    gone[order] = words_before < _TOP * len(probe)
    removed = frozenset(word for phrase, is_gone in zip(phrases, gone, strict=True) if is_gone for word in phrase)
    answers = probe.log_odds([removed, *(removed.symmetric_difference(phrases[i]) for i in asked)])
    found: npt.NDArray[np.float64] = np.where(gone[asked], answers[1:] - answers[0], answers[0] - answers[1:])
    return found


def _divide(phrase: range, n_parts: int) -> list[range]:
    """A phrase in so many parts of nearly equal length, or in words where it has fewer."""
    n_parts = min(n_parts, len(phrase))
    bounds = [phrase.start + i * len(phrase) // n_parts for i in range(n_parts + 1)]
    return [range(start, end) for start, end in pairwise(bounds)]
