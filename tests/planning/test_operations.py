"""Operations of training, against sums made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.planning.made_up import OUTLINE

from afina.planning.operations import forward_operations, training_operations

LENGTHS = np.array([10, 30])
# 2 operations a weight and token; and 4 a layer, number of a state and pair of tokens.
PRODUCTS = 2 * OUTLINE.matrix_weights * 40
ATTENTION = 4 * OUTLINE.n_layers * OUTLINE.width * (10**2 + 30**2)
FORWARD = PRODUCTS + ATTENTION


def operations(method, lengths=LENGTHS, epochs=1, **options):
    return training_operations(OUTLINE, lengths, method=method, epochs=epochs, **options)


def test_reading_is_products_with_weights_and_attention():
    assert forward_operations(OUTLINE, LENGTHS) == FORWARD


def test_training_all_layers_is_three_readings():
    assert operations("full", epochs=2) == 2 * 3 * FORWARD


def test_frozen_layers_are_read_and_not_trained():
    assert operations("frozen", epochs=2, frozen_layers=1) == 2 * (1 / 4 + 3 * 3 / 4) * FORWARD
    # Kept, they are read once.
    assert operations("frozen", epochs=2, frozen_layers=1, keeps_states=True) == (1 / 4 + 2 * 3 * 3 / 4) * FORWARD


def test_a_head_reads_texts_once_and_trains_next_to_nothing():
    assert operations("head", epochs=20, keeps_states=True) == FORWARD


def test_low_rank_updates_spare_the_gradients_of_weights():
    assert operations("lora", epochs=2) == 2 * (2 * PRODUCTS + 3 * ATTENTION)


@pytest.mark.parametrize("method", ["full", "frozen", "lora"])
def test_more_epochs_texts_and_tokens_are_more(method):
    few = operations(method, frozen_layers=2)
    assert operations(method, frozen_layers=2, epochs=3) == pytest.approx(3 * few)
    assert operations(method, np.tile(LENGTHS, 5), frozen_layers=2) == pytest.approx(5 * few)
    # Attention grows with the square.
    assert operations(method, 2 * LENGTHS, frozen_layers=2) > 2 * few


def test_frozen_layers_are_those_of_the_method_alone():
    assert operations("full", frozen_layers=2) == operations("full")
    with_more = [operations("frozen", frozen_layers=depth) for depth in range(5)]
    assert with_more == sorted(with_more, reverse=True)
    assert with_more[0] == operations("full")


def test_wide_or_narrow_numbers_of_tokens_do_not_overflow():
    long = np.full(50_000, 512, dtype=np.int32)
    assert forward_operations(OUTLINE, long) == pytest.approx(forward_operations(OUTLINE, long.astype(float)))
    assert forward_operations(replace(OUTLINE, width=200), long) > forward_operations(OUTLINE, long)
