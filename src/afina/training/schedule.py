"""The learning rate as a pure function of progress."""

from __future__ import annotations


def linear_multiplier(progress: float, *, warmup_share: float) -> float:
    """Factor on the peak learning rate: up in a line during warmup, then down in a line to 0 at the end.

    Args:
        progress: Share of training done, 0 to 1.
        warmup_share: Share of training during which the rate rises.
    """
    if progress < warmup_share:
        return progress / warmup_share
    return (1 - progress) / (1 - warmup_share)
