from collections import Counter

import numpy as np
import pytest

from afina.data.sampling import StratifiedReservoir


def sample(size, items, *, seed=0, stratum=lambda item: None):
    reservoir = StratifiedReservoir(size, seed)
    for item in items:
        reservoir.add(item, stratum(item))
    return reservoir.items()


def test_every_row_of_a_stream_has_the_same_chance():
    chosen = Counter(item for seed in range(400) for item in sample(20, range(100), seed=seed))
    counts = np.array([chosen[item] for item in range(100)])
    assert counts.sum() == 400 * 20
    # Chi-square with 99 degrees of freedom has mean 99 and standard deviation 14; drawing without repeats lowers it.
    assert ((counts - 80) ** 2 / 80).sum() < 99 + 4 * 14


def test_every_row_has_the_same_chance_where_rows_are_dropped_on_the_way():
    tenths = np.zeros(10)
    for seed in range(60):
        tenths += np.bincount(np.array(sample(100, range(5000), seed=seed)) // 500, minlength=10)
    assert tenths.sum() == 6000
    assert ((tenths - 600) ** 2 / 600).sum() < 9 + 5 * np.sqrt(18)


def test_a_sample_is_never_the_first_rows():
    chosen = sample(50, range(10_000))
    assert max(chosen) > 9000
    assert chosen != list(range(50))


@pytest.mark.parametrize("is_sorted", [True, False])
def test_labels_keep_their_shares_in_a_sorted_file_as_in_any_other(is_sorted):
    labels = ["a"] * 9000 + ["b"] * 2500 + ["c"] * 500
    if not is_sorted:
        labels = [labels[i] for i in np.random.default_rng(0).permutation(len(labels))]
    reservoir = StratifiedReservoir(600, 1)
    for number, label in enumerate(labels):
        reservoir.add((number, label), label)
    assert Counter(label for _, label in reservoir.items()) == {"a": 450, "b": 125, "c": 25}
    assert reservoir.seen == {"a": 9000, "b": 2500, "c": 500}


def test_the_last_label_of_a_sorted_file_is_drawn_evenly():
    halves = Counter()
    for seed in range(60):
        chosen = sample(100, range(4000), seed=seed, stratum=lambda item: item >= 2000)
        halves.update("first" if item < 3000 else "second" for item in chosen if item >= 2000)
    assert halves.total() == 3000
    assert abs(halves["first"] - 1500) < 4 * np.sqrt(3000 / 4)


def test_a_rare_stratum_keeps_at_least_one_row():
    chosen = sample(10, range(20_000), stratum=lambda item: item == 7)
    assert 7 in chosen
    assert len(chosen) == 11


@pytest.mark.parametrize("size", [None, 30, 31])
def test_a_stream_no_longer_than_the_sample_is_kept_whole(size):
    assert sample(size, range(30), stratum=lambda item: item % 7) == list(range(30))


def test_an_empty_stream_gives_nothing():
    assert sample(5, []) == []


def test_items_come_in_the_order_of_the_stream():
    chosen = sample(200, range(9000), stratum=lambda item: item % 3)
    assert chosen == sorted(chosen)
    assert len(set(chosen)) == 200 + 1  # three times 67


def test_equal_seeds_keep_equal_items_and_others_do_not():
    first, again, other = (sample(50, range(3000), seed=seed, stratum=lambda item: item % 2) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_items_that_cannot_be_ordered_are_sampled():
    assert len(sample(100, ({"row": i} for i in range(3000)))) == 100


@pytest.mark.parametrize("n_strata", [1, 2, 50])
def test_no_more_than_half_as_much_again_is_ever_held(n_strata):
    size = 5000
    reservoir = StratifiedReservoir(size)
    most = 0
    for number in range(40_000):
        reservoir.add(number, number * n_strata // 40_000)
        most = max(most, sum(map(len, reservoir._held.values())))
    assert most <= 1.5 * size + 1001


def test_many_strata_do_not_make_each_row_a_sort_of_all(monkeypatch):
    drops = []
    drop = StratifiedReservoir._drop
    monkeypatch.setattr(StratifiedReservoir, "_drop", lambda *a, **k: (drops.append(1), drop(*a, **k)))
    sample(1000, range(60_000), stratum=lambda item: item % 1000)
    assert len(drops) < 60
