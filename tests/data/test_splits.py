from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data import TextDataset, normalise, require_rows_per_label, split, stratified_sample
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


@settings(deadline=None, max_examples=150)
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
