from hypothesis import given, settings
from hypothesis import strategies as st

from afina.training import Budget


def test_without_a_time_limit_progress_is_the_share_of_steps(clock):
    budget = Budget(40, clock=clock)
    clock.wait(1e9)
    assert [budget.progress(step) for step in (0, 10, 40, 50)] == [0, 0.25, 1, 1]
    assert not budget.is_out_of_time()


def test_a_clock_that_is_not_far_ahead_does_not_count(clock):
    budget = Budget(100, 100.0, clock=clock)
    clock.wait(50)
    assert budget.progress(45) == 0.45
    assert budget.progress(60) == 0.6


def test_a_clock_far_ahead_of_the_steps_takes_over(clock):
    budget = Budget(100, 100.0, clock=clock)
    clock.wait(50)
    assert budget.progress(44) == 0.5
    assert budget.progress(0) == 0.5


def test_the_lead_that_is_allowed_shrinks_towards_the_end(clock):
    budget = Budget(1000, 100.0, clock=clock)
    clock.wait(90)
    assert budget.progress(895) == 0.895
    assert budget.progress(885) == 0.9
    clock.wait(10)
    assert budget.progress(999) == 1


def test_time_is_out_when_the_seconds_are_used_up(clock):
    budget = Budget(100, 10.0, clock=clock)
    clock.wait(9.5)
    assert not budget.is_out_of_time()
    clock.wait(0.5)
    assert budget.is_out_of_time()
    assert budget.seconds_used == 10


def test_seconds_of_the_resumed_run_count(clock):
    budget = Budget(100, 10.0, elapsed=8.0, clock=clock)
    assert budget.seconds_used == 8
    assert budget.progress(1) == 0.8
    clock.wait(2)
    assert budget.is_out_of_time()


def test_no_seconds_at_all_are_out_at_once(clock):
    budget = Budget(100, 0.0, clock=clock)
    assert budget.is_out_of_time()
    clock.wait(0.001)
    assert budget.progress(0) == 1


@settings(deadline=None)
@given(steps=st.integers(0, 200), max_steps=st.integers(1, 100), seconds=st.floats(0, 1e4), used=st.floats(0, 2e4))
def test_progress_is_a_share_never_behind_the_steps(steps, max_steps, seconds, used):
    progress = Budget(max_steps, seconds, elapsed=used, clock=lambda: 5.0).progress(steps)
    assert min(1, steps / max_steps) <= progress <= 1


def test_progress_never_goes_back(clock):
    budget = Budget(100, 100.0, clock=clock)
    clock.wait(50)
    before = budget.progress(44)
    clock.wait(0.5)
    assert budget.progress(46) >= before
