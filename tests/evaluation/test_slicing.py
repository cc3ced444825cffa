import numpy as np
import pytest

from afina.data import TextDataset
from afina.data.words import find_words
from afina.evaluation.slicing import find_slices, has_contrast, has_negation
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))
PLAIN = "the film was a joy and it is for all of us"
NEGATED = "this was not the film for me"


def dataset_of(texts, label_ids=None):
    ids = np.zeros(len(texts), dtype=np.int64) if label_ids is None else np.array(label_ids)
    return TextDataset(texts, ids, LABELS)


def named(members):
    return {(each.slice, each.value): each.rows.tolist() for each in members}


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
    members = [each for each in find_slices(dataset_of(texts)) if each.slice == "length"]
    assert np.sum([each.rows for each in members], axis=0).tolist() == [1] * len(texts)
    assert (members[0].value, members[0].rows.sum()) == ("no words", 1)
    assert (members[-1].value, members[-1].rows.sum()) == ("over 320 words", 1)
    assert [int(each.rows.sum()) for each in members] == [1, 2, 2, 1, 1, 2, 1]


def test_what_does_not_divide_the_texts_is_left_out():
    assert find_slices(dataset_of([PLAIN, PLAIN]), truncated=np.zeros(2, dtype=bool), domains=["a", "a"]) == []
    assert find_slices(dataset_of([PLAIN])) == []


def test_texts_in_another_language_are_not_searched_for_english_negations():
    texts = ["no me gusta nada esta película", "una historia preciosa y bien contada", "nunca la volvería a ver"]
    assert {each.slice for each in find_slices(dataset_of(texts, [0, 1, 0]))} == {"label"} | {"length"}


def test_texts_are_divided_by_whether_they_were_cut():
    found = named(find_slices(dataset_of([PLAIN, PLAIN, PLAIN]), truncated=np.array([True, False, False])))
    assert found == {("truncated", "yes"): [True, False, False], ("truncated", "no"): [False, True, True]}


def test_frequent_domains_stand_alone_and_rare_ones_together():
    domains = [f"shop {i}" for i in range(20) for _ in range(2)] + ["rare", "rarer", " "]
    found = [each for each in find_slices(dataset_of([PLAIN] * 43), domains=domains) if each.slice == "domain"]
    assert len(found) == 21
    assert {int(each.rows.sum()) for each in found[:20]} == {2}
    assert (found[-1].value, found[-1].rows.sum()) == ("other, 3 domains", 3)


def test_a_text_without_domain_is_of_none():
    assert set(named(find_slices(dataset_of([PLAIN] * 2), domains=["", "books"]))) == {
        ("domain", "none"), ("domain", "books"),
    }  # fmt: skip
