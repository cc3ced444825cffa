"""Memory of a training, by what it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.made_up import OUTLINE, texts, way

from afina.modeling import INFERENCE_BATCH_TOKENS
from afina.planning.memory import peak_memory_mb

LARGE = replace(
    OUTLINE, weights=110_000_000, embedding_weights=24_000_000, layer_weights=85_000_000, matrix_weights=84_000_000,
    head_weights=600_000, width=768, n_layers=12,
)  # fmt: skip
TEXTS = texts(1_000, 100)


def peak(training=None, *, outline=LARGE, train=TEXTS, source_characters=1e6, **options):
    return peak_memory_mb(outline, training or way(), train=train, source_characters=source_characters, **options)


def test_weights_gradients_and_moments_are_held():
    # 4 bytes a weight, and 16 more for each that is trained; of so small a batch next to nothing is kept.
    few = way(batch_tokens=10)
    larger_table = replace(LARGE, weights=120_000_000, embedding_weights=34_000_000)
    assert peak(few, outline=larger_table) - peak(few) == pytest.approx(4 * 10)
    trained = replace(few, embeddings_trained=True)
    assert peak(trained) - peak(few) == pytest.approx(16 * 24)
    assert peak(few) - peak(way("frozen", frozen_layers=12, batch_tokens=10)) == pytest.approx(16 * 85)
    assert peak(few) - peak(way("head", batch_tokens=10)) == pytest.approx(16 * 85)
    assert peak(few) > 4 * 110 + 16 * 85.6


def test_a_run_of_a_tiny_model_takes_its_libraries_and_one_batch_to_score():
    tiny = peak(way(batch_tokens=10), outline=OUTLINE, source_characters=0.0)
    a_layer = 4e-6 * INFERENCE_BATCH_TOKENS * 480_000 / 4 / 100
    assert 300 < tiny - 20 * 0.7 < 800 + 10 * a_layer


def test_methods_that_train_less_take_less():
    full, frozen, deeper, head = (
        peak(way(method, frozen_layers=depth))
        for method, depth in (("full", 0), ("frozen", 6), ("frozen", 11), ("head", 12))
    )
    assert full > frozen > deeper > head
    assert peak(way("lora", lora_rank=64)) > peak(way("lora"))


def test_low_rank_updates_take_less_in_small_batches_alone():
    def both(batch_tokens):
        return peak(way("lora", batch_tokens=batch_tokens)), peak(way(batch_tokens=batch_tokens))

    lora, full = both(500)
    assert lora < full
    # They keep inputs of their own for the backward pass.
    lora, full = both(8_000)
    assert lora > full


def test_larger_batches_take_more_and_computing_twice_less():
    large = way(batch_tokens=8_000)
    assert peak(large) > peak(way(batch_tokens=1_000)) + 1_000
    assert peak(way(batch_tokens=16_000)) - peak(large) == pytest.approx(
        peak(large) - peak(way(batch_tokens=0)), rel=0.2
    )
    assert peak(replace(large, recomputes=True)) < peak(large)


def test_more_texts_take_more_and_less_for_each():
    one, ten, hundred = (peak(source_characters=n * 1e6) for n in (1, 10, 100))
    assert 100 < ten - one < 1_000
    assert ten - one < hundred - ten < 10 * (ten - one)


def test_kept_states_take_memory():
    assert peak(cache_mb=500.0) == pytest.approx(peak() + 500)


def test_the_baseline_counts_where_it_takes_more_than_training():
    # Texts of 10 GB: whatever is trained on them, fitting the baseline takes most.
    peaks = [peak(training, source_characters=1e10) for training in (way("head"), way("frozen", frozen_layers=11))]
    assert peaks[0] == peaks[1]
    assert peak(way("head"), source_characters=1e10, cache_mb=500.0) == peaks[0]
    assert peaks[0] > 4 * 110 + 100_000


def test_attention_computed_in_the_open_takes_more_for_longer_texts():
    for family, grows in (("bert", False), ("xlnet", True), ("deberta-v2", True)):
        outline = replace(LARGE, family=family)
        short, long = (peak(outline=outline, train=texts(1_000, length)) for length in (50, 500))
        assert (long > 1.05 * short) == grows


@given(
    method=st.sampled_from(["full", "frozen", "lora", "head"]),
    times=st.integers(1, 50),
    batch_tokens=st.integers(1, 100_000),
    characters=st.floats(0, 1e9),
)
def test_more_layers_never_take_less(method, times, batch_tokens, characters):
    training = way(method, frozen_layers=2, batch_tokens=batch_tokens)
    parts = ("n_layers", "weights", "layer_weights", "matrix_weights")
    deeper = replace(OUTLINE, **{part: times * getattr(OUTLINE, part) for part in parts})
    few, many = (peak(training, outline=outline, source_characters=characters) for outline in (OUTLINE, deeper))
    # But for a last digit.
    assert 0 < few <= many + 1e-6
