"""How long texts are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_BINS = 30
_QUANTILES = {"min": 0.0, "p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}


def summarise_lengths(lengths: npt.NDArray[np.int64], *, limits: Sequence[int] = ()) -> dict[str, Any]:
    """Quantiles, mean and histogram of lengths.

    Args:
        lengths: Length of each text, (n_texts,), at least one.
        limits: Lengths at which texts would be cut.

    Returns:
        `min p5 p25 median p75 p95 max mean`; `histogram` with `edges` and `counts`, whose last bin holds all that is
        longer than the 99th percentile; `share_truncated` by limit, or None without limits.
    """
    summary: dict[str, Any] = {
        name: float(np.quantile(lengths, share, method="inverted_cdf")) for name, share in _QUANTILES.items()
    }
    summary["mean"] = float(lengths.mean())
    end = max(int(np.quantile(lengths, 0.99)), 1)
    width = max(1, -(-end // _BINS))
    edges = width * np.arange(end // width + 2)
    counts, _ = np.histogram(np.minimum(lengths, end), bins=edges)
    summary["histogram"] = {"edges": edges.tolist(), "counts": counts.tolist()}
    shares = {str(limit): float((lengths > limit).mean()) for limit in limits}
    summary["share_truncated"] = shares or None
    return summary
