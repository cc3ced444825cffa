import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.training import linear_multiplier

SHARES = st.floats(0, 1)
WARMUPS = st.floats(0, 0.99)


def test_the_rate_rises_in_a_line_and_falls_in_a_line():
    values = [linear_multiplier(progress, warmup_share=0.2) for progress in (0, 0.1, 0.2, 0.6, 1)]
    assert values == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_without_warmup_training_starts_at_the_peak():
    assert linear_multiplier(0, warmup_share=0) == 1


@settings(deadline=None)
@given(progress=SHARES, warmup=WARMUPS)
def test_the_factor_is_a_share_and_depends_on_its_arguments_alone(progress, warmup):
    factor = linear_multiplier(progress, warmup_share=warmup)
    assert 0 <= factor <= 1
    assert linear_multiplier(progress, warmup_share=warmup) == factor


@settings(deadline=None)
@given(warmup=WARMUPS)
def test_the_rate_is_zero_at_the_end_and_full_after_warmup(warmup):
    assert linear_multiplier(1.0, warmup_share=warmup) == 0
    assert linear_multiplier(warmup, warmup_share=warmup) == 1


@settings(deadline=None)
@given(first=SHARES, second=SHARES, warmup=WARMUPS)
def test_after_warmup_the_rate_never_rises(first, second, warmup):
    early, late = sorted([max(first, warmup), max(second, warmup)])
    assert linear_multiplier(late, warmup_share=warmup) <= linear_multiplier(early, warmup_share=warmup)
