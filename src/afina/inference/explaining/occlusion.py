"""Weights of words by leaving them out, coarse to fine (Zeiler and Fergus 2014, for texts Li et al. 2016)."""

from __future__ import annotations

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
    """Weigh each word by what the answer loses without it, twice.

    Once it is left out of the whole text; once out of what remains without the fifth of the words that count most, or
    put back into it if it is one of those. Of two words that say the same, as `great` and `wonderful`, neither is
    missed in the whole text while the other stands; the mean of both effects counts them. Where words simply add up,
    both effects are the same.

    Where there are more words than questions allowed, half of a round's questions go to phrases of equal length; the
    phrases with the largest effect are then cut finer, down to single words, while questions are left. The words of a
    phrase share its effect evenly.

    Args:
        probe: Asks about the text.
        whole: Log-odds of the target for the whole text.
        max_evals: Most questions, `FEWEST_EVALS` at least.
    """
    allowed = max(FEWEST_EVALS, min(max_evals, _MOST_CHARACTERS // max(1, probe.n_characters)))
    phrases, in_whole = _leave_out(probe, whole, max_evals=(allowed - 1) // 2)
    in_rest = _leave_out_of_rest(probe, phrases, in_whole)
    lengths = np.array([len(phrase) for phrase in phrases])
    weights = np.repeat((in_whole + in_rest) / 2 / lengths, lengths)
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


def _leave_out_of_rest(probe: Probe, phrases: list[range], effects: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What each phrase adds to the text without the phrases that count most and make up a fifth of it."""
    order = np.argsort(-effects, kind="stable")
    words_before = np.cumsum([0, *(len(phrases[i]) for i in order)])[:-1]
    gone = np.zeros(len(phrases), dtype=np.bool_)
    gone[order] = words_before < _TOP * len(probe)
    removed = frozenset(word for phrase, is_gone in zip(phrases, gone, strict=True) if is_gone for word in phrase)
    answers = probe.log_odds([removed, *(removed.symmetric_difference(phrase) for phrase in phrases)])
    found: npt.NDArray[np.float64] = np.where(gone, answers[1:] - answers[0], answers[0] - answers[1:])
    return found


def _divide(phrase: range, n_parts: int) -> list[range]:
    """A phrase in so many parts of nearly equal length, or in words where it has fewer."""
    n_parts = min(n_parts, len(phrase))
    bounds = [phrase.start + i * len(phrase) // n_parts for i in range(n_parts + 1)]
    return [range(start, end) for start, end in pairwise(bounds)]
