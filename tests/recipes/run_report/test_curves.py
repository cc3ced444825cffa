from __future__ import annotations

import numpy as np
import pytest

from afina.recipes.run_report.curves import coverage_curve, dev_scores, training_curve


def test_a_long_history_is_thinned_and_keeps_its_ends_and_its_peak():
    history = [{"step": i, "loss": 1 / i, "learning_rate": min(i / 7, (1001 - i) / 994)} for i in range(1, 1001)]
    curve = training_curve(history)
    assert len(curve) == 90
    assert curve[-1]["step"] == 1000
    assert max(row["learning_rate"] for row in curve) == pytest.approx(1.0)
    assert curve[-1]["learning_rate"] == pytest.approx(1 / 994)
    assert all(row["loss_low"] <= row["loss"] <= row["loss_high"] for row in curve[5:])
    assert sum(row["loss"] for row in curve) / 90 == pytest.approx(np.mean([row["loss"] for row in history]), rel=0.1)


def test_a_short_history_is_kept_and_steps_without_a_loss_are_passed_over():
    history = [{"step": 1, "loss": 0.5, "learning_rate": 1.0}, {"step": 2, "loss": None}, {"step": 3}, {}]
    assert training_curve(history) == [
        {"step": 1, "loss": 0.5, "loss_low": 0.5, "loss_high": 0.5, "learning_rate": 1.0}
    ]
    assert training_curve([]) == []


def test_the_weights_that_were_kept_are_those_with_their_scores_and_the_first_of_equals():
    history = [
        {"step": i, "dev_accuracy": accuracy, "dev_log_loss": 0.3} for i, accuracy in ((1, 0.8), (2, 0.9), (3, 0.9))
    ]
    scores = dev_scores([*history, {"step": 4, "loss": 1.0}], {"accuracy": 0.9, "log_loss": 0.3})
    assert [(score["step"], score["is_best"]) for score in scores] == [(1, False), (2, True), (3, False)]
    assert not any(score["is_best"] for score in dev_scores(history, None))


def test_coverage_counts_errors_of_the_surest_answers():
    confidence = np.linspace(1, 0.5, 100)
    is_right = np.arange(100) < 80
    curve = coverage_curve(is_right, confidence)
    assert curve[0] == {"coverage": 0.2, "error_rate": 0.0}
    assert curve[-1] == {"coverage": 1.0, "error_rate": 0.2}
    assert all(row["error_rate"] == pytest.approx(max(0, (row["coverage"] - 0.8) / row["coverage"])) for row in curve)


def test_answers_of_equal_confidence_are_given_together():
    assert coverage_curve(np.array([True, False] * 30), np.full(60, 0.7)) == [{"coverage": 1.0, "error_rate": 0.5}]
