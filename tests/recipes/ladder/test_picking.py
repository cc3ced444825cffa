from __future__ import annotations

import numpy as np
import pytest

from afina.data import TextDataset
from afina.evaluation import evaluate
from afina.labels import LabelSet
from afina.recipes.ladder.measuring import Fitted, Measured, Size
from afina.recipes.ladder.picking import choose_pick, on_front

LABELS = LabelSet(("negative", "positive"))
N = 400
PARTS = {
    name: TextDataset([f"{name} {i}" for i in range(N)], np.arange(N) % 2, LABELS, name=name)
    for name in ("dev", "test")
}


class Erring:
    """Knows every text but those whose number is below a share of them."""

    labels = LABELS

    def __init__(self, dev_errors, test_errors):
        self._errors = {"dev": dev_errors, "test": test_errors}

    def predict_proba(self, texts):
        parts, numbers = zip(*(text.split() for text in texts), strict=True)
        right = np.array([int(number) % 2 for number in numbers])
        wrong = [int(number) < self._errors[part] for part, number in zip(parts, numbers, strict=True)]
        return np.eye(2)[np.where(wrong, 1 - right, right)]


def rung(name, dev_errors, test_errors=None, *, transformer=False, minutes=1.0, milliseconds=1.0):
    classifier = Erring(dev_errors, dev_errors if test_errors is None else test_errors)
    predicted = {part: classifier.predict_proba(texts.texts).argmax(axis=1) for part, texts in PARTS.items()}
    return Measured(
        name=name, title=name, is_transformer=transformer,
        fitted=Fitted(classifier, 60 * minutes, 100, Size(10, 2_000_000)), dev_predicted=predicted["dev"],
        test_predicted=predicted["test"], dev_accuracy=float((predicted["dev"] == PARTS["dev"].label_ids).mean()),
        test=evaluate(classifier, PARTS["test"], samples=200), milliseconds_a_text=milliseconds,
    )  # fmt: skip


def pick(*rungs):
    return choose_pick(rungs, PARTS["dev"], PARTS["test"], samples=500)


def test_the_cheapest_that_the_dev_texts_cannot_tell_from_the_best_is_picked():
    found = pick(rung("majority", 200), rung("tfidf", 62), rung("head", 61), rung("full", 60, transformer=True))
    # Two errors more of 400 are within chance, 140 more are not.
    assert found.chosen.name == "tfidf"
    assert found.best.name == "full"
    assert found.above.name == "head"
    assert found.needs_transformer is False
    assert found.behind_best["majority"].told_apart
    assert not found.behind_best["tfidf"].told_apart
    assert "no transformer, as far as can be shown" in found.answer
    assert "no more than chance" in " ".join(found.reasons)


def test_what_is_better_by_more_than_chance_is_worth_its_cost():
    found = pick(rung("tfidf", 100), rung("full", 60, transformer=True, minutes=3.0, milliseconds=15))
    assert found.chosen is found.best
    assert found.needs_transformer is True
    assert found.above is None
    assert found.answer.endswith("need a transformer: full is the cheapest rung that keeps up with the best")
    assert "0.850" in found.reasons[0]
    assert "3.0 minutes of training, 15 ms a text and 2.0 MB" in found.reasons[0]


def test_the_test_texts_choose_nothing_and_their_doubt_is_told():
    found = pick(rung("tfidf", 61, 120), rung("full", 60, 40, transformer=True))
    assert found.chosen.name == "tfidf"
    assert "more than chance: with more dev texts" in " ".join(found.reasons)
    assert "gains on the test texts (+20.0 points" in found.reasons[-1]


def test_of_equal_rungs_the_cheaper_one_is_best():
    assert pick(rung("a", 50), rung("b", 50)).best.name == "a"


def test_without_a_transformer_nobody_can_say_that_none_is_needed():
    found = pick(rung("majority", 200), rung("tfidf", 50))
    assert found.needs_transformer is None
    assert "is open, since none was measured" in found.answer
    assert found.as_dict()["needs_transformer"] is None


@pytest.mark.parametrize(
    ("costs", "accuracies", "expected"),
    [
        ([0, 1, 2], [0.5, 0.8, 0.9], [True, True, True]),
        ([0, 1, 2], [0.5, 0.9, 0.8], [True, True, False]),
        ([1, 1], [0.8, 0.9], [False, True]),
        ([1, 2], [0.9, 0.9], [True, False]),
        ([1, 1], [0.9, 0.9], [True, True]),
        ([3], [0.1], [True]),
        ([], [], []),
    ],
)
def test_on_the_front_is_what_no_other_beats(costs, accuracies, expected):
    assert on_front(costs, accuracies) == expected
