import numpy as np
import pytest

from afina.data import TextDataset, find_clusters
from afina.data.audit import (
    audit,
    combine,
    flip_labels,
    make_folds,
    probabilities_from_embeddings,
    probabilities_from_words,
)
from afina.errors import DataError
from afina.labels import LabelSet


def labelled(ids, texts=None):
    ids = np.asarray(ids, dtype=np.int64)
    labels = LabelSet(tuple(f"l{i}" for i in range(int(ids.max()) + 1)))
    return TextDataset(texts or [f"text{i}" for i in range(len(ids))], ids, labels)


def folds_of(dataset, n_folds=5, seed=0):
    return make_folds(dataset, find_clusters(dataset.normal_forms), n_folds=n_folds, seed=seed)


def separable(n_labels=2, n=60, width=8, seed=0):
    """Rows of length 1 around one direction for each label, and the labels in turn."""
    ids = np.arange(n_labels * n) % n_labels
    rows = np.random.default_rng(seed).normal(0, 0.2, (len(ids), width)) + 2 * np.eye(width)[ids]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), ids.astype(np.int64)


def wordy(n=60):
    ids = np.arange(2 * n) % 2
    words = (("lovely", "great", "kind"), ("awful", "dull", "rude"))
    return labelled(ids, [f"film number {i} was {words[label][i % 3]} it" for i, label in enumerate(ids)])


@pytest.mark.parametrize("n_labels", [2, 3, 4])
def test_flipped_labels_of_separable_texts_are_found_and_put_right(n_labels):
    rows, true = separable(n_labels)
    given, changed = flip_labels(true, n_labels, 0.1, seed=1)
    found = audit(given, probabilities_from_embeddings(rows, given, folds_of(labelled(given))))
    assert set(found.ranked[: changed.sum()]) == set(np.flatnonzero(changed))
    assert np.array_equal(found.suggested, true)
    assert np.array_equal(found.is_issue, changed)


def test_flipped_labels_are_found_by_words():
    clean = wordy()
    given, changed = flip_labels(clean.label_ids, 2, 0.1, seed=2)
    flipped = TextDataset(clean.texts, given, clean.labels)
    folds = make_folds(flipped, np.arange(len(flipped)), n_folds=5, seed=0)
    found = audit(given, probabilities_from_words(flipped.texts, given, folds))
    assert set(found.ranked[: changed.sum()]) == set(np.flatnonzero(changed))
    assert np.array_equal(found.suggested, clean.label_ids)


def test_right_labels_are_no_issues():
    rows, ids = separable()
    found = audit(ids, probabilities_from_embeddings(rows, ids, folds_of(labelled(ids))))
    assert not found.is_issue.any()
    assert np.array_equal(found.suggested, ids)


def test_the_ranking_runs_from_the_least_likely_label_and_ties_keep_their_order():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    found = audit(np.array([0, 1, 0, 0, 0]), probabilities)
    assert found.ranked.tolist() == [3, 4, 2, 1, 0]
    assert found.quality.tolist() == [0.9, 0.8, 0.4, 0.2, 0.3]
    assert found.suggested.tolist() == [0, 1, 1, 1, 1]


def test_a_label_that_no_text_has_any_more_is_no_error():
    ids = np.repeat([0, 2], 30)
    assert not audit(ids, np.eye(3)[ids] * 0.7 + 0.1).is_issue.any()


@pytest.mark.parametrize("n_labels", [2, 3])
def test_probabilities_of_each_text_sum_to_one(n_labels):
    rows, ids = separable(n_labels)
    folds = folds_of(labelled(ids))
    probabilities = probabilities_from_embeddings(rows, ids, folds)
    assert probabilities.shape == (len(ids), n_labels)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.allclose(probabilities_from_words(labelled(ids).texts, ids, folds).sum(axis=1), 1)


def test_a_model_has_not_seen_the_labels_of_the_texts_it_judges():
    rows, ids = separable(n=20)
    folds = folds_of(labelled(ids))
    before = probabilities_from_embeddings(rows, ids, folds)
    changed = ids.copy()
    changed[folds[0]] = 1 - changed[folds[0]]
    after = probabilities_from_embeddings(rows, changed, folds)
    assert np.array_equal(before[folds[0]], after[folds[0]])
    assert not np.allclose(before[folds[1]], after[folds[1]])


def test_a_label_missing_from_the_rest_of_a_fold_gets_no_probability_there():
    rows, ids = separable(3, n=20)
    alone = np.flatnonzero(ids == 2)
    others = np.flatnonzero(ids != 2)
    probabilities = probabilities_from_embeddings(rows, ids, [alone, others[:20], others[20:]])
    assert not probabilities[alone, 2].any()
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert audit(ids, probabilities).quality[alone].tolist() == [0.0] * 20


def test_every_text_is_held_out_once_and_labels_keep_their_shares():
    ids = [0] * 150 + [1] * 50
    folds = folds_of(labelled(ids))
    assert sorted(np.concatenate(folds).tolist()) == list(range(200))
    assert [np.bincount(np.array(ids)[held_out]).tolist() for held_out in folds] == [[30, 10]] * 5


def test_copies_of_a_text_are_held_out_together():
    texts = [f"text{i // 3}{'!' * (i % 3)}" for i in range(120)]
    dataset = labelled([i // 3 % 2 for i in range(120)], texts)
    folds = folds_of(dataset)
    sides = [{dataset.normal_forms[i] for i in held_out} for held_out in folds]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 40


def test_equal_seeds_give_equal_folds_and_others_do_not():
    dataset = labelled([0, 1] * 30)
    first, again, other = (np.concatenate(folds_of(dataset, seed=seed)).tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(("n_texts", "told"), [(1, "1 distinct text,"), (4, "4 distinct texts,")])
def test_a_label_with_too_few_distinct_texts_is_refused_by_name(n_texts, told):
    texts = [f"text{i}" for i in range(30)] + [f"rare{i % n_texts}" for i in range(10)]
    with pytest.raises(DataError, match=f"The label 'l1' has {told} an audit needs at least 5"):
        folds_of(labelled([0] * 30 + [1] * 10, texts))


def test_a_label_without_any_text_is_refused_by_name():
    dataset = labelled([0] * 10 + [2] * 10)
    with pytest.raises(DataError, match="'l1' has 0 distinct texts"):
        folds_of(dataset)


def test_texts_that_are_nearly_all_one_cluster_are_refused():
    ids = [0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1]
    clusters = np.array([1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0])
    with pytest.raises(DataError, match="repeat one another too much"):
        make_folds(labelled(ids), clusters, n_folds=2, seed=0)


def test_the_product_of_two_models_doubts_most_what_both_doubt():
    one = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5], [1.0, 0.0]])
    other = np.array([[0.8, 0.2], [0.3, 0.7], [0.2, 0.8], [0.0, 1.0]])
    both = combine(one, other)
    assert np.allclose(both, [[36 / 37, 1 / 37], [2 / 9, 7 / 9], [0.2, 0.8], [0.5, 0.5]])
    assert np.isfinite(both).all()


@pytest.mark.parametrize("n_labels", [2, 5])
def test_flips_change_just_the_share_asked_for_to_another_label(n_labels):
    ids = np.arange(1000) % n_labels
    flipped, changed = flip_labels(ids, n_labels, 0.2, seed=0)
    assert changed.sum() == 200
    assert np.array_equal(flipped != ids, changed)
    assert set(flipped[changed].tolist()) == set(range(n_labels))
    assert np.array_equal(flipped, flip_labels(ids, n_labels, 0.2, seed=0)[0])
    assert not np.array_equal(flipped, flip_labels(ids, n_labels, 0.2, seed=1)[0])
    assert not flip_labels(ids, n_labels, 0.0, seed=0)[1].any()
