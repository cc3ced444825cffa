"""How far apart two sets of texts lie, measured on their embeddings and without any labels.

Both measures ask what training on the one set is worth on the other: the proxy A-distance by whether a linear
classifier can tell from which of the two a text comes, the maximum mean discrepancy by how alike texts of the same set
are to one another and to those of the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from afina.errors import DataError

_FOLDS = 5
# Weak regularisation: embeddings have length 1, so that their single values are small.
_INVERSE_REGULARISATION = 10.0

Embeddings = npt.NDArray[np.float32]


def proxy_a_distance(first: Embeddings, second: Embeddings, *, seed: int = 0) -> float:
    """Proxy A-distance: 0 where the sets cannot be told apart, 2 where they always can.

    It is `2 (1 - 2 e)` with e the balanced error of a linear classifier of domains on texts that it was not fitted on,
    here by five-fold cross-validation (Ben-David et al., "Analysis of Representations for Domain Adaptation", NIPS
    2006; Blitzer, Dredze and Pereira, "Biographies, Bollywood, Boom-boxes and Blenders", ACL 2007). A classifier worse
    than chance counts as chance.

    Args:
        first: Embeddings of the one set, (n_first, width).
        second: Those of the other, (n_second, width).
        seed: Seed of the folds.

    Raises:
        DataError: A set has fewer than five texts.
    """
    _check(first, second)
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    embeddings = np.concatenate([first, second])
    domains = np.repeat([0, 1], [len(first), len(second)])
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    classifier = LogisticRegression(C=_INVERSE_REGULARISATION, class_weight="balanced", max_iter=1000)
    predicted = cross_val_predict(classifier, embeddings, domains, cv=folds)
    error = 1 - float(balanced_accuracy_score(domains, predicted))
    return max(0.0, 2 * (1 - 2 * error))


def maximum_mean_discrepancy(first: Embeddings, second: Embeddings) -> float:
    """Squared maximum mean discrepancy under a Gaussian kernel, estimated without bias: about 0 for equal sets.

    The kernel is as wide as the median distance between two texts of both sets together (Gretton et al., "A Kernel
    Two-Sample Test", JMLR 13, 2012). It goes on growing where the proxy A-distance has reached its 2.

    Args:
        first: Embeddings of the one set, (n_first, width).
        second: Those of the other, (n_second, width).

    Returns:
        The estimate, which can lie a little below 0.

    Raises:
        DataError: A set has fewer than five texts.
    """
    _check(first, second)
    from sklearn.metrics.pairwise import euclidean_distances

    n = len(first)
    # Differences of nearly equal numbers: float32 would leave few digits.
    squared = euclidean_distances(np.concatenate([first, second]).astype(np.float64), squared=True)
    median = float(np.median(squared[np.triu_indices_from(squared, k=1)]))
    kernel = np.exp(-squared / (2 * median)) if median > 0 else np.ones_like(squared)
    within = _mean_off_diagonal(kernel[:n, :n]) + _mean_off_diagonal(kernel[n:, n:])
    return float(within - 2 * kernel[:n, n:].mean())


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation, -1 to 1; None of fewer than three pairs, or where one side never varies."""
    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    from scipy.stats import spearmanr

    found = float(spearmanr(first, second).statistic)
    return found if math.isfinite(found) else None


def _mean_off_diagonal(kernel: npt.NDArray[np.float64]) -> float:
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))


def _check(*sets: Embeddings) -> None:
    fewest = min(map(len, sets))
    if fewest < _FOLDS:
        raise DataError(f"A distance between sets needs {_FOLDS} texts of each, one has {fewest}")
