"""A training whose dev accuracy no longer rises: the rate is led to zero, then it ends."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.training import ALL_STEPS, EARLY, NON_FINITE, Budget, Cooldown, DevScore, LoopState
from afina.training.cooldown import cooldown_steps

SAME = DevScore(0.5, -1.0)
# Scored every five steps of a hundred, patience ends at the fifth score, after 25 steps: 0.4 of them are 10.
ENDS_EARLY = {"evaluations": 20, "patience": 4, "cooldown_share": 0.4}


def same():
    return SAME


def rates(steps):
    return [step.learning_rate for step in steps]


def test_the_rate_falls_in_a_line_from_where_it_is_to_zero(start):
    state = LoopState()
    steps = list(start().steps(Budget(100), evaluate=same, state=state, **ENDS_EARLY))
    assert (state.cooldown.step, state.cooldown.steps) == (25, 10)
    assert (state.cooldown.evaluations, state.cooldown.highest_step) == (4, 5)
    assert rates(steps[25:]) == pytest.approx([steps[24].learning_rate * (9.5 - i) / 10 for i in range(10)])
    assert steps[-1].stopped_by == state.stopped_by == EARLY
    assert [step.stopped_by for step in steps[:-1]] == [None] * 34


def test_until_patience_runs_out_nothing_changes(start):
    free = list(start().steps(Budget(100), evaluations=20, evaluate=same))[:25]
    steps = list(start().steps(Budget(100), evaluate=same, **ENDS_EARLY))
    assert [(s.loss, s.learning_rate) for s in steps[:25]] == [(s.loss, s.learning_rate) for s in free]


def test_weights_are_scored_when_the_rate_is_zero_and_not_on_the_way(start):
    steps = list(start().steps(Budget(100), evaluate=same, **ENDS_EARLY))
    assert [step.step for step in steps if step.dev] == [5, 10, 15, 20, 25, 35]


@pytest.mark.parametrize(("last", "is_best"), [(0.9, True), (0.88, True), (0.86, False)])
def test_cooled_weights_are_kept_unless_worse_by_more_than_chance(start, last, is_best):
    scores = iter([0.9, *[0.8] * 4, last])
    steps = list(start().steps(Budget(100), evaluate=lambda: DevScore(next(scores), -1.0, 0.03), **ENDS_EARLY))
    assert steps[-1].is_best == is_best
    assert sum(step.is_best for step in steps) == 1 + is_best


def test_progress_leads_to_one_at_the_end(start):
    steps = list(start().steps(Budget(100), evaluate=same, **ENDS_EARLY))
    assert [step.progress for step in steps[23:]] == pytest.approx([0.24, *[step / 35 for step in range(25, 36)]])


@pytest.mark.parametrize(("share", "expected"), [(0.9, EARLY), (0.95, ALL_STEPS)])
def test_near_the_end_of_the_plan_its_own_fall_of_the_rate_is_kept(start, share, expected):
    whole = rates(start().steps(Budget(20), evaluations=4, evaluate=same))
    steps = list(start().steps(Budget(20), evaluations=4, evaluate=same, patience=1, cooldown_share=share))
    assert (steps[-1].step, steps[-1].stopped_by) == (19 if expected == EARLY else 20, expected)
    assert (rates(steps) == whole) == (expected == ALL_STEPS)


def test_no_share_stops_at_once(start):
    steps = list(start().steps(Budget(100), evaluate=same, **{**ENDS_EARLY, "cooldown_share": 0}))
    assert (steps[-1].step, steps[-1].stopped_by, steps[-1].progress) == (25, EARLY, 1)
    assert steps[-1].dev is not None


def test_where_the_clock_leads_it_lasts_as_long_as_elsewhere(start, clock):
    budget, state = Budget(10_000, 100.0, clock=clock), LoopState()
    steps = list(start().steps(budget, evaluate=same, before_batch=lambda: clock.wait(1), state=state, **ENDS_EARLY))
    assert steps[-1].stopped_by == EARLY
    assert state.cooldown.steps == math.ceil(0.4 * state.cooldown.step)
    assert len(steps) == state.cooldown.last_step < 50
    assert rates(steps)[-1] == pytest.approx(0.5 / state.cooldown.steps * state.cooldown.learning_rate)


def test_steps_that_become_slower_do_not_matter_where_the_time_suffices(start, clock):
    waits = iter([1] * 25 + [5] * 10)
    budget = Budget(100, 110.0, clock=clock)
    steps = list(start().steps(budget, evaluate=same, before_batch=lambda: clock.wait(next(waits)), **ENDS_EARLY))
    assert (steps[-1].step, steps[-1].stopped_by) == (35, EARLY)
    assert rates(steps)[-1] == pytest.approx(0.5 / 10 * rates(steps)[24])


def test_the_cooldown_is_shortened_where_the_time_does_not_suffice(start, clock):
    waits = iter([1] * 25 + [15] * 10)
    budget = Budget(100, 110.0, clock=clock)
    steps = list(start().steps(budget, evaluate=same, before_batch=lambda: clock.wait(next(waits)), **ENDS_EARLY))
    cooled = rates(steps[24:])
    assert (steps[-1].step, steps[-1].stopped_by, steps[-1].progress) == (31, EARLY, 1)
    assert steps[-1].dev is not None
    assert cooled == sorted(cooled, reverse=True)
    assert cooled[-1] < 0.15 * cooled[0]


@pytest.mark.parametrize("seconds", [27.0, 30.0, 34.0, 36.0, 45.0])
def test_the_rate_reaches_zero_before_the_time_is_up(start, clock, seconds):
    budget = Budget(100, seconds, clock=clock)
    steps = list(start().steps(budget, evaluate=same, before_batch=lambda: clock.wait(1), **ENDS_EARLY))
    assert rates(steps)[-1] < 0.15 * max(rates(steps))
    assert budget.seconds_used <= seconds


def test_where_the_time_ends_before_a_cooldown_could_the_plan_stays(start, clock):
    def slow():
        clock.wait(15)
        return SAME

    budget = Budget(100, 110.0, clock=clock)
    steps = list(start().steps(budget, evaluate=slow, before_batch=lambda: clock.wait(1), **ENDS_EARLY))
    assert steps[-1].stopped_by == "budget"


def test_a_loss_that_is_not_finite_ends_a_cooldown(start):
    training = start()

    def poison():
        if state.cooldown is not None:
            training.plain.classifier.bias.data[0] = math.nan

    state = LoopState()
    steps = list(training.steps(Budget(100), evaluate=same, before_batch=poison, state=state, **ENDS_EARLY))
    assert (state.step, steps[-1].stopped_by) == (25, NON_FINITE)
    assert 0 < steps[-1].progress <= 1


@pytest.mark.parametrize(
    ("done", "share", "steps"), [(1000, 0.15, 150), (101, 0.15, 16), (10, 0.15, 5), (1, 0.15, 5), (1000, 0, 0)]
)
def test_it_lasts_a_share_of_the_steps_done_and_at_least_a_few(done, share, steps):
    assert cooldown_steps(done, share) == steps


@settings(deadline=None)
@given(
    step=st.integers(1, 1000), steps=st.integers(1, 100), used=st.floats(0, 100), left=st.floats(0, 100),
    pace=st.lists(st.floats(0, 10), min_size=100, max_size=100),
)  # fmt: skip
def test_the_rate_never_rises_whatever_the_clock_does(step, steps, used, left, pace):
    now = 5.0
    whole = Budget(10_000, used + left, elapsed=used, clock=lambda: now)
    cooldown = Cooldown(step, whole.seconds_used, steps, 1e-3, evaluations=4, highest_step=1)
    part, shares = cooldown.part_of(whole), [0.0]
    for done in range(steps):
        now += pace[done]
        shares.append(part.progress(done + 0.5))
        assert part.is_out_of_time() == whole.is_out_of_time() or part.seconds_left == pytest.approx(0, abs=1e-9)
    assert shares == sorted(shares)
    assert part.progress(steps) == 1
