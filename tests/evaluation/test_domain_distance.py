from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics.pairwise import rbf_kernel

from afina.errors import DataError
from afina.evaluation.domain_distance import maximum_mean_discrepancy, proxy_a_distance, rank_correlation


def cloud(n: int, *, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(n, 8))
    points[:, 0] += shift
    return points.astype(np.float32)


def test_texts_of_one_kind_are_no_distance_apart():
    assert proxy_a_distance(cloud(200), cloud(200, seed=1)) < 0.3
    assert abs(maximum_mean_discrepancy(cloud(200), cloud(200, seed=1))) < 0.01


def test_sets_that_are_always_told_apart_are_two_apart():
    assert proxy_a_distance(cloud(60), cloud(60, shift=30, seed=1)) == 2


def test_both_distances_grow_with_what_lies_between():
    for distance in (proxy_a_distance, maximum_mean_discrepancy):
        near, further, far = (distance(cloud(200), cloud(200, shift=shift, seed=1)) for shift in (0.5, 1.5, 3))
        assert near < further < far


def test_a_larger_set_does_not_make_a_domain_easy_to_guess():
    assert proxy_a_distance(cloud(400), cloud(40, seed=1)) < 0.5


def test_it_is_the_error_on_texts_that_the_classifier_did_not_see():
    # More values than texts: a classifier could learn all of them by heart.
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(30, 200)).astype(np.float32) for _ in range(2))
    assert proxy_a_distance(first, second) < 0.7


def test_the_discrepancy_is_the_unbiased_estimate():
    first, second = cloud(20), cloud(30, shift=1, seed=1)
    both = np.concatenate([first, second]).astype(np.float64)
    squared = [np.sum((a - b) ** 2) for i, a in enumerate(both) for b in both[i + 1 :]]
    kernel = rbf_kernel(both, gamma=1 / (2 * np.median(squared)))
    pairs = [np.mean([kernel[i, j] for i in part for j in part if i != j]) for part in (range(20), range(20, 50))]
    assert maximum_mean_discrepancy(first, second) == pytest.approx(sum(pairs) - 2 * kernel[:20, 20:].mean())


def test_equal_texts_have_no_discrepancy():
    same = np.ones((10, 4), dtype=np.float32)
    assert maximum_mean_discrepancy(same, same) == 0
    assert proxy_a_distance(same, same) == 0


def test_too_few_texts_are_refused():
    for distance in (proxy_a_distance, maximum_mean_discrepancy):
        with pytest.raises(DataError, match="needs 5 texts"):
            distance(cloud(4), cloud(50))


def test_rank_correlation_is_that_of_spearman_and_none_where_there_is_none():
    first, second = [0.3, 1.2, 1.9, 0.7], [0.01, 0.05, 0.2, 0.08]
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert rank_correlation(first[:2], second[:2]) is None
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None
