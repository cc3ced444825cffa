"""One temperature: that it is the right one, what few texts do to it, and that it changes no prediction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from afina.evaluation import (
    at_temperature,
    expected_calibration_error,
    fit_temperature,
    log_probabilities,
)


def overconfident(seed, n, *, temperature, n_labels=2):
    """Labels, and log-probabilities of a model that is calibrated at this temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(n, n_labels))
    label_ids = np.array([rng.choice(n_labels, p=p) for p in softmax(logits, axis=1)])
    return label_ids, log_softmax(temperature * logits, axis=1)


@pytest.mark.parametrize("n_labels", [2, 4])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_a_model_is_found_and_calibrates_other_texts(temperature, n_labels):
    found = fit_temperature(*overconfident(0, 4_000, temperature=temperature, n_labels=n_labels))
    assert found == pytest.approx(temperature, rel=0.08)
    label_ids, logs = overconfident(1, 20_000, temperature=temperature, n_labels=n_labels)
    assert expected_calibration_error(label_ids, at_temperature(logs, found)) < 0.02


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_minimum_of_loss_and_prior(seed):
    label_ids, logs = overconfident(seed, 60, temperature=2, n_labels=3)

    def objective(scale):
        losses = -log_softmax(scale * logs, axis=1)[np.arange(60), label_ids]
        return losses.sum() + (scale - 1) ** 2 / (2 * 0.5**2)

    expected = minimize_scalar(objective, bounds=(0.01, 60), method="bounded", options={"xatol": 1e-9}).x
    assert 1 / fit_temperature(label_ids, logs) == pytest.approx(expected, rel=1e-5)


def certain(n, probability):
    """Texts that are all right with this probability."""
    return np.zeros(n, dtype=np.int64), np.log(np.tile([probability, 1 - probability], (n, 1)))


@pytest.mark.parametrize(("probability", "least"), [(0.6, 0.5), (0.9, 0.6), (0.99, 0.8), (0.9999, 0.95)])
def test_twenty_texts_that_are_all_right_make_no_model_certain(probability, least):
    """Their likelihood alone would sharpen without end; and of all right texts none speaks for softening."""
    assert least < fit_temperature(*certain(20, probability)) <= 1


def test_without_texts_or_with_one_there_is_next_to_nothing_to_learn():
    assert fit_temperature(np.zeros(0, dtype=np.int64), np.zeros((0, 2))) == 1
    assert fit_temperature(*certain(1, 0.9)) == pytest.approx(1, abs=0.06)


def test_a_calibrated_model_is_hardly_changed_by_few_texts():
    found = [fit_temperature(*overconfident(seed, 20, temperature=1)) for seed in range(200)]
    alone = [fit_temperature(*overconfident(seed, 400, temperature=1)) for seed in range(50)]
    assert np.quantile(np.abs(np.log(found)), 0.9) < 0.6
    assert np.quantile(np.abs(np.log(alone)), 0.9) < 0.25


def test_probabilities_of_zero_and_models_that_say_nothing_or_the_opposite_end_in_a_finite_number():
    label_ids = np.array([0, 1] * 30)
    sure = log_probabilities(np.eye(2)[label_ids])
    for logs in (sure, sure[::-1], np.full((60, 2), np.log(0.5))):
        assert 0.02 <= fit_temperature(label_ids, logs) <= 50.01
    assert fit_temperature(label_ids, sure[::-1]) > 10
    assert fit_temperature(label_ids, np.full((60, 2), np.log(0.5))) == pytest.approx(1, rel=1e-6)


LOGITS = arrays(np.float32, (5, 3), elements=st.integers(-400, 400).map(lambda step: np.float32(step / 16)))


@settings(deadline=None)
@given(logits=LOGITS, temperature=st.floats(0.02, 50))
def test_no_temperature_changes_a_prediction_or_breaks_a_tie(logits, temperature):
    plain, scaled = at_temperature(logits.astype(np.float64), 1), at_temperature(logits.astype(np.float64), temperature)
    np.testing.assert_array_equal(scaled.argmax(axis=1), plain.argmax(axis=1))
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    tied = logits[:, 0] == logits[:, 1]
    np.testing.assert_array_equal(scaled[tied, 0], scaled[tied, 1])


@settings(deadline=None)
@given(logits=LOGITS, temperature=st.floats(0.5, 5))
def test_a_temperature_is_undone_by_its_inverse(logits, temperature):
    # Of probabilities below 1e-12 only that is kept.
    logits = logits.astype(np.float64) / 8
    there = at_temperature(logits, temperature)
    back = at_temperature(log_probabilities(there), 1 / temperature)
    np.testing.assert_allclose(back, softmax(logits, axis=1), atol=1e-9)
