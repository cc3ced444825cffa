from __future__ import annotations

import numpy as np
import pytest

from afina.data.words import find_words
from afina.evaluation.behaviour import BehaviourTest, Case, build_tests, run_tests
from afina.labels import LabelSet

BINARY, TERNARY = LabelSet(("negative", "positive")), LabelSet(("negative", "neutral", "positive"))


class Scripted:
    """Answers with the probabilities that stand in a script, and counts the texts that it read."""

    def __init__(self, script, labels=BINARY):
        self.labels, self._script, self.read = labels, script, []

    def predict_proba(self, texts):
        self.read += texts
        return np.array([self._script[text] for text in texts])


class Words:
    """Says positive where a text holds one of these words."""

    labels = BINARY

    def __init__(self, *positive):
        self._positive = set(positive)

    def predict_proba(self, texts):
        found = np.array([bool(self._positive & set(find_words(text))) for text in texts], dtype=float)
        return np.stack([0.9 - 0.8 * found, 0.1 + 0.8 * found], axis=1)


def result(kind, script, *cases, labels=BINARY):
    test = BehaviourTest("a test", "typos", kind, tuple(cases))
    return run_tests(Scripted(script, labels), [test])[0]


def test_minimum_functionality_fails_where_the_label_is_another():
    script = {"a": [0.4, 0.6], "b": [0.6, 0.4], "c": [0.1, 0.9]}
    found = result("MFT", script, *(Case((text,), ("positive",)) for text in "abc"))
    assert [failure.case.texts[0] for failure in found.failures] == ["b"]
    assert found.failure_rate.value == pytest.approx(1 / 3)
    assert found.failure_rate.low < 1 / 3 < found.failure_rate.high


def test_any_of_several_labels_will_do():
    script = {"a": [0.1, 0.8, 0.1], "b": [0.1, 0.1, 0.8], "c": [0.8, 0.1, 0.1]}
    cases = [Case((text,), ("neutral", "positive")) for text in "abc"]
    found = result("MFT", script, *cases, labels=TERNARY)
    assert found.failures[0].as_dict(TERNARY) == {
        "text": "c", "other": None, "expected": "neutral or positive", "predicted": "negative",
        "scores": {"negative": 0.8, "neutral": 0.1, "positive": 0.1}, "scores_before": None,
    }  # fmt: skip
    assert len(found.failures) == 1


@pytest.mark.parametrize(
    ("before", "after", "fails"),
    [
        ([0.3, 0.7], [0.6, 0.4], True),
        ([0.46, 0.54], [0.54, 0.46], False),  # flipped, and moved by 0.08
        ([0.0, 1.0], [0.4, 0.6], False),  # moved by 0.4, and not flipped
        ([0.9, 0.1], [0.2, 0.8], True),
    ],
)
def test_invariance_fails_where_the_label_flips_and_its_probability_moves(before, after, fails):
    found = result("INV", {"a": before, "b": after}, Case(("a", "b")))
    assert bool(found.failures) == fails


def test_invariance_over_groups_shows_the_form_that_moves_most():
    script = {"a": [0.1, 0.9], "b": [0.2, 0.8], "c": [0.6, 0.4], "d": [0.8, 0.2]}
    found = result("INV", script, Case(("a", "b", "c", "d")))
    example = found.failures[0].as_dict(BINARY)
    assert (example["text"], example["other"]) == ("a", "d")
    assert (example["expected"], example["predicted"]) == ("positive", "negative")
    assert example["scores_before"]["positive"] == 0.9
    assert example["scores"]["negative"] == 0.8


@pytest.mark.parametrize(
    ("before", "after", "fails"),
    [
        ([0.3, 0.7], [0.45, 0.55], True),
        ([0.3, 0.7], [0.35, 0.65], False),
        ([0.3, 0.7], [0.1, 0.9], False),
        ([0.8, 0.2], [0.95, 0.05], True),
    ],
)
def test_a_direction_fails_where_the_named_probability_falls(before, after, fails):
    found = result("DIR", {"a": before, "b": after}, Case(("a", "b"), ("positive",)))
    assert bool(found.failures) == fails


def test_each_text_is_read_once_and_progress_is_told():
    script = {"a": [0.4, 0.6], "b": [0.6, 0.4]}
    tests = [BehaviourTest("t", "typos", "INV", (Case(("a", "b")), Case(("b", "a")))) for _ in range(3)]
    classifier, told = Scripted(script), []
    run_tests(classifier, tests, advance=lambda done, total: told.append((done, total)))
    assert sorted(classifier.read) == ["a", "b"]
    assert (told[0], told[-1]) == ((0, 2), (2, 2))


def test_examples_come_from_different_places():
    script = {str(i): [0.9, 0.1] for i in range(10)}
    found = result("MFT", script, *(Case((str(i),), ("positive",)) for i in range(10)))
    assert [failure.case.texts[0] for failure in found.examples()] == ["0", "5"]


def test_a_model_of_single_words_passes_vocabulary_and_fails_negation():
    from afina.evaluation.behaviour.suite_files import load_lexicon

    lexicon = load_lexicon()
    classifier = Words(*lexicon["good"], *lexicon["love"], *lexicon["loved"])
    tests, _ = build_tests(BINARY, n_cases=100, capabilities=["vocabulary", "negation", "typos"])
    rates = {result.test.name: result.failure_rate.value for result in run_tests(classifier, tests)}
    assert rates["Sentiment words in context"] == 0
    assert rates["Negated praise"] > 0.95
    assert rates["Negated blame"] > 0.95
    assert rates["Praise negated from afar"] == 1
    assert rates["Closing punctuation"] == 0
    assert rates["Capitals"] == 0
    assert 0 < rates["Two letters swapped"] < 0.5
