import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.errors import MachineLimitError
from afina.planning import Speed, allocate

# A laptop with two cores and a small model.
LAPTOP = Speed(training=2_500, inference=7_500)


def plan(seconds_left, speed=LAPTOP, **changes):
    sizes = {
        "n_train": 5_000, "n_dev": 500, "n_test": 1_000, "train_tokens": 50.0, "test_tokens": 60.0,
        "epochs": 3.0, "evaluations": 6, "saving_seconds": 2.0,
    }  # fmt: skip
    return allocate(seconds_left, speed, **{**sizes, **changes})


def test_with_time_enough_everything_is_used():
    allocation = plan(10_000)
    assert (allocation.train_texts, allocation.dev_texts, allocation.test_texts) == (5_000, 500, 1_000)
    assert allocation.epochs == 3


def test_with_less_time_there_are_fewer_epochs_of_all_texts():
    allocation = plan(150)
    assert allocation.train_texts == 5_000
    # More are planned than are expected, for the clock to end.
    assert 1 <= allocation.expected_epochs < allocation.epochs == 3


def test_with_little_time_texts_are_cut_and_seen_at_most_once():
    allocation = plan(20)
    assert 8 <= allocation.train_texts < 5_000
    assert allocation.test_texts < 1_000
    assert allocation.dev_texts < 500
    assert 0.9 < allocation.epochs <= 1


def test_more_time_never_means_less_work():
    plans = [plan(seconds) for seconds in (15, 30, 60, 120, 240, 480, 960)]
    for less, more in itertools.pairwise(plans):
        assert less.train_texts * less.epochs <= more.train_texts * more.epochs
        assert less.test_texts <= more.test_texts
        assert less.dev_texts <= more.dev_texts


@pytest.mark.parametrize("seconds_left", [-30.0, 0.0, 2.0, 3.0])
def test_a_budget_too_short_to_train_is_a_limit_of_the_machine(seconds_left):
    with pytest.raises(MachineLimitError, match="budget is too short") as caught:
        plan(seconds_left)
    assert caught.value.exit_code == 4
    assert "--budget" in caught.value.hint
    left, needed = map(float, re.findall(r"(\d+) s", str(caught.value)))
    assert left == max(0, seconds_left)
    assert needed > left


def test_a_test_set_too_large_does_not_crowd_out_training():
    allocation = plan(120, n_test=1_000_000, n_dev=1_000_000)
    assert allocation.train_texts * 50 / LAPTOP.training > 120 * 0.35
    assert allocation.reserve_seconds < 120 * 0.4


def test_a_handful_is_tested_on_however_short_the_time():
    allocation = plan(10, n_test=1_000_000)
    assert allocation.test_texts >= 40
    assert allocation.dev_texts >= 20


def test_reserve_and_training_add_up_to_what_is_left():
    allocation = plan(100)
    assert allocation.reserve_seconds + allocation.training_seconds == pytest.approx(100)
    assert allocation.reserve_seconds > 2
    assert allocation.as_dict()["test_texts"] == allocation.test_texts


@settings(deadline=None, max_examples=100)
@given(
    seconds_left=st.floats(-10, 20_000),
    training=st.floats(50, 1e6),
    faster=st.floats(1, 10),
    n_train=st.integers(6, 200_000),
    n_dev=st.integers(2, 5_000),
    n_test=st.integers(2, 50_000),
    train_tokens=st.floats(3, 512),
    test_tokens=st.floats(3, 512),
    epochs=st.floats(0.1, 20),
    evaluations=st.integers(1, 50),
    saving_seconds=st.floats(0.5, 60),
)
def test_planned_time_never_exceeds_what_is_left(
    seconds_left, training, faster, n_train, n_dev, n_test, train_tokens, test_tokens, epochs, evaluations,
    saving_seconds,
):  # fmt: skip
    speed = Speed(training, training * faster)
    try:
        allocation = allocate(
            seconds_left, speed, n_train=n_train, n_dev=n_dev, n_test=n_test, train_tokens=train_tokens,
            test_tokens=test_tokens, epochs=epochs, evaluations=evaluations, saving_seconds=saving_seconds,
        )  # fmt: skip
    except MachineLimitError:
        return
    scoring = evaluations * allocation.dev_texts * train_tokens / speed.inference
    testing = allocation.test_texts * test_tokens / speed.inference
    fitting = allocation.train_texts * allocation.epochs * train_tokens / speed.training
    rounding = 1 + 1e-9
    assert allocation.training_seconds + allocation.reserve_seconds <= seconds_left * rounding
    assert saving_seconds + testing <= allocation.reserve_seconds * rounding
    # Training may be planned four times as long as measured: its clock ends it, and the test keeps its share.
    assert scoring + fitting / 4 <= allocation.training_seconds * rounding
    assert 0 < allocation.forecast_seconds <= allocation.training_seconds
    expected = allocation.train_texts * allocation.expected_epochs * train_tokens / speed.training
    assert scoring + expected <= allocation.training_seconds * rounding
    assert allocation.expected_epochs <= allocation.epochs
    assert testing <= max(0.25 * seconds_left, 40 * test_tokens / speed.inference) * rounding
    assert scoring <= max(0.12 * seconds_left, evaluations * 20 * train_tokens / speed.inference) * rounding
    assert 0 < allocation.epochs <= epochs
    assert 0 < allocation.train_texts <= n_train
    assert 0 < allocation.dev_texts <= n_dev
    assert 0 < allocation.test_texts <= n_test


@settings(deadline=None, max_examples=200, derandomize=True)
@given(seconds_left=st.floats(0, 60), evaluations=st.integers(1, 50), tokens=st.floats(10, 256))
def test_the_time_said_to_be_needed_is_more_than_what_is_left(seconds_left, evaluations, tokens):
    try:
        plan(seconds_left, evaluations=evaluations, train_tokens=tokens, test_tokens=tokens)
    except MachineLimitError as error:
        needed = float(re.search(r"at least (\d+) s", str(error))[1])
        assert needed >= seconds_left


def test_half_an_epoch_that_fits_is_taken_of_all_texts():
    # 5,000 texts of 50 tokens take 105 s an epoch here, half an epoch 53 s, and about 70 s are left for them.
    allocation = plan(75, epochs=0.5, n_dev=20, n_test=40)
    assert (allocation.train_texts, allocation.epochs) == (5_000, 0.5)


@settings(deadline=None, max_examples=100)
@given(
    seconds_left=st.floats(5, 2_000),
    prefix=st.floats(1e3, 1e5),
    suffix_factor=st.floats(0.3, 1e3),
    n_train=st.integers(6, 200_000),
    epochs=st.floats(0.5, 30),
)
def test_texts_that_are_read_before_training_leave_time_to_train(seconds_left, prefix, suffix_factor, n_train, epochs):
    speed = Speed(prefix / 2, 3 * prefix, prefix, prefix * suffix_factor)
    try:
        allocation = allocate(
            seconds_left, speed, n_train=n_train, n_dev=100, n_test=100, train_tokens=50, test_tokens=50,
            epochs=epochs, evaluations=6, saving_seconds=2, keeps_states=True,
        )  # fmt: skip
    except MachineLimitError:
        return
    reading = allocation.train_texts * 50 / speed.prefix
    assert reading <= 0.9 * allocation.training_seconds
    training = allocation.train_texts * allocation.expected_epochs * 50 / speed.suffix
    assert reading + training <= allocation.training_seconds * (1 + 1e-9)
    assert 0 < allocation.expected_epochs <= allocation.epochs <= epochs


def test_a_head_reads_as_many_texts_as_there_is_time_for():
    speed = Speed(3_000, 9_000, prefix=9_000, suffix=1e6)
    allocation = allocate(
        100, speed, n_train=22_000, n_dev=100, n_test=100, train_tokens=200, test_tokens=200, epochs=20, evaluations=6,
        saving_seconds=2, keeps_states=True,
    )  # fmt: skip
    assert 2_000 < allocation.train_texts < 100 * 9_000 / 200
    assert allocation.expected_epochs > 5
