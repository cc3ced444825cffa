"""How faithful an explanation is to the model: does the answer hang on the words it names?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afina.inference.explaining.probing import Probe

PERCENTS = (1, 5, 10, 20, 50)
"""Percent of the words that are removed or kept, those of the ERASER benchmark; one word at least."""
_DIGITS = 6


@dataclass(frozen=True)
class Faithfulness:
    """Area over the perturbation curve, as ERASER has it (DeYoung et al. 2020, section 4).

    Args:
        comprehensiveness: By how much the label's probability falls when the most important words are removed, mean
            over `PERCENTS`; the higher the better.
        sufficiency: By how much it falls when only they are kept; the lower the better.
    """

    comprehensiveness: float
    sufficiency: float


def rank(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Words from the one that speaks most for the label to the one that speaks most against it, (n_words,).

    Of equal words the earlier comes first; differences that rounding in the model may make are none.
    """
    return np.argsort(-np.round(weights, _DIGITS), kind="stable")


def measure_faithfulness(probe: Probe, weights: npt.NDArray[np.float64], probability: float) -> Faithfulness:
    """Remove the most important words, and all others, and see what becomes of the label.

    Args:
        probe: Asks about the text.
        weights: How much each word speaks for the label, (n_words,).
        probability: Of the label for the whole text.
    """
    order = rank(weights)
    counts = [-(-len(order) * percent // 100) for percent in PERCENTS]
    distinct = sorted(set(counts))
    # Short texts have the same word for several of them.
    answers = probe.probabilities([part for n in distinct for part in (order[:n].tolist(), order[n:].tolist())])
    falls = dict(zip(distinct, (probability - answers).reshape(-1, 2), strict=True))
    comprehensiveness, sufficiency = np.mean([falls[n] for n in counts], axis=0)
    return Faithfulness(float(comprehensiveness), float(sufficiency))
