import math

import pytest
import torch

from afina.modeling import batch_logits
from afina.tokenization import pad
from afina.training import (
    ALL_STEPS,
    BUDGET,
    EARLY,
    NON_FINITE,
    Budget,
    DevScore,
    LoopState,
    linear_multiplier,
)

# Of the tiny model and vocabulary in tests/conftest.py; a change there changes them.
EXPECTED_LOSSES = [0.691208, 0.693765, 0.725546, 0.694287, 0.713232, 0.693463, 0.693324, 0.684897]
SAME = DevScore(0.5, -1.0)


def same():
    return SAME


def evaluated_at(steps):
    return [step.step for step in steps if step.dev is not None]


def test_sixteen_texts_are_learned(start):
    training = start(learning_rate=1e-2)
    steps = list(training.steps(Budget(50)))
    assert steps[-1].dev.accuracy == 1
    assert steps[-1].loss < steps[0].loss / 4
    assert steps[-1].stopped_by == ALL_STEPS
    assert [step.stopped_by for step in steps[:-1]] == [None] * 49


def test_the_losses_are_those_of_a_known_run(start):
    losses = [step.loss for step in start().steps(Budget(8))]
    assert losses == pytest.approx(EXPECTED_LOSSES, abs=1e-4)


def test_equal_seeds_give_equal_losses_to_the_bit(start):
    runs = [[(s.loss, s.grad_norm, s.learning_rate) for s in start(dropout=0.1).steps(Budget(12))] for _ in range(2)]
    assert runs[0] == runs[1]


def test_a_time_limit_that_suffices_changes_nothing(start, clock):
    free, training = start(), start()
    losses = [step.loss for step in free.steps(Budget(10))]
    limited = training.steps(Budget(10, 11.0, clock=clock), before_batch=lambda: clock.wait(1))
    assert [step.loss for step in limited] == losses


def test_each_step_tells_what_it_did(start):
    training = start()
    per_epoch = training.batches_per_epoch
    state = LoopState()
    steps = list(training.steps(Budget(2 * per_epoch), state=state))
    assert [step.step for step in steps] == list(range(1, 2 * per_epoch + 1))
    assert sum(step.n_texts for step in steps[:per_epoch]) == 16
    assert sum(step.n_tokens for step in steps[:per_epoch]) == training.encodings.n_tokens
    assert steps[per_epoch - 1].epoch == 1
    assert [step.progress for step in steps] == [(i + 1) / len(steps) for i in range(len(steps))]
    for i, step in enumerate(steps):
        assert step.learning_rate == 3e-3 * linear_multiplier((i + 0.5) / len(steps), warmup_share=0.1)
    assert (state.step, state.texts_seen, state.evaluations) == (len(steps), 32, 2)
    assert state.tokens_seen == sum(step.n_tokens for step in steps)


def test_gradients_are_those_of_the_summed_loss_over_the_mean_batch(start):
    step = next(start().steps(Budget(10)))
    # The same by hand: all texts of the first batch, through a model that was not trained.
    fresh = start()
    order = fresh.order(0)
    fresh.plain.train()
    logits = batch_logits(fresh.plain, pad(fresh.encodings, order[0], pad_id=0))
    loss = torch.nn.functional.cross_entropy(logits, fresh.label_ids[torch.from_numpy(order[0])], reduction="sum")
    (loss / (16 / len(order))).backward()
    norm = torch.stack([p.grad.norm() for p in fresh.plain.parameters() if p.grad is not None]).norm()
    assert step.grad_norm == pytest.approx(float(norm), rel=1e-4)
    assert step.loss == pytest.approx(float(loss.detach()) / len(order[0]))


@pytest.mark.parametrize(
    ("max_steps", "evaluations", "expected"),
    [(20, 4, [5, 10, 15, 20]), (10, 3, [4, 7, 10]), (6, 1, [6]), (3, 6, [1, 2, 3]), (1, 1, [1])],
)
def test_evaluations_are_spread_evenly(start, max_steps, evaluations, expected):
    steps = list(start().steps(Budget(max_steps), evaluations=evaluations, evaluate=same))
    assert evaluated_at(steps) == expected


def test_evaluations_follow_the_clock_where_it_leads(start, clock):
    budget = Budget(1000, 20.5, clock=clock)
    steps = list(start().steps(budget, evaluations=4, evaluate=same, before_batch=lambda: clock.wait(1)))
    assert evaluated_at(steps) == [6, 11, 16, 21]


def test_the_time_limit_ends_training_with_an_evaluation(start, clock):
    steps = list(start().steps(Budget(1000, 5.5, clock=clock), before_batch=lambda: clock.wait(1)))
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6]
    assert steps[-1].stopped_by == BUDGET
    assert steps[-1].dev is not None
    assert steps[-1].learning_rate == pytest.approx(3e-3 * (1 - 5 / 5.5) / 0.9)


def test_no_time_at_all_still_takes_one_step_and_scores_it(start, clock):
    steps = list(start().steps(Budget(1000, 0.0, clock=clock)))
    assert [(step.step, step.stopped_by) for step in steps] == [(1, BUDGET)]
    assert steps[0].is_best


def test_training_stops_when_the_dev_score_no_longer_rises(start):
    state = LoopState()
    steps = list(start().steps(Budget(20), evaluations=10, patience=2, evaluate=same, state=state))
    assert [(step.step, step.is_best) for step in steps if step.dev] == [(2, True), (4, True), (6, True)]
    assert steps[-1].stopped_by == state.stopped_by == EARLY


def test_a_better_score_starts_patience_anew(start):
    scores = iter([0.5, 0.4, 0.6, 0.6, 0.6, 0.9])
    steps = list(start().steps(Budget(20), evaluations=10, patience=2, evaluate=lambda: DevScore(next(scores), -1.0)))
    assert [step.is_best for step in steps if step.dev] == [True, False, True, True, True]
    assert steps[-1].step == 10


def test_of_equal_scores_the_later_weights_are_kept(start):
    scores = iter([DevScore(0.5, -0.7), DevScore(0.5, -0.6), DevScore(0.5, -0.65), DevScore(0.4, -0.1)])
    steps = start().steps(Budget(4), evaluations=4, evaluate=lambda: next(scores))
    assert [step.is_best for step in steps] == [True, True, True, False]


def test_later_weights_are_kept_unless_worse_by_more_than_a_standard_error(start):
    scores = iter([DevScore(0.9, -1.0, 0.02), DevScore(0.89, -1.0, 0.02), DevScore(0.87, -1.0, 0.02)])
    steps = start().steps(Budget(3), evaluations=3, evaluate=lambda: next(scores))
    assert [step.is_best for step in steps] == [True, True, False]


def test_a_loss_that_is_not_finite_stops_before_the_weights_change(start):
    training, state = start(), LoopState()
    seen = []

    def poison_third_batch():
        seen.append(1)
        if len(seen) == 3:
            training.plain.classifier.bias.data[0] = math.nan
            seen_weights.update(training.weights())

    seen_weights = {}
    steps = list(training.steps(Budget(10), before_batch=poison_third_batch, state=state))
    assert [step.stopped_by for step in steps] == [None, None, NON_FINITE]
    assert not math.isfinite(steps[-1].loss)
    assert (steps[-1].step, steps[-1].n_texts, steps[-1].dev) == (2, 0, None)
    assert (state.step, state.stopped_by) == (2, NON_FINITE)
    for name, weight in training.weights().items():
        assert torch.equal(weight.nan_to_num(7), seen_weights[name].nan_to_num(7))


def test_leaving_the_loop_stops_training(start):
    training = start()
    for step in training.steps(Budget(100)):
        if step.step == 3:
            break
    left = training.weights()
    assert all(torch.equal(weight, left[name]) for name, weight in training.weights().items())
    assert step.stopped_by is None


def test_a_finished_state_yields_nothing_more(start):
    training, state = start(), LoopState()
    list(training.steps(Budget(2), state=state))
    assert state.stopped_by == ALL_STEPS
    assert list(training.steps(Budget(10), state=state)) == []


@pytest.mark.parametrize("stop_at", [3, None], ids=["in an epoch", "between epochs"])
def test_a_state_goes_on_with_the_texts_that_come_next(start, stop_at):
    whole = [(s.loss, s.n_texts, s.epoch) for s in start().steps(Budget(12))]
    training, state = start(), LoopState()
    stop_at = stop_at or training.batches_per_epoch
    first = []
    for step in training.steps(Budget(12), state=state):
        first.append((step.loss, step.n_texts, step.epoch))
        if step.step == stop_at:
            break
    rest = [(s.loss, s.n_texts, s.epoch) for s in training.steps(Budget(12), state=state)]
    assert first + rest == whole


def test_evaluation_leaves_the_model_in_training_mode(start):
    training = start(dropout=0.1)
    for step in training.steps(Budget(3), evaluations=3):
        assert training.model.training
        assert step.dev is not None


def test_a_gradient_that_is_not_finite_does_not_reach_the_weights(start):
    training = start()
    training.plain.classifier.bias.register_hook(lambda gradient: gradient * math.inf)
    steps = list(training.steps(Budget(3), evaluate=same))
    assert steps[-1].stopped_by == NON_FINITE
    assert all(weight.isfinite().all() for weight in training.weights().values())


def test_weights_that_predict_nan_are_never_the_best(start):
    scores = iter([DevScore(0.5, -0.7), DevScore(0.6, math.nan), DevScore(0.55, -0.6)])
    steps = start().steps(Budget(3), evaluations=3, evaluate=lambda: next(scores))
    assert [step.is_best for step in steps] == [True, False, True]


def test_evaluations_missed_in_a_jump_of_the_clock_are_not_made_up(start, clock):
    jumps = iter([50.0])
    budget = Budget(20, 100.0, clock=clock)
    steps = list(start().steps(budget, evaluations=10, evaluate=same, before_batch=lambda: clock.wait(next(jumps, 0))))
    assert evaluated_at(steps) == [1, 12, 14, 16, 18, 20]


def test_a_jump_of_the_clock_does_not_use_up_patience(start, clock):
    jumps = iter([50.0])
    budget = Budget(100, 100.0, clock=clock)
    steps = start().steps(
        budget, evaluations=10, patience=4, evaluate=same, before_batch=lambda: clock.wait(next(jumps, 0))
    )
    assert [next(steps).stopped_by for _ in range(5)] == [None] * 5


def test_an_evaluation_that_uses_up_the_time_is_the_last(start, clock):
    def slow():
        clock.wait(10)
        return SAME

    budget = Budget(1000, 20.0, clock=clock)
    steps = list(start().steps(budget, evaluations=2, evaluate=slow, before_batch=lambda: clock.wait(1)))
    assert evaluated_at(steps) == [10]
    assert steps[-1].stopped_by == BUDGET
    assert budget.seconds_used == 20
