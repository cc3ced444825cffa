import json

import numpy as np
import pytest
from scipy.stats import binomtest

from afina.data import TextDataset
from afina.data.words import find_words
from afina.evaluation import expected_calibration_error
from afina.evaluation.slices import Slice, find_slices, has_contrast, has_negation, score_slices
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))
PLAIN = "the film was a joy and it is for all of us"
NEGATED = "this was not the film for me"


def dataset_of(texts, label_ids=None):
    ids = np.zeros(len(texts), dtype=np.int64) if label_ids is None else np.array(label_ids)
    return TextDataset(texts, ids, LABELS)


def named(members):
    return {(each.kind, each.value): each.rows.tolist() for each in members}


@pytest.mark.parametrize(
    "text",
    [
        "not bad", "I Never laughed", "it isn't", "it isn’t good", "i do n't know", "it isn 't good", "we couldn ' t",
        "dont buy it", "hardly a film", "without charm", "nothing works", "cannot stand it",
    ],
)  # fmt: skip
def test_a_negation_is_found(text):
    assert has_negation(find_words(text))


@pytest.mark.parametrize("text", ["a knot of notes", "the nomad is noble", "a t shirt", "model t", "", "want it"])
def test_words_like_a_negation_are_none(text):
    assert not has_negation(find_words(text))


@pytest.mark.parametrize(
    "text",
    [
        "good but long", "However, it works", "fine, though dull", "in spite of it all",
        "despite the rain", "on the other hand it is cheap",
    ],
)  # fmt: skip
def test_a_contrast_is_found(text):
    assert has_contrast(find_words(text))


@pytest.mark.parametrize("text", ["a butter knife", "out of spite", "my hand", "", "thought through"])
def test_words_like_a_contrast_are_none(text):
    assert not has_contrast(find_words(text))


def test_texts_are_divided_by_length_label_negation_and_contrast():
    texts = [PLAIN, NEGATED, "the end", "this was fun but it is long"]
    assert named(find_slices(dataset_of(texts, [1, 0, 0, 1]))) == {
        ("length", "1 to 5 words"): [False, False, True, False],
        ("length", "6 to 10 words"): [False, True, False, True],
        ("length", "11 to 20 words"): [True, False, False, False],
        ("label", "negative"): [False, True, True, False],
        ("label", "positive"): [True, False, False, True],
        ("negation", "yes"): [False, True, False, False],
        ("negation", "no"): [True, False, True, True],
        ("contrast", "yes"): [False, False, False, True],
        ("contrast", "no"): [True, True, True, False],
    }


def test_each_division_puts_every_text_into_one_slice():
    texts = ["word " * n for n in (0, 1, 5, 6, 10, 11, 160, 161, 320, 321)]
    members = [each for each in find_slices(dataset_of(texts)) if each.kind == "length"]
    assert np.sum([each.rows for each in members], axis=0).tolist() == [1] * len(texts)
    assert (members[0].value, members[0].rows.sum()) == ("no words", 1)
    assert (members[-1].value, members[-1].rows.sum()) == ("over 320 words", 1)
    assert [int(each.rows.sum()) for each in members] == [1, 2, 2, 1, 1, 2, 1]


def test_what_does_not_divide_the_texts_is_left_out():
    assert find_slices(dataset_of([PLAIN, PLAIN]), truncated=np.zeros(2, dtype=bool), domains=["a", "a"]) == []
    assert find_slices(dataset_of([PLAIN])) == []


def test_texts_in_another_language_are_not_searched_for_english_negations():
    texts = ["no me gusta nada esta película", "una historia preciosa y bien contada", "nunca la volvería a ver"]
    assert {each.kind for each in find_slices(dataset_of(texts, [0, 1, 0]))} == {"label"} | {"length"}


def test_texts_are_divided_by_whether_they_were_cut():
    found = named(find_slices(dataset_of([PLAIN, PLAIN, PLAIN]), truncated=np.array([True, False, False])))
    assert found == {("truncated", "yes"): [True, False, False], ("truncated", "no"): [False, True, True]}


def test_frequent_domains_stand_alone_and_rare_ones_together():
    domains = [f"shop {i}" for i in range(20) for _ in range(2)] + ["rare", "rarer", " "]
    found = [each for each in find_slices(dataset_of([PLAIN] * 43), domains=domains) if each.kind == "domain"]
    assert len(found) == 21
    assert {int(each.rows.sum()) for each in found[:20]} == {2}
    assert (found[-1].value, found[-1].rows.sum()) == ("other, 3 domains", 3)


def test_a_text_without_domain_is_of_none():
    assert set(named(find_slices(dataset_of([PLAIN] * 2), domains=["", "books"]))) == {
        ("domain", "none"), ("domain", "books"),
    }  # fmt: skip


def answers_of(correct):
    """Texts of label 1, answered rightly or wrongly with 0.8."""
    correct = np.asarray(correct, dtype=bool)
    positive = np.where(correct, 0.8, 0.2)
    return np.ones(len(correct), dtype=np.int64), np.column_stack([1 - positive, positive])


def two_slices(n, n_here):
    here = np.arange(n) < n_here
    return [Slice("negation", "yes", here), Slice("negation", "no", ~here)]


def test_accuracy_of_a_slice_has_an_exact_interval_and_the_others_beside_it():
    correct = [True] * 6 + [False] * 2 + [True] * 9 + [False]
    here, elsewhere = score_slices(*answers_of(correct), two_slices(18, 8))
    exact = binomtest(6, 8).proportion_ci(0.95)
    assert (here.slice.kind, here.slice.value, here.n) == ("negation", "yes", 8)
    assert (here.accuracy.value, here.accuracy.low, here.accuracy.high) == pytest.approx((0.75, exact.low, exact.high))
    assert here.accuracy_elsewhere == elsewhere.accuracy.value == 0.9
    assert elsewhere.accuracy_elsewhere == 0.75


def test_a_slice_of_one_text_says_next_to_nothing():
    here, _ = score_slices(*answers_of([False] + [True] * 30), two_slices(31, 1))
    assert (here.accuracy.low, here.accuracy.high) == pytest.approx((0, 0.975))
    assert here.ece is None
    # The one wrong text of 31 is this one by chance one time in 31, of two slices.
    assert not here.worse


def test_a_slice_is_worse_where_chance_does_not_explain_it():
    correct = np.arange(400) % 10 > 0
    correct[:100] = np.arange(100) % 3 > 0
    here, elsewhere = score_slices(*answers_of(correct), two_slices(400, 100))
    assert here.worse
    assert not elsewhere.worse
    swapped, _ = score_slices(*answers_of(~correct), two_slices(400, 100))
    assert not swapped.worse


@pytest.mark.slow
def test_many_slices_of_chance_are_rarely_called_worse():
    rng = np.random.default_rng(0)
    false_alarms = 0
    for _ in range(100):
        rows = np.eye(20, dtype=bool)[rng.integers(0, 20, size=600)].T
        slices = [Slice("domain", str(i), each) for i, each in enumerate(rows)]
        false_alarms += any(each.worse for each in score_slices(*answers_of(rng.random(600) < 0.7), slices))
    # 5 on average at most; without the correction it would be more than half.
    assert false_alarms <= 12


def test_one_slice_that_is_worse_is_found_among_many():
    rng = np.random.default_rng(0)
    domains = rng.integers(0, 20, size=4000)
    correct = rng.random(4000) < np.where(domains == 7, 0.6, 0.9)
    slices = [Slice("domain", str(i), domains == i) for i in range(20)]
    assert [each.slice.value for each in score_slices(*answers_of(correct), slices) if each.worse] == ["7"]


def test_the_calibration_error_is_told_of_a_hundred_texts_and_more():
    label_ids, probabilities = answers_of(np.arange(199) % 2 == 0)
    here, elsewhere = score_slices(label_ids, probabilities, two_slices(199, 100))
    assert here.ece == pytest.approx(expected_calibration_error(label_ids[:100], probabilities[:100]))
    assert elsewhere.ece is None


def test_the_json_form_has_the_documented_keys():
    (here, _) = score_slices(*answers_of([True, False]), two_slices(2, 1))
    document = json.loads(json.dumps(here.as_dict()))
    assert list(document) == ["slice", "value", "n", "accuracy", "accuracy_elsewhere", "ece", "worse"]
    assert document["worse"] is False


def test_no_slices_are_no_rows():
    assert score_slices(*answers_of([True]), []) == ()
