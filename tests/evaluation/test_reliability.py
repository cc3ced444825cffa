import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from afina.evaluation import chance_calibration_error, expected_calibration_error
from afina.evaluation.reliability import brier_score, measure_reliability, reliability_bins


def confident(predicted, confidence):
    probabilities = np.full((len(predicted), 2), 1 - confidence)
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities


def calibrated(seed, n, *, n_labels=2):
    """Labels, and the very probabilities that they were drawn by."""
    rng = np.random.default_rng(seed)
    probabilities = softmax(rng.normal(scale=2, size=(n, n_labels)), axis=1)
    return np.array([rng.choice(n_labels, p=each) for each in probabilities]), probabilities


def plain_ece(label_ids, probabilities, n_bins):
    total = 0.0
    for b in range(n_bins):
        inside = [
            (max(row), int(np.argmax(row)) == label)
            for row, label in zip(probabilities, label_ids, strict=True)
            if b / n_bins < max(row) <= (b + 1) / n_bins
        ]
        if inside:
            confidence = sum(c for c, _ in inside) / len(inside)
            accuracy = sum(hit for _, hit in inside) / len(inside)
            total += len(inside) / len(label_ids) * abs(confidence - accuracy)
    return total


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 80), n_labels=st.integers(2, 5), n_bins=st.integers(1, 20))
def test_calibration_error_equals_a_plain_loop(seed, n, n_labels, n_bins):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(n_labels, 0.5), size=n)
    label_ids = rng.integers(0, n_labels, size=n)
    expected = plain_ece(label_ids, probabilities, n_bins)
    assert expected_calibration_error(label_ids, probabilities, n_bins=n_bins) == pytest.approx(expected)


@pytest.mark.parametrize(("confidence", "hits", "expected"), [(1.0, 10, 0.0), (1.0, 5, 0.5), (0.8, 6, 0.2)])
def test_calibration_error_of_one_confidence_is_its_distance_from_accuracy(confidence, hits, expected):
    label_ids = np.array([1] * hits + [0] * (10 - hits))
    probabilities = confident([1] * 10, confidence)
    assert expected_calibration_error(label_ids, probabilities) == pytest.approx(expected)


def test_only_bins_that_hold_answers_are_told():
    probabilities = np.array([[0.9, 0.1], [0.92, 0.08], [0.45, 0.55], [0.0, 1.0]])
    low, middle, high = reliability_bins(np.array([0, 1, 1, 1]), probabilities, n_bins=10)
    assert (low.low, low.high, low.n, low.confidence, low.accuracy.value) == pytest.approx((0.5, 0.6, 1, 0.55, 1))
    assert (middle.low, middle.high, middle.n) == pytest.approx((0.8, 0.9, 1))
    assert (high.n, high.confidence, high.accuracy.value) == pytest.approx((2, 0.96, 0.5))


def test_the_interval_of_a_bin_is_wide_where_answers_are_few():
    few, many = (reliability_bins(np.ones(n, dtype=np.int64), confident([1] * n, 0.9))[0].accuracy for n in (1, 400))
    # One right answer of one: the exact interval is from 0.025, the tail itself.
    assert (few.value, few.low, few.high) == pytest.approx((1, 0.025, 1))
    assert many.low == pytest.approx(0.025 ** (1 / 400))


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [([[0, 1]], 0), ([[1, 0]], 1), ([[0.5, 0.5]], 0.25), ([[0, 1, 0]], 0), ([[1, 0, 0]], 2), ([[0.5, 0.5, 0]], 0.5)],
)
def test_the_brier_score_runs_to_1_for_two_labels_and_to_2_for_more(probabilities, expected):
    assert brier_score(np.array([1]), np.array(probabilities, dtype=np.float64)) == pytest.approx(expected)


def test_the_json_form_has_the_keys_of_a_reliability_diagram():
    label_ids, probabilities = np.array([0, 1, 1]), confident([0, 1, 0], 0.8)
    document = json.loads(json.dumps(measure_reliability(label_ids, probabilities).as_dict()))
    assert list(document) == ["ece", "brier", "reliability"]
    assert document["ece"] == pytest.approx(expected_calibration_error(label_ids, probabilities))
    (bin_,) = document["reliability"]
    assert list(bin_) == ["low", "high", "n", "confidence", "accuracy", "accuracy_low", "accuracy_high"]
    assert bin_["accuracy_low"] < bin_["accuracy"] < bin_["accuracy_high"]


@pytest.mark.parametrize("n_labels", [2, 4])
def test_chance_is_what_exact_probabilities_show(n_labels):
    found = []
    for seed in range(40):
        label_ids, probabilities = calibrated(seed, 300, n_labels=n_labels)
        found.append(expected_calibration_error(label_ids, probabilities))
    by_chance = chance_calibration_error(probabilities)
    assert by_chance == pytest.approx(np.mean(found), rel=0.15)
    assert chance_calibration_error(calibrated(0, 5_000)[1]) < by_chance / 2
    assert chance_calibration_error(np.eye(2)) == 0
