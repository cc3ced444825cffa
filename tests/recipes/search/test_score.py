from __future__ import annotations

import numpy as np
import pytest

from afina.recipes.search.score import gain_over, score_trial


def made_up(n, *, scale, noise, seed=0):
    """Probabilities of two labels, and the labels; noise decides how often they are wrong, scale how sure they are."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, size=n)
    logits = scale * (2 * labels - 1 + noise * random.normal(size=n))
    positive = 1 / (1 + np.exp(-logits))
    return np.stack([1 - positive, positive], axis=1), labels


def test_overconfidence_costs_nothing_and_mistakes_do():
    calm, labels = made_up(400, scale=1.0, noise=1.0)
    sure, _ = made_up(400, scale=3.0, noise=1.0)
    worse, _ = made_up(400, scale=1.0, noise=2.0)
    scores = [score_trial(probabilities, labels) for probabilities in (calm, sure, worse)]
    assert scores[0].value == pytest.approx(scores[1].value, abs=1e-3)
    assert scores[2].value > scores[0].value + 0.1
    assert scores[0].accuracy == scores[1].accuracy > scores[2].accuracy
    plain = -np.log(calm[np.arange(400), labels]).mean()
    assert scores[0].value <= plain


def test_certain_and_useless_answers_have_finite_scores():
    labels = np.array([0, 1, 1, 0])
    certain = np.eye(2)[labels]
    assert score_trial(certain, labels).value == pytest.approx(0, abs=1e-6)
    assert np.isfinite(score_trial(np.eye(2)[1 - labels], labels).value)
    assert score_trial(np.full((4, 2), 0.5), labels).value == pytest.approx(np.log(2))


def test_a_gain_is_judged_by_its_standard_error():
    random = np.random.default_rng(0)
    defaults = random.uniform(0.1, 1.0, size=200)
    same = gain_over(defaults, defaults + random.normal(0, 0.3, size=200) * np.tile([1, -1], 100))
    better = gain_over(defaults, defaults - 0.1 + random.normal(0, 0.1, size=200))
    assert not gain_over(defaults, defaults).is_more_than_chance
    assert same.interval.low < 0 < same.interval.high
    assert better.is_more_than_chance
    assert better.interval.low > 0
    assert better.interval.value == pytest.approx(0.1, abs=0.03)
    assert not gain_over([0.5], [0.1]).is_more_than_chance
