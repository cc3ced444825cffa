import json
import time

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from afina.evaluation.curves import curves_document, rank

NAMES = ("negative", "positive")


def make_answers(n, n_labels=2, seed=0, shift=1.0):
    rng = np.random.default_rng(seed)
    label_ids = rng.integers(0, n_labels, size=n)
    logits = rng.normal(size=(n, n_labels))
    logits[np.arange(n), label_ids] += shift
    exponentials = np.exp(logits)
    return label_ids, exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("digits", [15, 1], ids=["all different", "many ties"])
def test_the_intervals_equal_those_of_scikit_learn_on_resampled_texts(digits):
    label_ids, probabilities = make_answers(150)
    probabilities = probabilities.round(digits)
    positive = rank(label_ids, probabilities, NAMES, samples=3000)[1]
    rng = np.random.default_rng(1)
    aucs, averages = [], []
    for _ in range(600):
        rows = rng.integers(0, 150, size=150)
        aucs.append(roc_auc_score(label_ids[rows], probabilities[rows, 1]))
        averages.append(average_precision_score(label_ids[rows], probabilities[rows, 1]))
    for interval, resampled in ((positive.roc_auc, aucs), (positive.average_precision, averages)):
        assert (interval.low, interval.high) == pytest.approx(np.quantile(resampled, (0.025, 0.975)), abs=0.015)
        assert interval.low < interval.value < interval.high


def test_the_interval_of_the_area_covers_the_truth_about_95_times_in_100():
    # Normal scores of unit variance whose means differ by 1: the area is Phi(1 / sqrt 2).
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(200):
        label_ids = rng.integers(0, 2, size=120)
        positive = 1 / (1 + np.exp(-(rng.normal(size=120) + label_ids)))
        auc = rank(label_ids, np.column_stack([1 - positive, positive]), NAMES, samples=300, seed=seed)[1].roc_auc
        covered += auc.low <= 0.76025 <= auc.high
    assert 0.9 <= covered / 200 <= 0.985


def test_one_class_has_no_curve_and_no_area():
    negative, positive = rank(np.array([1, 1]), np.array([[0.3, 0.7], [0.6, 0.4]]), NAMES, samples=20)
    assert negative.roc_auc is negative.average_precision is negative.roc is negative.precision_recall is None
    assert positive.roc_auc is positive.roc is None
    # Whatever is found is right.
    assert (positive.average_precision.value, positive.average_precision.low) == (1, 1)
    document = curves_document((negative, positive))
    assert document["roc"] == []
    assert [curve["label"] for curve in document["precision_recall"]] == ["positive"]


def test_resamples_without_one_of_the_classes_are_left_out():
    label_ids, probabilities = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    auc = rank(label_ids, probabilities, NAMES, samples=100)[1].roc_auc
    assert (auc.value, auc.low, auc.high) == (1, 1, 1)


def test_where_no_resample_has_both_classes_the_area_stands_alone():
    label_ids, probabilities = np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])
    for seed in range(20):
        auc = rank(label_ids, probabilities, NAMES, samples=1, seed=seed)[1].roc_auc
        assert auc.low == auc.value == auc.high == 1


def test_equal_probabilities_rank_nothing():
    positive = rank(np.array([0, 1, 1]), np.full((3, 2), 0.5), NAMES, samples=50)[1]
    assert positive.roc_auc.value == positive.roc_auc.low == positive.roc_auc.high == 0.5
    assert positive.roc.x == positive.roc.y == (0, 1)


def test_curves_are_thinned_and_keep_their_shape():
    label_ids, probabilities = make_answers(5000)
    positive = rank(label_ids, probabilities, NAMES, samples=20)[1]
    for curve in (positive.roc, positive.precision_recall):
        assert 80 <= len(curve.x) <= 100
        assert list(curve.x) == sorted(curve.x)
    assert (positive.roc.x[0], positive.roc.y[0], positive.roc.x[-1], positive.roc.y[-1]) == (0, 0, 1, 1)
    assert (positive.precision_recall.x[0], positive.precision_recall.y[0]) == (0, 1)
    assert positive.precision_recall.x[-1] == 1
    area = np.trapezoid(positive.roc.y, positive.roc.x)
    assert area == pytest.approx(positive.roc_auc.value, abs=0.002)


def test_of_two_labels_the_positive_one_is_drawn_and_of_three_each():
    document = json.loads(json.dumps(curves_document(rank(*make_answers(60), NAMES, samples=20))))
    assert [curve["label"] for curve in document["roc"]] == ["positive"]
    assert list(document["roc"][0]) == ["label", "false_positive_rate", "true_positive_rate", "auc"]
    assert list(document["precision_recall"][0]) == ["label", "recall", "precision", "average_precision"]
    assert list(document["roc"][0]["auc"]) == ["value", "low", "high"]
    three = curves_document(rank(*make_answers(60, 3), ("a", "b", "c"), samples=20))
    assert [curve["label"] for curve in three["roc"]] == ["a", "b", "c"]


def test_equal_seeds_give_equal_intervals():
    answers = make_answers(80)
    first, again, other = (rank(*answers, NAMES, samples=50, seed=seed)[1].roc_auc for seed in (1, 1, 2))
    assert first == again
    assert first.low != other.low


@pytest.mark.slow
def test_the_bootstrap_over_25_000_texts_takes_seconds():
    answers = make_answers(25_000)
    started = time.perf_counter()
    rank(*answers, NAMES)
    assert time.perf_counter() - started < 5
