from __future__ import annotations

import random
from collections import Counter

import pytest

from afina.data.augmentation import double_letter, hit_neighbour, leave_out_letter, swap_letters

TEXT = "The room wasn't clean, but 42 nurses were kind."


@pytest.mark.parametrize("seed", range(30))
def test_a_swap_exchanges_neighbours_within_a_word(seed):
    changed = swap_letters(TEXT, random.Random(seed))
    at = [i for i, (one, other) in enumerate(zip(TEXT, changed, strict=True)) if one != other]
    assert at == [at[0], at[0] + 1]
    assert changed[at[0] : at[1] + 1] == TEXT[at[1]] + TEXT[at[0]]
    assert TEXT[at[0]].isalpha()
    assert TEXT[at[1]].isalpha()


@pytest.mark.parametrize("seed", range(30))
def test_two_swaps_do_not_undo_each_other(seed):
    changed = swap_letters(TEXT, random.Random(seed), swaps=2)
    assert sum(one != other for one, other in zip(TEXT, changed, strict=True)) == 4
    assert Counter(changed) == Counter(TEXT)


@pytest.mark.parametrize("seed", range(20))
def test_other_slips_change_one_letter(seed):
    rng = random.Random(seed)
    assert len(leave_out_letter(TEXT, rng)) == len(TEXT) - 1
    doubled = double_letter(TEXT, rng)
    assert any(TEXT[: i + 1] + TEXT[i:] == doubled for i in range(len(TEXT)))
    hit = hit_neighbour(TEXT, rng)
    assert sum(one != other for one, other in zip(TEXT, hit, strict=True)) == 1


def test_what_cannot_slip_is_none():
    rng = random.Random(0)
    assert swap_letters("aaa 42 !", rng) is None
    assert swap_letters("ab", rng, swaps=2) is None
    assert leave_out_letter("a bad day", rng) is None
    assert double_letter("42!", rng) is None
    assert hit_neighbour("ÄÖ 42", rng) is None
