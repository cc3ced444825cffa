from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data import similarity
from afina.data.similarity import near_clusters, near_matches

WORD_SETS = st.lists(st.sets(st.sampled_from("abcdefghijk"), min_size=1), max_size=8)


def jaccard(one, other):
    return Fraction(len(one & other), len(one | other))


def texts_of(sets, random):
    return [" ".join(random.sample(sorted(words), len(words))) for words in sets]


def one_word_apart(one, other):
    return min(len(one), len(other)) >= 4 and max(len(one - other), len(other - one)) <= 1


def clusters_by_hand(sets, least=Fraction(4, 5)):
    clusters = list(range(len(sets)))
    for i, one in enumerate(sets):
        for j, other in enumerate(sets[:i]):
            if jaccard(one, other) >= least:
                old, new = max(clusters[i], clusters[j]), min(clusters[i], clusters[j])
                clusters = [new if cluster == old else cluster for cluster in clusters]
    numbers = {cluster: number for number, cluster in enumerate(sorted(set(clusters)))}
    return [numbers[cluster] for cluster in clusters]


@settings(deadline=None, max_examples=100)
@given(WORD_SETS, WORD_SETS, st.randoms(use_true_random=False))
def test_matches_are_what_comparing_every_pair_finds(some, others, random):
    matches = near_matches(texts_of(some, random), texts_of(others, random))
    apart = {
        (i, j)
        for i, words in enumerate(some)
        for j, other in enumerate(others)
        if one_word_apart(words, other) and jaccard(words, other) < Fraction(4, 5)
    }
    common = {("one", i) for i, n in Counter(i for i, _ in apart).items() if n > 3}
    common |= {("other", j) for j, n in Counter(j for _, j in apart).items() if n > 3}
    best = {
        i: max(
            (
                jaccard(words, other)
                for j, other in enumerate(others)
                if jaccard(words, other) >= Fraction(4, 5)
                or ((i, j) in apart and not common & {("one", i), ("other", j)})
            ),
            default=None,
        )
        for i, words in enumerate(some)
    }
    assert sorted(matches) == [i for i, similarity in best.items() if similarity is not None]
    for i, (j, value) in matches.items():
        assert value == pytest.approx(float(best[i]))
        assert jaccard(some[i], others[j]) == best[i]


@settings(deadline=None, max_examples=80)
@given(WORD_SETS, st.randoms(use_true_random=False))
def test_clusters_are_what_comparing_every_pair_finds(sets, random):
    assert near_clusters(texts_of(sets, random)).tolist() == clusters_by_hand(sets)


@pytest.mark.parametrize("least", [Fraction(1, 2), Fraction(2, 3), Fraction(9, 10)])
def test_no_pair_is_lost_where_near_means_something_else(monkeypatch, least):
    monkeypatch.setattr(similarity, "_NEAR", least)
    monkeypatch.setattr(similarity, "NEAR_JACCARD", float(least))
    rng = np.random.default_rng(0)
    sets = [set(rng.choice(14, rng.integers(1, 11), replace=False).tolist()) for _ in range(40)]
    texts = [" ".join(f"w{word}" for word in words) for words in sets]
    assert near_clusters(texts).tolist() == clusters_by_hand(sets, least)


@pytest.mark.parametrize("products", [1, 200, 4_000_000])
def test_long_and_short_texts_in_blocks_of_any_size_give_the_same_clusters(monkeypatch, products):
    monkeypatch.setattr(similarity, "_PRODUCTS_PER_BLOCK", products)
    rng = np.random.default_rng(0)
    sets = []
    for size in [5, 20, 45, 50, 60, 100] * 8:
        base = set(rng.choice(400, size, replace=False).tolist())
        sets.append(base)
        # Variants on both sides of the threshold.
        for dropped in (size // 10, size // 5, size // 4):
            sets.append(set(sorted(base)[dropped:]))
    texts = [" ".join(f"w{word}" for word in words) for words in sets]
    assert near_clusters(texts).tolist() == clusters_by_hand(sets)


@pytest.mark.parametrize("size", range(4, 30))
@pytest.mark.parametrize("kind", ["replaced", "put in", "left out"])
def test_texts_of_four_words_and_more_that_differ_in_one_match(size, kind):
    words = [f"w{i}" for i in range(size)]
    changed = {"replaced": ["new", *words[1:]], "put in": ["new", *words], "left out": words[1:]}[kind]
    found = near_matches([" ".join(changed)], [" ".join(words)])
    assert bool(found) == (len(changed) >= 4)
    assert near_matches([" ".join(["new", "newer", *words[2:6]])], [" ".join(words)]) == {}


def test_a_form_that_many_texts_share_is_no_match():
    form = "order number {} came late"
    others = [form.format(i) for i in range(4)]
    assert near_matches([form.format("x")], others) == {}
    assert list(near_matches([form.format("x")], others[:3])) == [0]
    assert near_matches(others, [form.format("x")]) == {}
    # Nor does it hide a text that is alike by more.
    assert near_matches(["order number 2 came late again"], [*others, "order number 2 came late again today"]) != {}


def test_one_word_apart_makes_no_cluster():
    assert near_clusters(["it was a fine film", "it was a dull film"]).tolist() == [0, 1]
    assert near_matches(["it was a fine film"], ["it was a dull film"]) == {0: (0, pytest.approx(4 / 6))}
    assert near_matches(["a fine film"], ["a dull film"]) == {}


@pytest.mark.parametrize("size", [5, 10, 15, 20, 35, 50, 100, 1000])
def test_the_threshold_is_met_exactly(size):
    words = [f"w{i}" for i in range(size)]
    kept = size * 4 // 5
    assert list(near_matches([" ".join(words[:kept]), " ".join(words[: kept - 1])], [" ".join(words)])) == [0]


def test_a_thousand_variants_of_a_sentence_are_one_cluster():
    stem = "we ordered the fish and waited for almost an hour at table number"
    assert set(near_clusters([f"{stem} {i}" for i in range(1000)]).tolist()) == {0}


def test_texts_without_words_are_near_nothing():
    assert near_matches(["", "a"], ["", "b"]) == {}
    assert near_clusters(["", "a", "b"]).tolist() == [0, 1, 2]
    assert near_clusters([]).tolist() == []
