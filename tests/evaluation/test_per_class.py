import json

import numpy as np
import pytest

from afina.evaluation import score
from afina.evaluation.curves import rank
from afina.evaluation.metrics import count_confusion
from afina.evaluation.per_class import score_labels
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))


def score_each(label_ids, probabilities, labels, **options):
    rankings = rank(label_ids, probabilities, labels.names, **options)
    return score_labels(count_confusion(label_ids, probabilities, labels), rankings, **options)


def test_the_positive_label_has_the_headline_figures_and_their_intervals():
    rng = np.random.default_rng(0)
    label_ids, probabilities = rng.integers(0, 2, size=200), rng.dirichlet((1, 1), size=200)
    metrics = score(label_ids, probabilities, LABELS, samples=500, seed=3)
    positive = score_each(label_ids, probabilities, LABELS, samples=500, seed=3)[1]
    assert (positive.precision, positive.recall, positive.f1) == (metrics.precision, metrics.recall, metrics.f1)


def test_recalls_weighted_by_texts_are_the_accuracy():
    rng = np.random.default_rng(1)
    labels = LabelSet(("a", "b", "c"))
    label_ids, probabilities = rng.integers(0, 3, size=90), rng.dirichlet((1, 1, 1), size=90)
    scores = score_each(label_ids, probabilities, labels, samples=50)
    accuracy = score(label_ids, probabilities, labels, samples=50).accuracy.value
    assert sum(each.recall.value * each.n for each in scores) / 90 == pytest.approx(accuracy)
    assert sum(each.predicted for each in scores) == 90


def test_a_rare_label_has_a_wide_interval():
    label_ids = np.array([0] * 400 + [1] * 12)
    predicted = np.where(np.arange(412) % 4 == 0, 1 - label_ids, label_ids)
    common, rare = score_each(label_ids, np.eye(2)[predicted], LABELS, samples=500)
    assert rare.recall.high - rare.recall.low > 4 * (common.recall.high - common.recall.low)


def test_a_label_that_no_text_has_is_told_with_zeros_and_without_areas():
    scores = score_each(np.array([0]), np.array([[0.9, 0.1]]), LABELS, samples=20)
    document = json.loads(json.dumps([each.as_dict() for each in scores]))
    assert list(document[0]) == [
        "label", "n", "predicted", "precision", "recall", "f1", "roc_auc", "average_precision",
    ]  # fmt: skip
    assert [each["n"] for each in document] == [1, 0]
    assert document[0]["average_precision"]["value"] == 1
    assert document[1]["recall"] == {"value": 0, "low": 0, "high": 0}
    assert document[0]["roc_auc"] is document[1]["roc_auc"] is document[1]["average_precision"] is None
