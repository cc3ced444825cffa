"""Memory of a training, by what it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.made_up import OUTLINE, texts, way

from afina.planning.memory import peak_memory_mb

LARGE = replace(
    OUTLINE, weights=110_000_000, embedding_weights=24_000_000, layer_weights=85_000_000, matrix_weights=84_000_000,
    head_weights=600_000, width=768, n_layers=12,
)  # fmt: skip
TEXTS = texts(1_000, 100)


def peak(training=None, *, outline=LARGE, train=TEXTS, source_characters=1e6, **options):
    return peak_memory_mb(
        outline, training or way(), train=train, source_characters=source_characters, libraries_mb=0.0, **options
    )


def test_weights_gradients_and_moments_are_held():
    # 4 bytes a weight, and 16 more for each that is trained; the rest is texts and, of a batch of few tokens, little.
    weights, trained = 4 * 110.0, 16 * 85.6
    assert weights + trained < peak(way(batch_tokens=10)) < 1.05 * (weights + trained)
    head = peak(way("head"))
    assert weights < head < 1.25 * weights


def test_methods_that_train_less_take_less():
    full, frozen, deeper, head = (
        peak(way(method, frozen_layers=depth))
        for method, depth in (("full", 0), ("frozen", 6), ("frozen", 11), ("head", 12))
    )
    assert full > frozen > deeper > head
    assert peak(way("lora")) < full
    assert peak(way("lora", lora_rank=64)) > peak(way("lora"))
    assert peak(way(embeddings_trained=True)) == pytest.approx(full + 16 * 24)


def test_larger_batches_and_texts_kept_states_and_libraries_take_more():
    assert peak(way(batch_tokens=8_000)) > peak(way(batch_tokens=1_000)) + 100
    assert peak(way(batch_tokens=8_000, recomputes=True)) < peak(way(batch_tokens=8_000))
    assert peak(source_characters=1e8) > peak() + 1_000
    assert peak(cache_mb=500.0) == pytest.approx(peak() + 500)
    with_libraries = peak_memory_mb(LARGE, way(), train=TEXTS, source_characters=1e6)
    assert 100 < with_libraries - peak() < 2_000


def test_attention_computed_in_the_open_takes_more_for_longer_texts():
    for family, grows in (("bert", False), ("xlnet", True), ("deberta-v2", True)):
        outline = replace(LARGE, family=family)
        short, long = (peak(outline=outline, train=texts(1_000, length)) for length in (50, 500))
        assert (long > 1.05 * short) == grows


@given(
    method=st.sampled_from(["full", "frozen", "lora", "head"]),
    times=st.floats(1, 50),
    batch_tokens=st.integers(1, 100_000),
    characters=st.floats(0, 1e9),
)
def test_more_weights_never_take_less(method, times, batch_tokens, characters):
    training = way(method, frozen_layers=2, batch_tokens=batch_tokens)
    parts = ("weights", "embedding_weights", "layer_weights", "matrix_weights", "head_weights")
    larger = replace(OUTLINE, **{part: round(times * getattr(OUTLINE, part)) for part in parts})
    few, many = (peak(training, outline=outline, source_characters=characters) for outline in (OUTLINE, larger))
    assert 0 < few <= many
