import json
import math

import numpy as np
import pytest

from afina.errors import DataError, ModelError
from afina.evaluation import paired_difference, score
from afina.labels import LabelSet

NAMES = LabelSet.from_values


def one_hot(predicted, n_labels, confidence=0.9):
    probabilities = np.full((len(predicted), n_labels), (1 - confidence) / (n_labels - 1))
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities


def labels_of(n):
    return LabelSet(tuple(f"label {i}" for i in range(n)))


def test_a_tie_goes_to_the_first_label():
    metrics = score(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]]), NAMES(["negative", "positive"]), samples=100)
    assert metrics.confusion == ((1, 0), (1, 0))
    assert metrics.ece == 0


def test_log_loss_is_the_mean_surprise_at_the_right_label():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), size=50)
    label_ids = rng.integers(0, 3, size=50)
    expected = -sum(math.log(probabilities[i, label]) for i, label in enumerate(label_ids)) / 50
    assert score(label_ids, probabilities, labels_of(3), samples=100).log_loss == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_certain_and_wrong_answer_has_a_finite_loss(dtype):
    probabilities = np.array([[1, 0], [0, 1]], dtype=dtype)
    metrics = score(np.array([1, 1]), probabilities, NAMES(["negative", "positive"]), samples=100)
    assert 1 < metrics.log_loss < 100


def test_probabilities_of_a_float32_model_are_scored_without_a_warning():
    logits = np.random.default_rng(0).normal(size=(200, 7)).astype(np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.isfinite(score(np.zeros(200, dtype=np.int64), probabilities, labels_of(7), samples=100).log_loss)


def test_no_texts_are_an_error():
    with pytest.raises(DataError, match="no texts"):
        score(np.zeros(0, dtype=np.int64), np.zeros((0, 2)), labels_of(2))


def test_other_probabilities_than_texts_and_labels_are_an_error():
    with pytest.raises(DataError, match=r"shape \(2, 3\) for 2 texts and 2 labels"):
        score(np.array([0, 1]), np.full((2, 3), 1 / 3), labels_of(2))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_probabilities_that_are_no_numbers_are_an_error(value):
    with pytest.raises(ModelError, match="no numbers") as error:
        score(np.array([0, 1]), np.array([[0.5, 0.5], [value, 0.5]]), labels_of(2))
    assert "learning rate" in error.value.hint


def test_the_json_form_has_the_documented_keys_and_says_what_is_averaged():
    two = score(np.array([0, 1, 1]), one_hot([0, 1, 0], 2), NAMES(["negative", "positive"]), samples=100)
    document = json.loads(json.dumps(two.as_dict()))
    assert list(document) == [
        "n", "labels", "accuracy", "f1", "precision", "recall", "matthews", "log_loss", "ece", "confusion", "average",
    ]  # fmt: skip
    assert document["confusion"] == [[1, 0], [1, 1]]
    assert list(document["f1"]) == ["value", "low", "high"]
    assert document["average"] == "positive class: positive"
    assert score(np.array([0, 1, 2]), one_hot([0, 1, 0], 3), labels_of(3), samples=100).average == "macro"


def test_equal_seeds_give_equal_intervals():
    label_ids, probabilities = np.array([0, 1] * 20), one_hot([0, 1, 1, 1] * 10, 2)
    first, again, other = (score(label_ids, probabilities, labels_of(2), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.accuracy.value == other.accuracy.value


def test_paired_difference_is_the_difference_of_accuracies():
    rng = np.random.default_rng(0)
    label_ids, first, second = (rng.integers(0, 2, size=100) for _ in range(3))
    interval = paired_difference(label_ids, first, second.tolist())
    assert interval.value == pytest.approx((first == label_ids).mean() - (second == label_ids).mean())
    assert interval.low < interval.value < interval.high


def test_equal_predictions_differ_by_nothing():
    label_ids = np.array([0, 1, 1])
    interval = paired_difference(label_ids, [0, 0, 1], [0, 0, 1])
    assert (interval.value, interval.low, interval.high) == (0, 0, 0)


def test_swapping_the_two_swaps_the_sign():
    rng = np.random.default_rng(0)
    label_ids, first, second = (rng.integers(0, 3, size=200) for _ in range(3))
    one, other = paired_difference(label_ids, first, second), paired_difference(label_ids, second, first)
    assert one.value == -other.value
    assert one.low == pytest.approx(-other.high, abs=0.02)


def test_the_paired_interval_is_narrower_than_the_unpaired_where_errors_are_shared():
    rng = np.random.default_rng(0)
    label_ids = rng.integers(0, 2, size=400)
    first = np.where(rng.random(400) < 0.2, 1 - label_ids, label_ids)
    second = np.where(rng.random(400) < 0.02, 1 - first, first)
    paired = paired_difference(label_ids, first, second)
    accuracy = score(label_ids, one_hot(first, 2), labels_of(2)).accuracy
    assert paired.high - paired.low < (accuracy.high - accuracy.low) / 2


def test_the_paired_interval_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(3)
    label_ids = np.zeros(200, dtype=np.int64)
    covered = 0
    for seed in range(300):
        first, second = (rng.random((2, 200)) > np.array([[0.85], [0.8]])).astype(int)
        interval = paired_difference(label_ids, first, second, samples=400, seed=seed)
        covered += interval.low <= 0.05 <= interval.high
    assert 0.91 <= covered / 300 <= 0.985
