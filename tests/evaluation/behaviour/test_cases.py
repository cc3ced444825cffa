from __future__ import annotations

import pytest

from afina.evaluation.behaviour import build_tests
from afina.evaluation.behaviour.suite_files import load_lexicon
from afina.labels import LabelSet

BINARY, TERNARY = LabelSet(("negative", "positive")), LabelSet(("negative", "neutral", "positive"))
EMOTIONS = LabelSet(("anger", "joy"))
# Words that no change exchanges tell the texts apart.
TEXTS = [f"Anna didn't like the 30 films that we saw in London, and {chr(97 + i) * 3} left." for i in range(26)]


def by_name(tests):
    return {(test.name, test.on): test for test in tests}


def test_equal_seeds_make_equal_cases_and_a_test_depends_on_no_other():
    everything, again = (by_name(build_tests(BINARY, n_cases=30)[0]) for _ in range(2))
    negation = by_name(build_tests(BINARY, n_cases=30, capabilities=["negation"])[0])
    assert everything == again
    assert negation == {key: everything[key] for key in negation}
    assert {test.capability for test in negation.values()} == {"negation"}
    other = by_name(build_tests(BINARY, n_cases=30, seed=1)[0])
    assert all(other[key].cases != test.cases for key, test in everything.items())


def test_neutral_sentences_are_skipped_for_a_model_that_does_not_know_neutral():
    two, skipped = build_tests(BINARY, n_cases=10)
    three, none = build_tests(TERNARY, n_cases=10)
    assert {test.name for test in skipped} == {"Facts without an opinion", "Negated facts"}
    assert all("does not know neutral" in test.why for test in skipped)
    assert none == []
    assert len(three) == len(two) + len(skipped)
    denied = by_name(two)["Negated blame", None], by_name(three)["Negated blame", None]
    assert [test.cases[0].labels for test in denied] == [("positive",), ("neutral", "positive")]


def test_known_labels_belong_to_the_words_of_their_sentences():
    lexicon = load_lexicon()
    tests = by_name(build_tests(BINARY, n_cases=60)[0])
    for case in tests["Sentiment words in context", None].cases:
        words = lexicon["good"] + lexicon["loved"] + lexicon["love"]
        assert any(f" {word}" in case.texts[0] for word in words) == (case.labels == ("positive",)), case
    for name, label in (("Negated praise", "negative"), ("Negated blame", "positive")):
        assert {case.labels for case in tests[name, None].cases} == {(label,)}


def test_invariance_tests_vary_the_group_and_nothing_else():
    race = by_name(build_tests(BINARY, n_cases=10, capabilities=["fairness"])[0])["Race", None]
    groups = load_lexicon()["race"]
    for case in race.cases:
        assert len(case.texts) == len(groups)
        for text, group in zip(case.texts, groups, strict=True):
            assert group in text
            bare = text.replace(f"an {group}", "a X").replace(f"An {group}", "A X")
            assert bare.replace(group, "X") == case.texts[0].replace(groups[0], "X")


def test_directional_pairs_share_their_words():
    pairs = by_name(build_tests(BINARY, n_cases=20)[0])["Stronger words", None]
    for before, after in (case.texts for case in pairs.cases):
        assert set(before.rstrip(".").split()) - {"a", "an"} < set(after.rstrip(".").split())


def test_texts_of_the_user_are_changed_beside_the_sentences_of_the_suite():
    tests = by_name(build_tests(BINARY, n_cases=20, texts=TEXTS, texts_name="mine")[0])
    mine = {name: test for (name, on), test in tests.items() if on == "mine"}
    assert {"Two letters swapped", "First names exchanged", "Places exchanged"} <= set(mine)
    assert all(test.kind == "INV" for test in mine.values())
    assert all(case.texts[0] in TEXTS and case.texts[1] not in TEXTS for test in mine.values() for case in test.cases)
    assert "Race" not in mine
    assert ("Two letters swapped", None) in tests


def test_other_labels_are_tested_on_the_texts_of_the_user_alone():
    tests, skipped = build_tests(EMOTIONS, n_cases=20, texts=TEXTS, texts_name="mine")
    assert {test.on for test in tests} == {"mine"}
    assert {test.kind for test in tests} == {"INV"}
    assert "Negated praise" in {test.name for test in skipped}
    assert all("the labels are anger, joy" in test.why for test in skipped)
    none, all_skipped = build_tests(EMOTIONS, n_cases=20)
    assert none == []
    assert any("--on SOURCE" in test.why for test in all_skipped)


@pytest.mark.parametrize("texts", [["12345", "!!!"], []])
def test_texts_that_cannot_be_changed_make_no_test(texts):
    tests, skipped = build_tests(EMOTIONS, n_cases=20, texts=texts, texts_name="mine", capabilities=["names"])
    assert tests == []
    assert len(skipped) == 2
