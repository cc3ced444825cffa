"""Blending in the baseline: the arithmetic, and when it is worth it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from afina.evaluation import blend, choose_weight, log_probabilities


def softmax(scores):
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def opinions(seed, n, *, baseline, n_labels=2, sharpness=1.0):
    """True labels and two classifiers that err apart: one knows 2 about them and the other `baseline`."""
    rng = np.random.default_rng(seed)
    label_ids = rng.integers(0, n_labels, n)
    truth = np.eye(n_labels)[label_ids]
    model = softmax(2 * sharpness * (2 * truth + rng.normal(size=truth.shape)))
    return label_ids, model, softmax(baseline * truth + rng.normal(size=truth.shape))


PROBABILITIES = arrays(np.float64, (4, 3), elements=st.sampled_from([0.0, 1e-300, 1e-9, 0.1, 0.5, 1.0])).map(
    lambda values: (values + np.array([0, 0, 1e-3])) / (values + np.array([0, 0, 1e-3])).sum(axis=1, keepdims=True)
)


@settings(deadline=None)
@given(model=PROBABILITIES, baseline=PROBABILITIES, weight=st.floats(0, 1))
def test_a_blend_is_a_distribution_even_where_probabilities_are_zero(model, baseline, weight):
    blended = blend(model, baseline, weight)
    assert blended.shape == (4, 3)
    assert (blended >= 0).all()
    np.testing.assert_allclose(blended.sum(axis=1), 1)


def test_a_blend_is_the_weighted_geometric_mean():
    model, baseline = np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([[0.3, 0.7], [0.9, 0.1]])
    product = model**0.75 * baseline**0.25
    np.testing.assert_allclose(blend(model, baseline, 0.25), product / product.sum(axis=1, keepdims=True))


def test_weights_of_zero_and_one_give_back_the_one_and_the_other():
    _, model, baseline = opinions(0, 20, baseline=1, n_labels=3)
    np.testing.assert_array_equal(blend(model, baseline, 0), model)
    np.testing.assert_allclose(blend(model, baseline, 1), baseline)


def test_a_label_that_the_baseline_never_saw_can_still_win():
    model, baseline = np.array([[0.01, 0.01, 0.98]]), np.array([[0.5, 0.5, 0.0]])
    assert blend(model, baseline, 0.1).argmax() == 2
    assert np.isfinite(log_probabilities(baseline)).all()


def test_no_texts_are_blended_to_none():
    assert blend(np.zeros((0, 2)), np.zeros((0, 2)), 0.5).shape == (0, 2)


@pytest.mark.parametrize("n_labels", [2, 4])
@pytest.mark.parametrize("sharpness", [1, 5])
def test_a_baseline_that_errs_elsewhere_is_blended_in_and_helps_on_other_texts(n_labels, sharpness):
    options = {"baseline": 1, "n_labels": n_labels, "sharpness": sharpness}
    label_ids, model, baseline = opinions(1, 500, **options)
    weight = choose_weight(label_ids, np.log(model), np.log(baseline))
    assert 0 < weight < 1
    label_ids, model, baseline = opinions(2, 5_000, **options)
    gain = (blend(model, baseline, weight).argmax(axis=1) == label_ids).mean() - (
        model.argmax(axis=1) == label_ids
    ).mean()
    assert gain > 0.01


@pytest.mark.parametrize("sharpness", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_a_baseline_that_knows_nothing_is_kept_once_in_forty_times(sharpness):
    """Also where the model is so overconfident that any mixture would lower its log loss."""
    weights = []
    for seed in range(100):
        label_ids, model, baseline = opinions(seed, 200, baseline=0, sharpness=sharpness)
        weights.append(choose_weight(label_ids, np.log(model), np.log(baseline)))
    assert np.mean(np.array(weights) > 0) < 0.06


def test_a_baseline_that_says_what_the_model_says_is_not_kept():
    label_ids, model, _ = opinions(0, 400, baseline=1, sharpness=4)
    assert choose_weight(label_ids, np.log(model), np.log(softmax(np.log(model) / 3))) == 0


def test_a_model_that_knows_nothing_gives_way():
    label_ids, model, _ = opinions(0, 400, baseline=1)
    uniform = np.full_like(model, 1 / 2)
    weight = choose_weight(label_ids, np.log(uniform), np.log(model))
    assert weight > 0
    assert (blend(uniform, model, weight).argmax(axis=1) == model.argmax(axis=1)).all()


def test_perfect_models_and_labels_never_seen_need_no_blend():
    label_ids = np.array([0, 1] * 20)
    certain = np.eye(3)[label_ids]
    with np.errstate(divide="ignore"):
        logs = np.log(certain)
    assert choose_weight(label_ids, logs, logs) == 0
    assert choose_weight(label_ids, logs, np.log(np.full((40, 3), 1 / 3))) == 0


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_texts_to_tell_leave_the_model_alone(n):
    logs = np.log(np.full((n, 2), 0.5))
    assert choose_weight(np.zeros(n, dtype=np.int64), logs, logs) == 0
