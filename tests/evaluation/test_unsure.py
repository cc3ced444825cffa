"""The threshold below which an answer is not sure: what it promises, and whether the promise is kept."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, binom

from afina.evaluation import choose_threshold, measure_threshold
from afina.evaluation.unsure import _upper_bounds


def texts(seed, n, *, accuracy=0.9):
    """Labels and probabilities of a calibrated model of about this accuracy."""
    rng = np.random.default_rng(seed)
    confidence = 0.5 + 0.5 * beta(3, 3 / (2 * accuracy - 1) - 3).rvs(n, random_state=rng)
    right = rng.random(n) < confidence
    predicted = rng.integers(0, 2, n)
    probabilities = np.where(np.eye(2)[predicted] == 1, confidence[:, None], 1 - confidence[:, None])
    return np.where(right, predicted, 1 - predicted), probabilities


@pytest.mark.parametrize(("errors", "n"), [(0, 1), (0, 60), (3, 100), (99, 100)])
def test_the_bound_is_that_of_the_binomial_tail(errors, n):
    assert binom.cdf(errors, n, _upper_bounds(errors, n, 0.02)) == pytest.approx(0.02)
    assert _upper_bounds(n, n, 0.02) == 1


@pytest.mark.parametrize("error_rate", [pytest.param(0.02, marks=pytest.mark.slow), 0.05])
def test_the_promise_is_kept_as_often_as_it_says(error_rate):
    truth = texts(10_000, 200_000, accuracy=0.9 if error_rate == 0.05 else 0.95)
    broken, given = 0, 0
    for seed in range(150):
        found = choose_threshold(
            *texts(seed, 400, accuracy=0.9 if error_rate == 0.05 else 0.95), error_rate=error_rate, confidence=0.9
        )
        if found is not None:
            given += 1
            broken += measure_threshold(*truth, found.value).error_rate.value > error_rate
    assert given > (120 if error_rate == 0.05 else 40)
    assert broken <= 0.1 * 150


def test_a_wish_that_is_easier_to_keep_answers_more_texts():
    label_ids, probabilities = texts(1, 1_000)
    found = [choose_threshold(label_ids, probabilities, error_rate=rate) for rate in (0.05, 0.1, 0.2)]
    coverages = [threshold.coverage for threshold in found]
    assert 0.3 < coverages[0] < coverages[1] < coverages[2] == 1
    assert found[2].value == 0
    for threshold in found:
        measured = measure_threshold(label_ids, probabilities, threshold.value)
        assert measured.coverage.value == threshold.coverage
    # More confidence in the same promise costs answers.
    surer = choose_threshold(label_ids, probabilities, error_rate=0.05, confidence=0.99)
    assert surer.coverage < coverages[0]


def test_all_texts_are_answered_where_few_are_wrong():
    label_ids = np.zeros(200, dtype=np.int64)
    probabilities = np.tile([0.7, 0.3], (200, 1))
    assert choose_threshold(label_ids, probabilities, error_rate=0.05).value == 0


def test_no_threshold_is_given_where_none_can_promise():
    label_ids = np.zeros(200, dtype=np.int64)
    wrong = np.tile([0.3, 0.7], (200, 1))
    assert choose_threshold(label_ids, wrong, error_rate=0.05) is None
    # Twenty texts say nothing about one error in twenty, even if all are right.
    assert choose_threshold(label_ids[:20], wrong[:20, ::-1], error_rate=0.05) is None
    assert choose_threshold(label_ids[:0], wrong[:0], error_rate=0.05) is None


def test_texts_of_equal_confidence_are_answered_together():
    label_ids = np.zeros(300, dtype=np.int64)
    probabilities = np.tile([0.9, 0.1], (300, 1))
    probabilities[:100] = [0.4, 0.6]  # All wrong, and less sure.
    found = choose_threshold(label_ids, probabilities, error_rate=0.05)
    assert found.value == pytest.approx(0.9)
    assert found.coverage == pytest.approx(2 / 3)


def test_coverage_and_error_rate_have_exact_intervals():
    label_ids = np.array([0] * 8 + [1] * 2)
    probabilities = np.array([[0.9, 0.1]] * 5 + [[0.6, 0.4]] * 3 + [[0.9, 0.1], [0.4, 0.6]])
    measured = measure_threshold(label_ids, probabilities, 0.9).as_dict()
    assert measured["coverage"]["value"] == pytest.approx(0.6)
    assert measured["error_rate"]["value"] == pytest.approx(1 / 6)
    assert measured["error_rate"]["low"] == pytest.approx(beta.ppf(0.025, 1, 6))
    assert measured["error_rate"]["high"] == pytest.approx(beta.ppf(0.975, 2, 5))
    assert measure_threshold(label_ids, probabilities, 0.95).as_dict()["error_rate"] is None
