from __future__ import annotations

from dataclasses import replace

import pytest

from afina.errors import MachineLimitError
from afina.recipes.search.plan import TRIAL_EVALUATIONS, Costs, plan_search

COSTS = Costs(load=1.0, train_text=0.02, predict_text=0.005, encode_text=0.0001, baseline=1.0, saving=3.0)


def plan(seconds, costs=COSTS, **more):
    return plan_search(
        seconds, costs, **{"n_train": 6000, "n_dev": 400, "n_test": 800, "epochs": 2.0, "evaluations": 6, **more}
    )


@pytest.mark.parametrize("seconds", [120, 300, 900, 3600])
@pytest.mark.parametrize("n_train", [300, 6000, 200_000])
def test_trials_and_the_end_fit_into_the_time(seconds, n_train):
    found = plan(seconds, n_train=n_train)
    left, trials = seconds, 0
    while found.has_room(left, None):
        left -= found.overhead_seconds + found.trial.seconds
        trials += 1
    assert trials >= 2
    # With trials that take all they may, and a winner that does too, the budget is not exceeded.
    assert left >= found.finish_seconds + found.refit_seconds


@pytest.mark.parametrize("seconds", [300, 900])
def test_a_trial_is_the_final_training_in_small(seconds):
    found = plan(seconds)
    share = found.trial.texts / found.refit_texts
    scoring = TRIAL_EVALUATIONS * found.trial.dev_texts * COSTS.predict_text
    refit = found.refit_seconds - 6 * 400 * COSTS.predict_text
    assert 0.05 < share < 1
    assert found.trial.seconds - scoring == pytest.approx(share * refit, rel=0.05)


def test_small_sets_are_tried_whole():
    found = plan(900, n_train=300)
    assert found.trial.texts == found.refit_texts == 300


def test_a_large_set_is_trained_on_as_far_as_half_of_the_time_allows():
    found = plan(900, n_train=200_000)
    assert found.refit_texts < 200_000
    assert 0.35 * 900 < found.refit_seconds <= 0.5 * 900


def test_a_cheap_winner_leaves_more_time_to_the_search():
    found = plan(900)
    cheap = 0.2 * found.trial.seconds
    assert found.kept_seconds(cheap) < found.kept_seconds(None) == found.kept_seconds(found.trial.seconds)
    left = found.kept_seconds(None) + found.overhead_seconds
    assert not found.has_room(left, None)
    assert found.has_room(left, cheap)


@pytest.mark.parametrize("seconds", [-3, 5, 12])
def test_too_short_a_budget_is_told_with_one_that_would_do(seconds):
    with pytest.raises(MachineLimitError, match="too short for a search") as raised:
        plan(seconds)
    assert "--budget" in raised.value.hint
    plan(int(str(raised.value).rsplit("about ", 1)[1].split()[0]))


def test_a_slower_machine_gives_its_trials_more_time():
    fast, slow = COSTS, replace(COSTS, train_text=2 * COSTS.train_text)
    shared = plan(900).trial
    joined = plan(900, slow).with_trial(shared, slow)
    assert joined.trial.texts == shared.texts
    assert joined.trial.seconds == pytest.approx(2 * shared.seconds)
    assert plan(900).with_trial(joined.trial, fast).trial.seconds == pytest.approx(shared.seconds)
