"""The suite itself: whole, large, natural enough to be told apart, and nothing of it taught."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from afina.data import TextDataset, normalise
from afina.data.augmentation import augment
from afina.data.augmentation.augmenting import taught_lexicon, taught_templates
from afina.data.augmentation.templates import fill, slots_of
from afina.data.similarity import near_matches
from afina.evaluation.behaviour import CAPABILITIES, build_tests
from afina.evaluation.behaviour.suite_files import TestSpec, load_lexicon, load_reviews, load_specs
from afina.labels import LabelSet

BINARY, TERNARY = LabelSet(("negative", "positive")), LabelSet(("negative", "neutral", "positive"))
SPECS = load_specs()


def templates_of(spec):
    listed = [*spec.positive, *spec.negative, *spec.neutral, *spec.not_negative, *spec.sentences]
    return [template for each in listed for template in ([each] if isinstance(each, str) else each)]


def test_there_are_many_tests_of_every_capability_with_names_of_their_own():
    assert len(SPECS) >= 40
    assert len({spec.name for spec in SPECS}) == len(SPECS)
    assert [spec.capability for spec in SPECS] == sorted((spec.capability for spec in SPECS), key=CAPABILITIES.index)
    assert {spec.capability for spec in SPECS} == set(CAPABILITIES)
    assert {spec.kind for spec in SPECS} == {"MFT", "INV", "DIR"}
    assert sum(spec.published is not None for spec in SPECS) >= 20


def test_every_slot_has_a_list_and_no_list_repeats_itself():
    for template in [
        *(template for spec in SPECS for template in templates_of(spec)),
        *(template for reviews in load_reviews().values() for template in reviews),
    ]:
        assert slots_of(template) <= set(load_lexicon()), template
    for words in load_lexicon().values():
        assert len(set(words)) == len(words)


def test_a_test_has_as_many_cases_as_asked_for():
    for labels in (BINARY, TERNARY):
        tests, _ = build_tests(labels, n_cases=200)
        assert {test.name: len(test.cases) for test in tests} == {test.name: 200 for test in tests}


def test_sentences_are_filled_and_different():
    tests, _ = build_tests(TERNARY, n_cases=100)
    for test in tests:
        texts = [case.texts for case in test.cases]
        assert len(set(texts)) == len(texts), test.name
        for text in (text for case in texts for text in case):
            assert not re.search(r"[{}\[\]|\0]|  ", text), text
            assert test.kind == "INV" or not re.search(r"\ba [aeio]", text), text


@pytest.mark.parametrize(
    "table",
    [
        {"kind": "MFT"},
        {"kind": "INV", "change": "capitals", "vary": "race"},
        {"kind": "INV", "vary": "race"},
        {"kind": "INV", "change": "no such change"},
        {"kind": "DIR", "change": "capitals"},
        {"kind": "MFT", "positive": ["a"], "tempaltes": ["b"]},
    ],
)
def test_a_test_that_is_not_whole_is_refused(table):
    with pytest.raises(ValueError, match=r"a whole|unknown change|Extra inputs"):
        TestSpec(name="test", capability="typos", **table)


@pytest.mark.parametrize("slot", ["thing", "things", "good", "bad"])
def test_tested_and_taught_words_that_matter_are_disjoint(slot):
    assert not set(load_lexicon()[slot]) & set(taught_lexicon()[slot])


def test_tested_and_taught_names_numbers_and_asides_are_disjoint():
    tested, taught = load_lexicon(), taught_lexicon()
    for one, other in (
        ("name", "person"), ("city", "town"), ("number", "amount"), ("aside", "middle"), ("loved", "delighted"),
        ("hated", "upset"), ("love", "recommend"), ("hate", "condemn"), ("happy_emoji", "smile"),
        ("angry_emoji", "frown"), ("happy_face", "smile"), ("angry_face", "frown"), ("very", "much"),
        ("others", "many"), ("relative", "someone"), ("before", "once"), ("gadget", "thing"),
    ):  # fmt: skip
        assert not set(tested[one]) & set(taught[other]), (one, other)


def skeleton(template):
    """A template without the words of its lists, so that equal ones are found whatever their slots are called."""
    return normalise(re.sub(r"\{[a-z_]+\d*\}", "slot", template))


def spelled_out(template):
    """A template with each of its alternatives in turn."""
    found = re.search(r"\[([^\[\]]*)\]", template)
    if found is None:
        return {template}
    parts = [template[: found.start()] + part + template[found.end() :] for part in found[1].split("|")]
    return {each for part in parts for each in spelled_out(part)}


def test_tested_and_taught_templates_are_disjoint():
    tested = {skeleton(each) for spec in SPECS for template in templates_of(spec) for each in spelled_out(template)}
    taught = [template for kind in CAPABILITIES for found in taught_templates(kind).values() for template in found]
    assert [each for template in taught for each in spelled_out(template) if skeleton(each) in tested] == []


def test_no_tested_sentence_is_taught_exactly_or_nearly():
    n = 4000
    training = TextDataset([f"text {i}" for i in range(n)], np.arange(n) % 2, BINARY)
    taught = []
    for kind in CAPABILITIES:
        if taught_templates(kind):
            taught += augment(training, [kind], seed=3).dataset.texts[n:]
    tests, _ = build_tests(BINARY, n_cases=300, seed=1)
    tested = {normalise(text) for test in tests for case in test.cases for text in case.texts}
    forms = [normalise(text) for text in taught]
    assert not tested & set(forms)
    assert near_matches(forms, sorted(tested)) == {}


def test_reviews_fill_in_many_ways():
    for meaning, reviews in load_reviews().items():
        made = {fill(review, load_lexicon(), random.Random(seed)) for review in reviews for seed in range(20)}
        assert len(made) > 3 * len(reviews), meaning
