"""Every metric equals scikit-learn's on random answers: labels missing, one prediction, ties, 0 and 1, one row."""

import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from afina.evaluation import expected_calibration_error, score
from afina.evaluation.curves import rank
from afina.evaluation.intervals import label_metrics
from afina.evaluation.metrics import count_confusion
from afina.evaluation.per_class import score_labels
from afina.evaluation.reliability import brier_score, reliability_bins
from afina.labels import LabelSet


@st.composite
def answers(draw):
    """Right label ids and probabilities, of which many are equal, 0 or 1."""
    n_labels = draw(st.integers(2, 5))
    n = draw(st.integers(1, 40))
    present = draw(st.lists(st.integers(0, n_labels - 1), min_size=1, max_size=n_labels))
    label_ids = np.array(draw(st.lists(st.sampled_from(present), min_size=n, max_size=n)))
    kind = draw(st.sampled_from(["parts", "certain", "same", "random"]))
    if kind == "certain":
        return label_ids, np.eye(n_labels)[draw(st.lists(st.integers(0, n_labels - 1), min_size=n, max_size=n))]
    if kind == "random":
        seed = draw(st.integers(0, 2**32 - 1))
        return label_ids, np.random.default_rng(seed).dirichlet(np.full(n_labels, 0.5), size=n)
    row = st.lists(st.integers(0, 4), min_size=n_labels, max_size=n_labels).filter(any)
    rows = [draw(row)] * n if kind == "same" else draw(st.lists(row, min_size=n, max_size=n))
    parts = np.array(rows, dtype=np.float64)
    return label_ids, parts / parts.sum(axis=1, keepdims=True)


def labels_of(probabilities):
    return LabelSet(tuple(f"label {i}" for i in range(probabilities.shape[1])))


def quietly(metric, *arguments, **options):
    """scikit-learn's answer without its warnings of what is not defined."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric(*arguments, **options)


ONE_ROW = (np.array([1]), np.array([[0.2, 0.8]]))
A_WRONG_ROW_OF_THREE = (np.array([2]), np.array([[1.0, 0.0, 0.0]]))
ONE_PREDICTION = (np.array([0, 1, 1]), np.array([[0.5, 0.5]] * 3))
A_CLASS_MISSING = (np.array([0, 1, 1, 0]), np.eye(4)[[2, 1, 1, 2]])
compared = settings(deadline=None, max_examples=80)


@compared
@given(answers())
@example(ONE_ROW)
@example(A_WRONG_ROW_OF_THREE)
@example(ONE_PREDICTION)
@example(A_CLASS_MISSING)
def test_headline_figures(answer):
    label_ids, probabilities = answer
    metrics = score(label_ids, probabilities, labels_of(probabilities), samples=20)
    predicted, ids = probabilities.argmax(axis=1), np.arange(probabilities.shape[1])
    averaged = quietly(
        sk.precision_recall_fscore_support,
        label_ids, predicted, average="binary" if len(ids) == 2 else "macro", zero_division=0,
    )  # fmt: skip
    assert (metrics.precision.value, metrics.recall.value, metrics.f1.value) == pytest.approx(averaged[:3])
    assert metrics.accuracy.value == pytest.approx(sk.accuracy_score(label_ids, predicted))
    assert metrics.matthews.value == pytest.approx(quietly(sk.matthews_corrcoef, label_ids, predicted), abs=1e-12)
    assert metrics.log_loss == pytest.approx(quietly(sk.log_loss, label_ids, probabilities, labels=ids))
    assert np.array_equal(metrics.confusion, quietly(sk.confusion_matrix, label_ids, predicted, labels=ids))
    for interval in (metrics.accuracy, metrics.precision, metrics.recall, metrics.f1, metrics.matthews):
        assert -1 <= interval.low <= interval.high <= 1


@compared
@given(answers())
@example(ONE_ROW)
@example(A_WRONG_ROW_OF_THREE)
@example(ONE_PREDICTION)
def test_figures_of_each_label(answer):
    label_ids, probabilities = answer
    labels = labels_of(probabilities)
    confusion = count_confusion(label_ids, probabilities, labels)
    rankings = rank(label_ids, probabilities, labels.names, samples=20)
    precision, recall, f1, support = quietly(
        sk.precision_recall_fscore_support,
        label_ids, probabilities.argmax(axis=1), labels=np.arange(len(labels)), zero_division=0,
    )  # fmt: skip
    for i, scores in enumerate(score_labels(confusion, rankings, samples=20)):
        assert (scores.label, scores.n) == (labels.names[i], support[i])
        assert scores.predicted == (probabilities.argmax(axis=1) == i).sum()
        assert (scores.precision.value, scores.recall.value, scores.f1.value) == pytest.approx(
            (precision[i], recall[i], f1[i])
        )
        for interval in (scores.precision, scores.recall, scores.f1):
            assert 0 <= interval.low <= interval.high <= 1


@compared
@given(answers())
@example(ONE_ROW)
@example(A_WRONG_ROW_OF_THREE)
@example(ONE_PREDICTION)
def test_areas_and_curves(answer):
    label_ids, probabilities = answer
    for i, ranking in enumerate(rank(label_ids, probabilities, labels_of(probabilities).names, samples=20)):
        of_label, scores = label_ids == i, probabilities[:, i]
        if of_label.all() or not of_label.any():
            assert ranking.roc_auc is ranking.roc is None
        else:
            assert ranking.roc_auc.value == pytest.approx(sk.roc_auc_score(of_label, scores))
            false_positive, true_positive, _ = sk.roc_curve(of_label, scores, drop_intermediate=False)
            assert ranking.roc.x == pytest.approx(false_positive)
            assert ranking.roc.y == pytest.approx(true_positive)
        if not of_label.any():
            assert ranking.average_precision is ranking.precision_recall is None
        else:
            assert ranking.average_precision.value == pytest.approx(sk.average_precision_score(of_label, scores))
            precision, recall, _ = sk.precision_recall_curve(of_label, scores)
            assert ranking.precision_recall.x == pytest.approx(recall[::-1])
            assert ranking.precision_recall.y == pytest.approx(precision[::-1])


@compared
@given(answers())
@example(ONE_ROW)
@example(A_WRONG_ROW_OF_THREE)
@example(ONE_PREDICTION)
def test_brier_score(answer):
    label_ids, probabilities = answer
    if probabilities.shape[1] == 2:
        expected = sk.brier_score_loss(label_ids, probabilities[:, 1], pos_label=1)
    else:
        right = np.eye(probabilities.shape[1])[label_ids]
        expected = ((right - probabilities) ** 2).sum(axis=1).mean()
    assert brier_score(label_ids, probabilities) == pytest.approx(expected)


@compared
@given(answers(), st.integers(1, 20))
@example(ONE_ROW, 15)
@example((np.array([0, 1, 1]), np.array([[0.6, 0.4], [0.2, 0.8], [0.8, 0.2]])), 15)
def test_reliability_bins(answer, n_bins):
    label_ids, probabilities = answer
    bins = reliability_bins(label_ids, probabilities, n_bins=n_bins)
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == label_ids
    accuracy, mean_confidence = calibration_curve(correct, confidence, pos_label=True, n_bins=n_bins)
    assert [each.accuracy.value for each in bins] == pytest.approx(accuracy)
    assert [each.confidence for each in bins] == pytest.approx(mean_confidence)
    for each in bins:
        assert each.low - 1e-9 <= each.confidence <= each.high + 1e-9
        assert 0 <= each.accuracy.low <= each.accuracy.value <= each.accuracy.high <= 1
    gaps = [each.n * abs(each.confidence - each.accuracy.value) for each in bins]
    assert expected_calibration_error(label_ids, probabilities, n_bins=n_bins) == pytest.approx(
        sum(gaps) / len(label_ids)
    )


@pytest.mark.parametrize("n_labels", [3, 4])
def test_brier_score_of_many_labels(n_labels):
    rng = np.random.default_rng(n_labels)
    label_ids, probabilities = rng.integers(0, n_labels, 60), rng.dirichlet(np.ones(n_labels), 60)
    try:
        expected = sk.brier_score_loss(label_ids, probabilities, labels=np.arange(n_labels))
    except (TypeError, ValueError):
        pytest.skip("this scikit-learn scores two labels only")
    assert brier_score(label_ids, probabilities) == pytest.approx(expected)


def test_weighted_figures_of_many_rows():
    """Counts beyond what 32 bits hold when multiplied."""
    counts = np.array([[[2_000_000, 500_000], [400_000, 3_000_000]]])
    label_ids, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    expected = sk.precision_recall_fscore_support(label_ids, predicted, sample_weight=counts.ravel())
    found = label_metrics(counts)
    for name, each in zip(("precision", "recall", "f1"), expected[:3], strict=True):
        assert found[name][0] == pytest.approx(each)
