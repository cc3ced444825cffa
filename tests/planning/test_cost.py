"""Seconds of training, against sums made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.made_up import OUTLINE, PACE, texts, way

from afina.planning.cost import Texts, seconds_per_token, trained_weights, training_seconds
from afina.planning.pace import Line

NO_TEXTS = texts(0)
TRAIN = texts(1_000, 100)
TOKENS = 1_000 * 100
PADDING = TRAIN.padding
# Three layers between the ends, by `made_up.PACE`.
READ, STEP = (3 * 1e-6 + 2e-6) * PADDING, (3 * 3e-6 + 7e-6) * PADDING
# Steps of a run take so much longer than timed ones, and each of them a constant.
REAL, A_STEP = 1.05, 4e-3
N_STEPS = 2 * TOKENS * PADDING / 1_000


def seconds(training, *, pace=PACE, outline=OUTLINE, train=TRAIN, dev=NO_TEXTS):
    return training_seconds(pace, outline, training, train=train, dev=dev)


def nearly(number):
    # Writing checkpoints adds a little.
    return pytest.approx(number, rel=0.01)


def test_texts_that_were_tokenized_are_described_by_their_lengths():
    found = Texts.of(7, np.array([10, 30]), characters=99.0, batch_tokens=30)
    # Each stands in a batch of its like.
    assert found == Texts(7, tokens=20.0, weighted_length=(10 * 10 + 30 * 30) / 40, characters=99.0, padding=1.0)
    assert Texts.of(1, np.array([8, 8, 8]), characters=1.0, batch_tokens=64).weighted_length == 8


def test_padding_is_that_of_batches_that_are_made():
    lengths = np.random.default_rng(0).integers(5, 200, 500)

    def padding(batch_tokens, lengths=lengths, n=2_000):
        return Texts.of(n, lengths, characters=1.0, batch_tokens=batch_tokens).padding

    # Texts of similar length stand together; the fewer batches there are, the less similar they are.
    assert 1 < padding(1_000) < 1.1
    assert padding(100_000) > 1.2 > padding(10_000)
    # All in one batch: as many tokens as the longest has, each.
    assert padding(10**9, n=4_000) == pytest.approx(199 / lengths.mean(), rel=0.05)
    # A text longer than a batch stands alone.
    assert padding(1, np.array([50, 50])) == 1.0
    assert padding(1_000, np.array([50, 50]), n=1) == 1.0


def test_seconds_a_token_of_reading_of_frozen_layers_and_of_steps():
    assert seconds_per_token(PACE, OUTLINE, way(), TRAIN) == pytest.approx((READ, 0.0, STEP))
    frozen = way("frozen", frozen_layers=2)
    prefix, suffix = 2e-6 * PADDING, (1 * 3e-6 + 7e-6) * PADDING
    assert seconds_per_token(PACE, OUTLINE, frozen, TRAIN) == pytest.approx((READ, prefix, prefix + suffix))
    kept = replace(frozen, keeps_states=True)
    assert seconds_per_token(PACE, OUTLINE, kept, TRAIN) == pytest.approx((READ, prefix, suffix))


def test_all_layers_take_steps_and_evaluations():
    assert seconds(way()) == nearly(REAL * 2 * TOKENS * STEP + N_STEPS * A_STEP)
    dev = texts(50, 100)
    assert seconds(way(evaluations=6), dev=dev) - seconds(way()) == nearly(6 * 50 * 100 * READ)


def test_updates_cost_by_steps_and_by_trained_weights():
    pace = replace(PACE, update=1e-7)
    assert seconds(way(), pace=pace) - seconds(way()) == nearly(N_STEPS * 550_000 * 1e-7)
    small = way(batch_tokens=100)
    assert seconds(small) - seconds(way()) == nearly(9 * N_STEPS * A_STEP)
    assert seconds(small, pace=pace) - seconds(small) == nearly(10 * N_STEPS * 550_000 * 1e-7)
    frozen = way("frozen", frozen_layers=4, batch_tokens=100)
    assert seconds(frozen, pace=pace) - seconds(frozen) == nearly(10 * N_STEPS * 50_000 * 1e-7)


def test_frozen_layers_take_less_and_kept_states_less_still_from_the_second_epoch():
    frozen = [seconds(way("frozen", frozen_layers=depth)) for depth in (0, 1, 2, 3)]
    assert frozen == sorted(frozen, reverse=True)
    assert frozen[0] == seconds(way())

    def both(epochs):
        again = way("frozen", frozen_layers=2, epochs=epochs)
        return seconds(again), seconds(replace(again, keeps_states=True))

    # Two frozen layers: read with each step, or once.
    a_reading = TOKENS * 2e-6 * PADDING
    once, once_kept = both(1.0)
    assert once - once_kept == nearly((REAL - 1) * a_reading)
    twice, twice_kept = both(2.0)
    assert twice - twice_kept == nearly((2 * REAL - 1) * a_reading)


def test_kept_states_of_dev_texts_spare_their_evaluations_too():
    frozen, dev = way("frozen", frozen_layers=3, evaluations=6), texts(500, 100)
    read_again = seconds(frozen, dev=dev) - seconds(frozen)
    kept = replace(frozen, keeps_states=True)
    assert seconds(kept, dev=dev) - seconds(kept) == nearly(500 * 100 * PADDING * (3e-6 + 6 * 2e-6))
    assert read_again == nearly(500 * 100 * PADDING * 6 * 5e-6)


def test_a_head_reads_once_and_takes_quick_steps():
    head = way("head", keeps_states=True, epochs=20.0)
    longer = replace(head, epochs=40.0)
    per_epoch = (seconds(longer) - seconds(head)) / 20
    assert seconds(head) == nearly(TOKENS * READ + 20 * per_epoch)
    assert 0 < per_epoch < TOKENS * READ
    assert seconds(head) < seconds(way())


def test_low_rank_updates_take_a_little_more_than_all_layers():
    assert seconds(way()) < seconds(way("lora")) < 1.1 * seconds(way())


def test_computing_activations_twice_takes_a_third_more():
    assert seconds(way(recomputes=True)) - seconds(way()) == nearly(REAL * 2 * TOKENS * STEP / 3)


def test_attention_makes_tokens_of_long_texts_dear():
    pace = replace(PACE, train_layer=Line(3e-6, 1e-7))
    few_long, many_short = texts(100, 500), texts(1_000, 50)
    assert seconds(way(), train=few_long) == nearly(seconds(way(), train=many_short))
    assert seconds(way(), pace=pace, train=few_long) > 2 * seconds(way(), pace=pace, train=many_short)
    # Of texts of one mean length, those of uneven length.
    uneven = texts(1_000, 50, weighted_length=200)
    assert seconds(way(), pace=pace, train=uneven) > seconds(way(), pace=pace, train=many_short)


@given(
    method=st.sampled_from(["full", "frozen", "lora", "head"]),
    n=st.integers(40, 100_000),
    tokens=st.floats(5, 500),
    epochs=st.floats(1, 20),
    times=st.floats(1.5, 5),
    depth=st.integers(0, 3),
)
def test_more_of_anything_takes_longer(method, n, tokens, epochs, times, depth):
    pace = replace(PACE, train_layer=Line(3e-6, 1e-8), read_layer=Line(1e-6, 1e-9), update=1e-8)
    training = way(method, frozen_layers=depth, epochs=epochs, evaluations=3, keeps_states=method == "head")

    def took(training=training, n=n, tokens=tokens, dev=100):
        return seconds(training, pace=pace, train=texts(n, tokens), dev=texts(dev, tokens))

    assert took() > 0
    assert took(n=round(times * n)) > took()
    assert took(tokens=times * tokens) > took()
    assert took(replace(training, epochs=times * epochs)) > took()
    assert took(dev=500) > took()


def test_weights_that_get_a_gradient():
    assert trained_weights(OUTLINE, way()) == 550_000
    assert trained_weights(OUTLINE, way(embeddings_trained=True)) == OUTLINE.weights
    assert trained_weights(OUTLINE, way("frozen", frozen_layers=1)) == 0.75 * 500_000 + 50_000
    assert trained_weights(OUTLINE, way("head")) == 50_000
    lora, wider = (trained_weights(OUTLINE, way("lora", lora_rank=rank)) for rank in (8, 16))
    assert wider - lora == lora - 50_000 == 1.5 * 8 * 480_000 / 100
