from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from afina.data import TextDataset
from afina.errors import DataError
from afina.evaluation import compare_predictions, find_disagreements
from afina.labels import LabelSet

TWO, THREE = LabelSet(("negative", "positive")), LabelSet(("negative", "neutral", "positive"))


def shares(answers, n_labels, confidence=0.8):
    """Probabilities whose most probable label is that of each answer."""
    rows = np.full((len(answers), n_labels), (1 - confidence) / (n_labels - 1))
    rows[np.arange(len(answers)), answers] = confidence
    return rows


def log_losses(probabilities, label_ids):
    return -np.log(probabilities[np.arange(len(label_ids)), label_ids])


def answers_right_in(share, label_ids, n_labels, rng):
    wrong = (label_ids + rng.integers(1, n_labels, len(label_ids))) % n_labels
    return np.where(rng.random(len(label_ids)) < share, label_ids, wrong)


@pytest.mark.parametrize("labels", [TWO, THREE])
def test_differences_are_those_of_scikit_learn_and_lie_in_their_intervals(labels):
    rng, k = np.random.default_rng(0), len(labels)
    label_ids = rng.integers(0, k, 500)
    first, second = (shares(answers_right_in(share, label_ids, k, rng), k) for share in (0.7, 0.8))
    found = compare_predictions(label_ids, first, second, labels)
    average = "binary" if k == 2 else "macro"
    scores = [f1_score(label_ids, each.argmax(axis=1), average=average) for each in (first, second)]
    assert found.f1.value == pytest.approx(scores[1] - scores[0])
    assert found.log_loss.value == pytest.approx(log_loss(label_ids, second) - log_loss(label_ids, first))
    assert found.accuracy.value == pytest.approx(
        (second.argmax(axis=1) == label_ids).mean() - (first.argmax(axis=1) == label_ids).mean()
    )
    for difference in (found.accuracy, found.f1, found.log_loss):
        assert difference.low < difference.value < difference.high


def f1(label_ids, predicted):
    """As `f1_score` of scikit-learn, which is slow on few texts."""
    return 2 * (label_ids & predicted).sum() / (label_ids.sum() + predicted.sum())


def test_the_interval_of_f1_is_that_of_resampled_texts():
    rng = np.random.default_rng(1)
    label_ids = rng.integers(0, 2, 300)
    first, second = (answers_right_in(share, label_ids, 2, rng) for share in (0.75, 0.8))
    found = compare_predictions(label_ids, shares(first, 2), shares(second, 2), TWO).f1
    resampled = []
    for _ in range(600):
        rows = rng.integers(0, 300, 300)
        resampled.append(f1(label_ids[rows], second[rows]) - f1(label_ids[rows], first[rows]))
    low, high = np.quantile(resampled, (0.025, 0.975))
    assert found.low == pytest.approx(low, abs=0.015)
    assert found.high == pytest.approx(high, abs=0.015)


def test_pairing_sees_what_two_intervals_apart_would_not():
    label_ids = np.zeros(400, dtype=np.int64)
    first, second = label_ids.copy(), label_ids.copy()
    first[:120], second[:100] = 1, 1  # both err on the same hundred texts, and the first on twenty more
    found = compare_predictions(label_ids, shares(first, 2), shares(second, 2), TWO)
    assert (found.first_only, found.second_only) == (0, 20)
    assert found.better == "second"
    assert found.sentence("a", "b").startswith("b is better than a by 5.0 points of accuracy (95 % interval 2.8 to 7.2")
    reverse = compare_predictions(label_ids, shares(second, 2), shares(first, 2), TWO)
    assert reverse.better == "first"
    assert reverse.sentence("b", "a").startswith("b is better than a by 5.0 points of accuracy (95 % interval ")


def test_a_handful_of_texts_decides_nothing():
    label_ids = np.zeros(200, dtype=np.int64)
    first = label_ids.copy()
    first[:4] = 1
    found = compare_predictions(label_ids, shares(first, 2), shares(label_ids, 2), TWO)
    assert found.accuracy.low > 0  # the bootstrap alone would be sure
    assert found.better is None
    assert "cannot tell a and b apart" in found.sentence("a", "b")
    assert f"about {found.texts_needed:,} texts" in found.sentence("a", "b")


def test_equal_answers_are_told():
    label_ids = np.array([0, 1, 1])
    found = compare_predictions(label_ids, shares(label_ids, 2), shares(label_ids, 2, 0.9), TWO)
    assert found.sentence("a", "b") == "a and b give the same label to each of these 3 texts"
    assert found.log_loss.value < 0
    assert found.as_dict()["texts_needed"] is None


def test_one_text_and_a_missing_class_are_compared_without_a_warning():
    found = compare_predictions(np.array([1]), shares([0], 2), shares([1], 2), TWO)
    assert found.accuracy.value == 1
    assert found.better is None
    assert json.dumps(found.as_dict(), allow_nan=False)


def test_a_certain_wrong_answer_has_a_finite_loss():
    certain = np.array([[1.0, 0.0], [0.0, 1.0]])
    found = compare_predictions(np.array([1, 1]), certain, shares([1, 1], 2), TWO)
    assert np.isfinite(found.log_loss.value)


def test_of_many_texts_the_interval_of_the_log_loss_is_that_of_the_normal_law():
    rng = np.random.default_rng(0)
    label_ids = rng.integers(0, 2, 30_000)
    first, second = (shares(answers_right_in(share, label_ids, 2, rng), 2) for share in (0.8, 0.82))
    found = compare_predictions(label_ids, first, second, TWO)
    assert found.better == "second"
    gains = log_losses(second, label_ids) - log_losses(first, label_ids)
    margin = 1.96 * gains.std() / len(gains) ** 0.5
    assert (found.log_loss.low, found.log_loss.high) == pytest.approx(
        (gains.mean() - margin, gains.mean() + margin), rel=1e-3
    )
    assert found.log_loss.high < 0


def test_many_texts_are_compared_in_little_memory():
    label_ids = np.zeros(30_000, dtype=np.int64)
    first, second = (np.random.default_rng(seed).dirichlet([2, 1], len(label_ids)) for seed in (0, 1))
    tracemalloc.start()
    compare_predictions(label_ids, first, second, TWO)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Drawing each text in each of 2,000 resamples would take 480 MB.
    assert peak < 100e6


def test_no_texts_are_refused():
    with pytest.raises(DataError, match="no texts"):
        compare_predictions(np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros((0, 2)), TWO)


def test_disagreements_come_with_both_answers_the_farthest_apart_first():
    texts = ["equal", "little", "much", "both wrong"]
    dataset = TextDataset(texts, np.array([1, 1, 1, 1]), THREE, row_numbers=np.array([2, 3, 5, 8]))
    first = np.array([[0.1, 0.8, 0.1], [0.1, 0.5, 0.4], [0.9, 0.05, 0.05], [0.9, 0.1, 0.0]])
    second = np.array([[0.1, 0.7, 0.2], [0.1, 0.4, 0.5], [0.0, 0.95, 0.05], [0.0, 0.1, 0.9]])
    found = find_disagreements(dataset, first, second)
    assert [row["text"] for row in found] == ["much", "little", "both wrong"]
    assert [row["right"] for row in found] == ["second", "first", "neither"]
    assert found[0] == {
        "row": 5, "text": "much", "label": "neutral", "first": {"predicted": "negative", "confidence": 0.9},
        "second": {"predicted": "neutral", "confidence": 0.95}, "right": "second",
    }  # fmt: skip
