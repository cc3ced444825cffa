"""Ways to train within a time, from made-up paces: what fits, what does not and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planning.made_up import OUTLINE, PACE, TASK, candidate

from afina.planning.choices import (
    METHODS,
    Choice,
    Limits,
    Wishes,
    enumerate_choices,
    seconds_after,
    seconds_before,
    why_no_way,
)
from afina.planning.history import Corrections
from afina.planning.pace import Line, Pace
from afina.planning.ranking import best_of_each

PLENTY = Limits(100_000, 50_000)
SLOW = Pace(
    read_layer=Line(1e-5, 1e-7), read_ends=Line(2e-5, 1e-7), train_layer=Line(3e-5, 3e-7), train_ends=Line(7e-5, 3e-7),
    update=1e-9, precision="fp32",
)  # fmt: skip


def ways(limits=PLENTY, wishes=None, task=TASK, **changes):
    return enumerate_choices(candidate(**changes), task, wishes or Wishes(), limits)


def fitting(limits=PLENTY, wishes=None, **changes):
    choices, rejected = ways(limits, wishes, **changes)
    assert not rejected
    return choices


def test_with_time_enough_every_way_fits_and_all_texts_are_read_as_often_as_pays():
    choices = fitting()
    assert [choice.method for choice in choices] == ["full", "frozen", "frozen", "lora", "head"]
    assert [choice.training.frozen_layers for choice in choices] == [0, 2, 3, 0, 4]
    for choice in choices:
        assert choice.train_texts == TASK.n_train
        assert choice.training.epochs == (20 if choice.method == "head" else 2)
        assert choice.training.keeps_states == (choice.method in ("frozen", "head"))
        assert choice.share_read == 1
        assert choice.tokens == choice.training.epochs * 10_000 * 60
        assert choice.wished_seconds == pytest.approx(choice.seconds)
        assert choice.total_seconds > choice.seconds + 16
    full, frozen, deeper, lora, head = choices
    # Two epochs of steps, six readings of the dev texts, and a constant for each batch of 1,024 tokens.
    assert full.seconds == pytest.approx(
        1.05 * 2 * 600_000 * 16e-6 + 6 * 30_000 * 5e-6 + 1_200_000 / 1_024 * 4e-3, rel=0.01
    )
    assert lora.seconds > full.seconds > frozen.seconds > deeper.seconds > head.seconds
    assert head.learning_rate > lora.learning_rate > full.learning_rate == frozen.learning_rate


def test_a_budget_of_three_seconds_holds_nothing_and_says_so_of_everything():
    choices, rejected = ways(Limits(3, 50_000))
    assert choices == []
    # 25 seconds in all layers: in so short a time hardly any dev texts would be scored.
    assert rejected[0].why.startswith("would need 0.42 minutes here")
    assert [rejection.choice.method for rejection in rejected] == ["full", "frozen", "frozen", "lora", "head"]
    for rejection in rejected:
        around = rejection.choice.total_seconds - rejection.choice.seconds
        assert rejection.why.startswith("would need ")
        assert "minutes here for all 10,000 texts, besides " in rejection.why
        assert rejection.why.endswith(f" {around:,.0f} seconds to start, test and write the run")


def test_time_for_less_than_one_text_is_time_for_none():
    few = TASK._replace(n_train=3, n_dev=0, n_test=0)
    _, (rejection,) = ways(Limits(30, 50_000), Wishes(methods=("full",)), few, pace=SLOW.scaled(1e4))
    assert rejection.choice.train_texts == 1
    assert "for all 3 texts, and there is time for 0% of them" in rejection.why


def test_what_memory_cannot_hold_is_told_in_gigabytes():
    huge = replace(OUTLINE, weights=10**11, layer_weights=10**11, matrix_weights=10**11)
    choices, rejected = ways(Limits(100_000, 8_000), outline=huge)
    assert choices == []
    assert len(rejected) == 5
    assert all(r.why.startswith("takes ") and r.why.endswith("8.0 GB are free") for r in rejected)


def test_with_less_time_texts_are_read_less_often_and_then_fewer_of_them():
    found = []
    for budget in (1_000, 250, 180, 120, 60):
        choices, rejected = ways(Limits(budget, 50_000, has_begun=True), Wishes(methods=("full",)), pace=SLOW)
        found += choices or [rejection.choice for rejection in rejected]
    epochs, texts = [c.training.epochs for c in found], [c.train_texts for c in found]
    assert epochs[0] == 2
    assert epochs == sorted(epochs, reverse=True)
    assert any(1 < number < 2 for number in epochs)
    assert epochs[-1] == 1
    assert texts == sorted(texts, reverse=True)
    assert texts[0] == 10_000
    assert 0 < texts[-1] < 10_000
    assert all(texts == 10_000 for texts, epochs in zip(texts, epochs, strict=True) if epochs > 1)


@pytest.mark.parametrize(("times", "commas"), [(1.5, 0), (100, 0), (10_000, 1)])
def test_minutes_are_told_as_people_read_them(times, commas):
    _, rejected = ways(Limits(3, 50_000), Wishes(methods=("full",)), pace=PACE.scaled(times))
    told = rejected[0].why.split()[2]
    assert "e+" not in told
    assert told.count(",") == commas
    assert float(told.replace(",", "")) == pytest.approx(rejected[0].choice.wished_seconds / 60, rel=0.02)


def test_a_part_of_the_texts_that_teaches_too_little_is_no_plan():
    task = TASK._replace(n_train=100_000)
    budget = 100
    while True:
        choices, rejected = ways(Limits(budget, 50_000), Wishes(methods=("full",)), task, pace=SLOW)
        if choices:
            break
        share = rejected[0].choice.train_texts / 100_000
        assert share < 0.05
        assert f"there is time for {share:.0%} of them" in rejected[0].why
        budget *= 1.2
    assert choices[0].train_texts >= 5_000
    few = TASK._replace(n_train=150)
    choices, rejected = ways(Limits(17.0, 50_000), Wishes(methods=("full",)), few, pace=SLOW.scaled(100))
    assert not choices
    assert rejected[0].choice.train_texts < 150


def test_what_the_user_settled_is_kept():
    wishes = Wishes(epochs=3.5, batch_tokens=64, learning_rate=1e-6, max_tokens=48, train_texts=2_000)
    for choice in fitting(wishes=wishes):
        assert (choice.training.epochs, choice.training.batch_tokens) == (3.5, 64)
        assert (choice.learning_rate, choice.max_tokens, choice.train_texts) == (1e-6, 48, 2_000)
        assert choice.share_read == 0.8
    slow = Limits(150, 50_000, has_begun=True)
    choices, rejected = ways(slow, Wishes(epochs=3.0, methods=("full",)), pace=SLOW)
    (choice,) = choices or [rejection.choice for rejection in rejected]
    assert choice.training.epochs == 3
    assert choice.train_texts < 10_000
    assert fitting(wishes=Wishes(train_texts=10**6))[0].train_texts == TASK.n_train


def test_methods_and_depths_are_those_wished_for():
    assert [c.method for c in fitting(wishes=Wishes(methods=("lora",)))] == ["lora"]
    (frozen,) = fitting(wishes=Wishes(methods=("frozen",), freeze_layers=1))
    assert frozen.training.frozen_layers == 1
    (all_of_them,) = fitting(wishes=Wishes(methods=("frozen",), freeze_layers=4))
    assert all_of_them.training.frozen_layers == 4
    full, *others = fitting(wishes=Wishes(embeddings_trained=True, recomputes=True, lora_rank=2))
    assert full.training.embeddings_trained
    assert not any(other.training.embeddings_trained for other in others)
    assert all(c.training.recomputes and c.training.lora_rank == 2 for c in (full, *others))


def test_layers_are_frozen_only_where_some_are_left():
    def depths(**changes):
        choices = fitting(outline=replace(OUTLINE, **changes))
        return [c.training.frozen_layers for c in choices if c.method == "frozen"]

    assert depths(n_layers=12) == [6, 8]
    assert depths(n_layers=3) == [1, 2]
    assert depths(n_layers=2) == [1]
    assert depths(n_layers=1) == []
    assert depths(shares_layers=True) == []


@pytest.mark.parametrize(
    ("changes", "freeze_layers", "why"),
    [
        ({}, 5, "it has 4 layers, so that 5 cannot be frozen"),
        ({"n_layers": 1}, 2, "it has 1 layer, so that 2 cannot be frozen"),
        ({"n_layers": 1}, None, "with its only layer frozen nothing but the head would be trained"),
        ({"shares_layers": True}, None, "it runs one layer 4 times, so that some of them cannot be frozen"),
        ({"shares_layers": True}, 2, "it runs one layer 4 times, so that 2 of them cannot be frozen"),
        ({}, 4, None),
        ({}, 0, None),
        ({}, None, None),
        ({"n_layers": 1}, 1, None),
        ({"shares_layers": True}, 4, None),
        ({"shares_layers": True}, 0, None),
    ],
)
def test_a_model_without_layers_to_freeze_says_why(changes, freeze_layers, why):
    wishes, outline = Wishes(methods=("frozen",), freeze_layers=freeze_layers), replace(OUTLINE, **changes)
    assert why_no_way(outline, wishes) == why
    # There is a reason just where there is no way, and none where another method is left.
    assert (ways(wishes=wishes, outline=outline) == ([], [])) == (why is not None)
    more = replace(wishes, methods=("frozen", "head"))
    assert why_no_way(outline, more) is None
    assert ways(wishes=more, outline=outline) != ([], [])


def test_freezing_none_is_training_all_and_told_once():
    choices = fitting(wishes=Wishes(freeze_layers=0))
    assert [choice.method for choice in choices] == ["full", "lora", "head"]


def test_states_are_kept_where_they_are_read_again_and_may_be():
    def frozen(**wishes):
        return fitting(wishes=Wishes(methods=("frozen",), **wishes))[0]

    kept = frozen()
    assert kept.training.keeps_states
    assert not frozen(epochs=1.0).training.keeps_states
    unkept = frozen(keeps_states=False)
    assert not unkept.training.keeps_states
    assert unkept.seconds > kept.seconds
    # 4 bytes of 100 numbers a token.
    assert kept.memory_mb - unkept.memory_mb == pytest.approx(4e-6 * 100 * 60 * (10_000 + 500))


def test_states_for_which_memory_has_no_room_are_kept_on_disk():
    task = TASK._replace(n_train=1_000_000)
    choices, rejected = ways(Limits(100_000, 8_000), Wishes(methods=("frozen",)), task)
    assert not rejected
    assert all(choice.training.keeps_states and choice.memory_mb < 2_000 for choice in choices)


@pytest.mark.parametrize(
    ("lengths", "context", "limits"),
    [
        (20, 512, [256]),
        (100, 512, [256]),
        (200, 512, [128, 256]),
        (400, 512, [128, 256, 512]),
        (5_000, 512, [128, 256, 512]),
        (5_000, None, [128, 256, 512]),
        (20, 64, [64]),
        (400, 64, [64]),
        (400, 40, [40]),
        (400, 200, [128, 200]),
    ],
)
def test_limits_of_tokens_are_those_that_cut_some_texts_and_one_that_cuts_none(lengths, context, limits):
    outline = replace(OUTLINE, max_context=context)
    found = fitting(wishes=Wishes(methods=("full",)), lengths=lengths, outline=outline)
    assert [choice.max_tokens for choice in found] == limits
    for choice in found:
        assert choice.share_read == pytest.approx(min(1, choice.max_tokens / lengths))
        assert choice.training.batch_tokens >= choice.max_tokens


def test_a_limit_of_tokens_is_never_above_what_the_model_takes():
    outline = replace(OUTLINE, max_context=100)
    assert {c.max_tokens for c in fitting(wishes=Wishes(max_tokens=5_000), outline=outline)} == {100}


def test_one_long_text_among_many_asks_for_no_higher_limit():
    found = fitting(wishes=Wishes(methods=("full",)), lengths=[50] * 199 + [500])
    assert [choice.max_tokens for choice in found] == [256]


def test_corrections_of_past_runs_count():
    learned = Corrections(seconds=1.5, seconds_by_method={"frozen": 0.5}, memory=2.0)
    plain, corrected = fitting(), fitting(PLENTY._replace(corrections=learned))
    for before, after in zip(plain, corrected, strict=True):
        factor = 0.5 if before.method == "frozen" else 1.5
        assert after.seconds == pytest.approx(factor * before.seconds)
        assert after.memory_mb == pytest.approx(2 * before.memory_mb)


def test_what_lies_before_training_counts_until_it_is_done():
    here = candidate()
    before, after = seconds_before(here, TASK), seconds_after(here, TASK, 1e-6, 256)
    assert before > 5
    assert after > 5
    (fresh, *_), (begun, *_) = fitting(), fitting(PLENTY._replace(has_begun=True))
    assert fresh.total_seconds - begun.total_seconds == pytest.approx(before)
    assert seconds_after(here, TASK._replace(n_test=100_000), 1e-6, 256) == pytest.approx(after + 99_000 * 60 * 1e-6)


LINES = st.builds(Line, st.floats(0, 1e-3), st.floats(0, 1e-6))
PACES = st.builds(
    Pace, read_layer=LINES, read_ends=LINES, train_layer=LINES, train_ends=LINES, update=st.floats(0, 1e-6),
    precision=st.just("fp32"),
)  # fmt: skip
CASES = st.fixed_dictionaries({
    "pace": PACES,
    "lengths": st.integers(3, 2_000),
    "n_layers": st.integers(1, 24),
    "n_train": st.integers(8, 300_000),
    "epochs": st.none() | st.floats(0.1, 30),
    "max_tokens": st.none() | st.integers(8, 600),
    "train_texts": st.none() | st.integers(1, 300_000),
})  # fmt: skip


def enumerate_case(case, budget, memory_mb=50_000):
    task = TASK._replace(n_train=case["n_train"], source_characters=300.0 * case["n_train"])
    wishes = Wishes(epochs=case["epochs"], max_tokens=case["max_tokens"], train_texts=case["train_texts"])
    outline = replace(OUTLINE, n_layers=case["n_layers"])
    here = candidate(pace=case["pace"], lengths=case["lengths"], outline=outline)
    choices, rejected = enumerate_choices(here, task, wishes, Limits(budget, memory_mb))
    points = [points for _, points in best_of_each(choices, {here.name: here}, task, n=1)]
    return choices, rejected, points[0] if points else None


@settings(deadline=None, max_examples=60)
@given(CASES, st.floats(0.1, 20_000), st.floats(100, 50_000))
def test_what_fits_is_within_all_limits(case, budget, memory_mb):
    choices, rejected, _ = enumerate_case(case, budget, memory_mb)
    n_train = min(case["n_train"], case["train_texts"] or case["n_train"])
    for choice in choices:
        assert choice.total_seconds <= budget
        assert choice.memory_mb <= memory_mb
        assert 0 < choice.train_texts <= n_train
        assert choice.train_texts == n_train or choice.train_texts >= min(n_train, 200)
    for choice in (*choices, *(rejection.choice for rejection in rejected)):
        assert isinstance(choice, Choice)
        assert choice.max_tokens <= 512
        assert choice.training.epochs == (case["epochs"] or choice.training.epochs)
        assert 0 <= choice.training.frozen_layers <= case["n_layers"]
        assert 0 <= choice.seconds < choice.total_seconds
        assert choice.memory_mb > 0
    methods = [c.method for c in choices] + [r.choice.method for r in rejected]
    assert set(methods) == set(METHODS) - ({"frozen"} if case["n_layers"] == 1 else set())
    assert all(rejection.why for rejection in rejected)


@settings(deadline=None, max_examples=60)
@given(CASES, st.floats(0.1, 20_000), st.floats(1, 10))
def test_more_time_never_makes_the_best_way_worse(case, budget, times):
    *_, less = enumerate_case(case, budget)
    *_, more = enumerate_case(case, budget * times)
    if less is not None:
        assert more >= less - 1e-9
