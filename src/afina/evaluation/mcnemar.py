"""McNemar's test of two classifiers on the same texts, and how many texts it takes to see a difference.

Both rest on the texts that only one of the two labels rightly; those that both label alike tell nothing.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from afina.evaluation.intervals import CONFIDENCE

# Chance of seeing a difference that there is, by which numbers of texts are reckoned.
_POWER = 0.8


def mcnemar_mid_p(first_only: int, second_only: int) -> float:
    """The p-value of McNemar's test, two-sided, in its mid-p version.

    The exact test, whose p-value is binomial, is too cautious, the more so with few texts, and the asymptotic one now
    and then too bold; mid-p counts half of the outcome that was seen (Fagerland, Lydersen and Laake, "The McNemar test
    for binary matched-pairs data: mid-p and asymptotic are better than exact conditional", BMC Medical Research
    Methodology 2013).

    Args:
        first_only: Texts that only the first labels rightly.
        second_only: Texts that only the second does.

    Returns:
        The p-value; 1 where both are right on the same texts.
    """
    from scipy.stats import binom

    apart, fewer = first_only + second_only, min(first_only, second_only)
    if not apart:
        return 1.0
    seen = float(binom.pmf(fewer, apart, 0.5))
    if first_only == second_only:
        return 1 - seen / 2
    return 2 * float(binom.cdf(fewer, apart, 0.5)) - seen


def texts_needed(first_only: int, second_only: int, n: int) -> int | None:
    """Roughly how many texts it takes to see a difference in four of five tries, if it is as large as it seems.

    From Connett, Smith and McHugh, "Sample size and power for pair-matched case-control studies", Statistics in
    Medicine 1987. The difference that goes in is itself uncertain, so that this tells thousands from hundreds and no
    more; it is rounded up to two digits.

    Args:
        first_only: Texts that only the first labels rightly.
        second_only: Texts that only the second does.
        n: All texts.

    Returns:
        The number of texts; None where both are right equally often.
    """
    apart, difference = (first_only + second_only) / n, abs(second_only - first_only) / n
    if not difference:
        return None
    z_level, z_power = _normal_quantiles()
    root = z_level * math.sqrt(apart) + z_power * math.sqrt(max(apart - difference**2, 0.0))
    needed = (root / difference) ** 2
    unit = int(10 ** max(0, math.floor(math.log10(needed)) - 1))
    return math.ceil(needed / unit) * unit


def detectable_difference(first_only: int, second_only: int, n: int) -> float | None:
    """The difference in accuracy that `n` texts show in four of five tries, where so many of them tell the two apart.

    Args:
        first_only: Texts that only the first labels rightly.
        second_only: Texts that only the second does.
        n: All texts.

    Returns:
        A share, 0 to 1; None where no text tells them apart.
    """
    apart = (first_only + second_only) / n
    return min(1.0, sum(_normal_quantiles()) * math.sqrt(apart / n)) if apart else None


def _normal_quantiles() -> tuple[float, float]:
    """Of the level of the test, two-sided, and of its power."""
    return NormalDist().inv_cdf((1 + CONFIDENCE) / 2), NormalDist().inv_cdf(_POWER)
