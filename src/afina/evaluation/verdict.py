"""Sentences that say what numbers mean."""

from __future__ import annotations

from afina.evaluation.intervals import Interval


def against_baseline(difference: Interval, *, baseline: str) -> tuple[bool, str]:
    """Whether a model beats a baseline, and the sentence that says so.

    Args:
        difference: Accuracy of the model minus that of the baseline on the same texts.
        baseline: The baseline's name.
    """
    points = difference.as_difference()
    if difference.low > 0:
        return True, f"The fine-tuned model beats {baseline} ({points})"
    if difference.high < 0:
        return False, f"The fine-tuned model does NOT beat {baseline}, it is worse ({points})"
    return (
        False,
        f"The fine-tuned model does NOT clearly beat {baseline}: these texts cannot tell them apart ({points})",
    )
