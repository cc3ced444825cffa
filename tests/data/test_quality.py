from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data import TextDataset, find_overlap, load_dataset
from afina.data.quality import duplicate_rows
from afina.labels import LabelSet

TEN = "one two three four five six seven eight nine ten"


def dataset(texts, ids=None):
    ids = np.zeros(len(texts), dtype=np.int64) if ids is None else np.array(ids, dtype=np.int64)
    return TextDataset(texts, ids, LabelSet(("a", "b")))


def test_duplicates_are_later_rows_with_the_same_words_and_label():
    rows = dataset(["Good film", "good film!", "good film", "bad", "BAD.", "good, film"], [0, 0, 1, 1, 1, 1])
    assert duplicate_rows(rows).tolist() == [1, 4, 5]


def test_no_duplicates_is_an_empty_array_that_can_index():
    assert duplicate_rows(dataset(["a", "b"])).tolist() == []
    assert dataset(["a", "b"]).label_ids[duplicate_rows(dataset(["a", "b"]))].tolist() == []


def test_exact_overlap_ignores_case_punctuation_and_labels():
    overlap = find_overlap(dataset(["The FILM!", "other", "the film"], [0, 0, 0]), dataset(["the film"], [1]))
    assert overlap.exact.tolist() == [0, 2]
    assert overlap.near.tolist() == []


def test_near_overlap_starts_at_four_fifths_of_the_words():
    other = dataset([TEN])
    eight, seven = " ".join(TEN.split()[:8]), " ".join(TEN.split()[:7])
    overlap = find_overlap(dataset([eight, seven]), other)
    assert overlap.near.tolist() == [0]
    assert overlap.examples == ((eight, TEN),)


def test_the_same_words_in_another_order_are_near_and_not_exact():
    overlap = find_overlap(dataset(["ten nine eight"]), dataset(["eight nine ten"]))
    assert (overlap.exact.tolist(), overlap.near.tolist()) == ([], [0])


def test_overlap_is_false_when_nothing_is_shared():
    overlap = find_overlap(dataset(["a b", "😀", ""]), dataset(["c d", "😡"]))
    assert not overlap
    assert overlap.rows.tolist() == []


def test_overlap_with_nothing_is_empty():
    assert not find_overlap(dataset([]), dataset(["a"]))
    assert not find_overlap(dataset(["a"]), dataset([]))


def test_rows_are_exact_and_near_ones_ascending():
    overlap = find_overlap(dataset([TEN.replace("ten", "zehn"), "x", TEN]), dataset([TEN]))
    assert overlap
    assert overlap.rows.tolist() == [0, 2]


def test_no_more_examples_are_shown_than_asked_for():
    many = dataset([f"{TEN} {i}" for i in range(5)])
    assert len(find_overlap(many, dataset([TEN]), n_examples=2).examples) == 2
    assert len(find_overlap(many, dataset([TEN])).examples) == 3


WORD_SETS = st.lists(st.sets(st.sampled_from("abcdefghijk"), min_size=1), max_size=8)


@settings(deadline=None, max_examples=200)
@given(WORD_SETS, WORD_SETS, st.randoms(use_true_random=False))
def test_overlap_is_what_comparing_every_pair_finds(some, others, random):
    def texts(sets):
        return [" ".join(random.sample(sorted(words), len(words))) for words in sets]

    rows, other = dataset(texts(some)), dataset(texts(others))
    overlap = find_overlap(rows, other, n_examples=99)
    exact = [i for i, text in enumerate(rows.texts) if text in set(other.texts)]
    near = [
        i
        for i, words in enumerate(some)
        if i not in exact and any(Fraction(len(words & two), len(words | two)) >= Fraction(4, 5) for two in others)
    ]
    assert overlap.exact.tolist() == exact
    assert overlap.near.tolist() == near
    assert [text for text, _ in overlap.examples] == [rows.texts[i] for i in near]
    for text, match in overlap.examples:
        one, two = set(text.split()), set(match.split())
        assert Fraction(len(one & two), len(one | two)) >= Fraction(4, 5)
        assert match in other.texts


@pytest.mark.parametrize("size", [5, 10, 15, 20, 35, 100, 1000])
def test_the_threshold_holds_for_long_texts(size):
    words = [f"w{i}" for i in range(size)]
    kept = size * 4 // 5
    rows = dataset([" ".join(words[:kept]), " ".join(words[: kept - 1])])
    assert find_overlap(rows, dataset([" ".join(words)])).near.tolist() == [0]


def test_the_sample_reviews_are_all_found_in_the_sst2_dev_set(shared_data):
    reviews, _ = load_dataset(str(shared_data / "sample_reviews.parquet"))
    dev, _ = load_dataset(str(shared_data / "sst2_dev.parquet"))
    overlap = find_overlap(reviews, dev)
    assert (len(overlap.exact), len(overlap.near)) == (139, 11)
