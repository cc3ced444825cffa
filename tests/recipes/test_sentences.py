"""What a fine-tuning tells its user of its end."""

import pytest
from tests.recipes.recorder import Recorder

from afina.recipes.fitting import Fitted
from afina.recipes.sentences import tell_stop
from afina.training import ALL_STEPS, BUDGET, EARLY, Cooldown, LoopState

STALE = "Dev accuracy had not risen"


def told(stopped_by, *, epochs=2.0, planned=2.0, seconds_left=38.4, timed=True, cooldown=None, n_training=100):
    recorder = Recorder()
    state = LoopState(step=600, texts_seen=round(epochs * 100), stopped_by=stopped_by, cooldown=cooldown)
    fitted = Fitted(state, 10.0, 1200, epochs=epochs, max_epochs=planned, seconds_left=seconds_left)
    tell_stop(fitted, n_training, recorder, timed=timed)
    return recorder


@pytest.mark.parametrize(
    ("stopped_by", "case", "sentence"),
    [
        (ALL_STEPS, {}, "The plan of 2 epochs is done, with 38 s to spare"),
        (ALL_STEPS, {"epochs": 1.0, "planned": 1.0}, "The plan of 1 epoch is done, with 38 s to spare"),
        (ALL_STEPS, {"timed": False, "seconds_left": None}, "The plan of 1,200 steps is done"),
        (
            BUDGET,
            {"epochs": 2.13, "planned": 3.0},
            "The time was used up after 2.1 of 3 epochs; the learning rate had been led to zero",
        ),
        (
            EARLY,
            {"epochs": 3.24, "planned": 8.0, "cooldown": Cooldown(560, 9.0, 84, 1e-4, 4, 512)},
            f"{STALE} for 4 evaluations (since step 512): training ended early, after 3.2 of 8 epochs",
        ),
        (
            EARLY,
            {"epochs": 0.5, "cooldown": Cooldown(600, 9.0, 0, 1e-4, 1, 1024), "n_training": 1000},
            f"{STALE} for 1 evaluation (since step 1,024): training ended early, after 0.5 of 2 epochs",
        ),
    ],
)
def test_each_training_says_once_what_ended_it(stopped_by, case, sentence):
    recorder = told(stopped_by, **case)
    assert (recorder.told, recorder.warned) == ([sentence], [])


@pytest.mark.parametrize("stopped_by", [ALL_STEPS, BUDGET])
def test_texts_that_a_budget_left_out_are_warned_of_too(stopped_by):
    recorder = told(stopped_by, epochs=1.0, n_training=250)
    assert [warning.split(",")[0] for warning in recorder.warned] == ["The budget allowed training on 100 of 250 texts"]
    assert len(recorder.told) == 1
