from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data import (
    TextDataset,
    find_clusters,
    normalise,
    require_rows_per_label,
    split,
    split_few_shot,
    stratified_sample,
    take,
)
from afina.errors import DataError
from afina.labels import LabelSet


def dataset(texts, ids, names=("a", "b")):
    return TextDataset(texts, np.array(ids, dtype=np.int64), LabelSet(tuple(names)), "reviews")


def distinct(*sizes):
    ids = [label for label, size in enumerate(sizes) for _ in range(size)]
    return dataset([f"text {i}" for i in range(len(ids))], ids, [f"l{i}" for i in range(len(sizes))])


def rows_of(part):
    return list(zip(part.texts, part.label_ids.tolist(), strict=True))


def test_parts_have_their_shares_of_each_label():
    train, dev, test = split(distinct(100, 300), (0.8, 0.1, 0.1), seed=0)
    assert train.counts() == {"l0": 80, "l1": 240}
    assert dev.counts() == test.counts() == {"l0": 10, "l1": 30}


def test_equal_seeds_give_equal_parts_and_others_do_not():
    whole = distinct(50, 50)
    first, again, other = (split(whole, (0.5, 0.5), seed=seed)[0].fingerprint() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_rows_keep_the_order_of_the_source():
    whole = distinct(20, 20)
    position = {text: i for i, text in enumerate(whole.texts)}
    for part in split(whole, (0.6, 0.4), seed=3):
        positions = [position[text] for text in part.texts]
        assert positions == sorted(positions)


def test_a_text_with_both_labels_stays_on_one_side():
    whole = dataset([f"same {i // 2}{'!' * (i % 2)}" for i in range(40)], [0, 1] * 20)
    one, other = split(whole, (0.5, 0.5), seed=0)
    assert not set(one.normal_forms) & set(other.normal_forms)
    assert len(one) + len(other) == 40


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.tuples(st.sampled_from(["x", "X!", "y", " y", "z", "x y", "x, Y", "😀", "?"]), st.integers(0, 1))),
    st.sampled_from([(0.8, 0.2), (0.5, 0.5), (0.9, 0.05, 0.05), (0.6, 0.2, 0.2)]),
    st.integers(0, 2**32 - 1),
)
def test_every_row_is_in_one_part_and_no_text_in_two(drawn, shares, seed):
    own = [(f"own {label}{i}", label) for label in (0, 1) for i in range(len(shares))]
    texts, ids = zip(*[*own, *drawn], strict=True)
    parts = split(dataset(list(texts), ids), shares, seed=seed)
    assert Counter(row for part in parts for row in rows_of(part)) == Counter(zip(texts, ids, strict=True))
    sides = [side for side, part in enumerate(parts) for _ in {normalise(text) for text in part.texts}]
    forms = [form for part in parts for form in {normalise(text) for text in part.texts}]
    assert len(forms) == len(set(forms)), list(zip(forms, sides, strict=True))


@settings(deadline=None)
@given(st.integers(3, 30), st.integers(3, 30), st.sampled_from([(0.9, 0.05, 0.05), (0.99, 0.01), (0.8, 0.1, 0.1)]))
def test_every_part_has_a_row_of_each_label_however_small_its_share(n_first, n_second, shares):
    for part in split(distinct(n_first, n_second), shares, seed=0):
        assert min(part.counts().values()) >= 1


@pytest.mark.parametrize(("n", "shares"), [(4, (0.5, 0.1, 0.4)), (10, (0.3, 0.04, 0.66)), (6, (0.5, 0.05, 0.45))])
def test_a_small_part_in_the_middle_has_a_row_of_each_label(n, shares):
    for part in split(distinct(n, n), shares, seed=0):
        assert min(part.counts().values()) >= 1


def test_a_label_with_too_few_distinct_texts_is_refused():
    whole = dataset(["good", "Good!", "bad", "worse"], [0, 0, 1, 1])
    with pytest.raises(DataError, match="'a'"):
        split(whole, (0.5, 0.5), seed=0)


def test_a_label_with_one_row_is_refused_by_name():
    with pytest.raises(DataError, match="The label 'l1' of reviews has 1 text, at least 2 are needed"):
        split(distinct(10, 1), (0.8, 0.2), seed=0)


def test_a_label_without_rows_is_refused_by_name():
    with pytest.raises(DataError, match="'b' of reviews has 0 texts, at least 1 are needed"):
        require_rows_per_label(dataset(["x"], [0]), 1)
    require_rows_per_label(dataset(["x", "y"], [0, 1]), 1)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=80), st.integers(1, 90), st.integers(0, 99))
def test_a_sample_is_ascending_and_has_the_label_mix_of_the_whole(ids, size, seed):
    ids = np.array(ids, dtype=np.int64)
    chosen = stratified_sample(ids, size, seed=seed)
    assert np.all(np.diff(chosen) > 0)
    assert set(ids[chosen]) == set(ids)
    whole, part = np.bincount(ids, minlength=4), np.bincount(ids[chosen], minlength=4)
    share = min(1.0, size / len(ids))
    assert np.all(np.abs(part - share * whole) < 1)
    assert np.array_equal(chosen, stratified_sample(ids, size, seed=seed))


@settings(deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.integers(1, 60), st.integers(0, 30))
def test_a_larger_sample_contains_a_smaller_one(ids, size, more):
    ids = np.array(ids, dtype=np.int64)
    small, large = (stratified_sample(ids, n, seed=5) for n in (size, size + more))
    assert set(small) <= set(large)


def test_a_sample_larger_than_the_whole_is_the_whole():
    assert stratified_sample(np.array([0, 1, 1]), 10, seed=0).tolist() == [0, 1, 2]


def test_samples_of_other_seeds_differ():
    ids = np.arange(100) % 2
    assert not np.array_equal(stratified_sample(ids, 20, seed=0), stratified_sample(ids, 20, seed=1))


def grouped(ids, groups, texts=None):
    whole = distinct(*[0] * (max(ids) + 1))
    texts = texts or [f"own{i}" for i in range(len(ids))]
    return TextDataset(texts, np.array(ids, dtype=np.int64), whole.labels, "reviews", groups=groups)


def sides_of(parts, key):
    return [set(key(part)) for part in parts]


def assert_apart(parts, key):
    sides = sides_of(parts, key)
    assert sum(map(len, sides)) == len(set.union(*sides)), sides


def test_near_duplicates_and_chains_of_them_stay_on_one_side():
    words = "a{0} b{0} c{0} d{0} e{0} f{0} g{0} h{0}"
    # Four variants of each: each is near the one before it, and the last is not near the first.
    endings = ("", " one", " one two", " one two three")
    texts = [words.format(i // 4) + endings[i % 4] for i in range(160)]
    whole = dataset(texts, [i % 2 for i in range(160)])
    clusters = find_clusters(whole.normal_forms)
    assert clusters.max() + 1 == 40
    cluster_of = dict(zip(texts, clusters.tolist(), strict=True))
    parts = split(whole, (0.6, 0.2, 0.2), seed=0)
    assert_apart(parts, lambda part: [cluster_of[text] for text in part.texts])
    assert [len(part) for part in parts] == [96, 32, 32]


def test_rows_of_a_group_stay_on_one_side():
    ids = [i % 2 for i in range(200)]
    whole = grouped(ids, [f"author {i // 10}" for i in range(200)])
    parts = split(whole, (0.8, 0.1, 0.1), seed=0)
    assert_apart(parts, lambda part: part.groups)
    assert [len(part) for part in parts] == [160, 20, 20]
    assert Counter(row for part in parts for row in rows_of(part)) == Counter(rows_of(whole))
    assert parts[0].texts == split(whole, (0.8, 0.1, 0.1), seed=0)[0].texts


def test_groups_that_share_a_text_stay_on_one_side():
    groups = [f"author {i // 2}" for i in range(80)]
    # The second text of each even author is the first of the next one.
    texts = [f"same{i // 4}" if i % 4 in (1, 2) else f"own{i}" for i in range(80)]
    parts = split(grouped([i // 4 % 2 for i in range(80)], groups, texts), (0.5, 0.5), seed=1)
    assert_apart(parts, lambda part: part.groups)
    assert_apart(parts, lambda part: part.texts)


def test_a_label_in_too_few_groups_is_refused():
    whole = grouped([0] * 30 + [1] * 30, [f"g{i}" for i in range(30)] + ["one", "two"] * 15)
    with pytest.raises(DataError, match="30 texts of the label 'l1' of reviews fall into 2 parts that share no groups"):
        split(whole, (0.8, 0.1, 0.1), seed=0)


@pytest.mark.parametrize("seed", range(20))
def test_a_label_that_is_nowhere_the_commonest_of_its_group_is_in_every_part(seed):
    ids, groups = [], []
    for group in range(12):
        ids += [0] * 9 + [int(group < 4)]
        groups += [f"g{group}"] * 10
    for part in split(grouped(ids, groups), (0.8, 0.1, 0.1), seed=seed):
        assert min(part.counts().values()) >= 1


@pytest.mark.parametrize(
    ("sizes", "expected"), [([30] * 10, [240, 30, 30]), ([180] + [5] * 24, [240, 30, 30]), ([50] * 3, [50, 50, 50])]
)
def test_groups_of_both_labels_divide_as_asked_where_they_can(sizes, expected):
    groups = [f"g{number}" for number, size in enumerate(sizes) for _ in range(size)]
    ids = [i % 2 for i in range(len(groups))]
    assert [len(part) for part in split(grouped(ids, groups), (0.8, 0.1, 0.1), seed=0)] == expected


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(0, 25)), min_size=6, max_size=60),
    st.integers(0, 99),
)
def test_no_group_and_no_text_is_divided_whatever_they_link(rows, seed):
    own = [(label, f"own {label}{i}", f"own {label}{i}") for label in (0, 1) for i in range(3)]
    rows = [*own, *((label, f"g{group}", f"t{text}") for label, group, text in rows)]
    ids, groups, texts = zip(*rows, strict=True)
    parts = split(grouped(ids, list(groups), list(texts)), (0.8, 0.1, 0.1), seed=seed)
    assert_apart(parts, lambda part: part.groups)
    assert_apart(parts, lambda part: part.normal_forms)
    assert sum(map(len, parts)) == len(rows)


def test_a_long_group_name_takes_no_room_for_each_row():
    groups = [f"g{i}" for i in range(20_000)]
    groups[0] = "x" * 1_000_000  # as an array of text this would be 80 GB
    parts = split(grouped([i % 2 for i in range(20_000)], groups), (0.5, 0.5), seed=0)
    assert sum(map(len, parts)) == 20_000


def test_few_shot_draws_so_many_of_each_label_and_tests_on_the_others():
    train, dev, test = split_few_shot(distinct(30, 50), 4, seed=0)
    assert train.counts() == dev.counts() == {"l0": 4, "l1": 4}
    assert test.counts() == {"l0": 22, "l1": 42}
    assert_apart((train, dev, test), lambda part: part.texts)


def test_equal_seeds_draw_equal_few_shots_and_others_do_not():
    whole = distinct(30, 30)
    first, again, other = (split_few_shot(whole, 5, seed=seed)[0].texts for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_few_shot_uses_one_row_of_a_cluster_and_leaves_the_others_out():
    # Each text stands three times, so that a text drawn leaves two rows out.
    whole = dataset([f"text{i // 3}{'!' * (i % 3)}" for i in range(60)], [i // 30 for i in range(60)])
    train, dev, test = split_few_shot(whole, 2, seed=0)
    assert [len(part) for part in (train, dev, test)] == [4, 4, 60 - 8 * 3]
    assert_apart((train, dev, test), lambda part: set(part.normal_forms))
    assert len(set(train.normal_forms)) == 4


def test_few_shot_uses_one_row_of_a_group():
    whole = grouped([i % 2 for i in range(120)], [f"g{i // 4}" for i in range(120)])
    train, dev, test = split_few_shot(whole, 3, seed=0)
    assert train.counts() == dev.counts() == {"l0": 3, "l1": 3}
    assert len({*train.groups, *dev.groups}) == 12
    assert not {*train.groups, *dev.groups} & {*test.groups}


def test_few_shot_draws_labels_that_are_nowhere_the_commonest_of_their_group():
    ids, groups = [], []
    for group in range(16):
        ids += [0, 0, int(group < 5)]
        groups += [f"g{group}"] * 3
    train, dev, test = split_few_shot(grouped(ids, groups), 2, seed=0)
    assert train.counts() == dev.counts() == {"l0": 2, "l1": 2}
    assert min(test.counts().values()) >= 1


def test_few_shot_needs_one_text_more_than_it_draws():
    split_few_shot(distinct(5, 9), 2, seed=0)
    with pytest.raises(DataError, match="'l0' of reviews has 4 texts, at least 5 are needed"):
        split_few_shot(distinct(4, 9), 2, seed=0)


def test_few_shot_is_refused_where_two_labels_need_the_same_groups():
    with pytest.raises(DataError, match="at least 3 are needed"):
        split_few_shot(grouped([0, 1] * 4, [f"g{i // 2}" for i in range(8)]), 1, seed=0)


def test_a_part_of_a_data_set_is_stratified_and_the_whole_stays_itself():
    whole = distinct(40, 20)
    assert take(whole, 30, seed=0).counts() == {"l0": 20, "l1": 10}
    assert take(whole, 60, seed=0) is whole
