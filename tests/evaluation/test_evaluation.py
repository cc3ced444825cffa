import json

import numpy as np
import pytest

from afina.data import TextDataset
from afina.errors import DataError
from afina.evaluation import evaluate, evaluate_answers, score
from afina.labels import LabelSet

LABELS = LabelSet.from_values(["negative", "positive"])


class WordCounter:
    """Positive where a text holds the word good."""

    labels = LABELS

    def predict_proba(self, texts):
        positive = np.array([0.8 if "good" in text else 0.3 for text in texts]).reshape(-1, 1)
        return np.hstack([1 - positive, positive])


REVIEWS = TextDataset(["good", "bad", "not good", "dull"], np.array([1, 0, 0, 0]), LABELS, "reviews")


def test_any_classifier_is_scored_by_its_answers():
    evaluation = evaluate(WordCounter(), REVIEWS, samples=200)
    assert evaluation.metrics == score(REVIEWS.label_ids, evaluation.probabilities, LABELS, samples=200)
    assert evaluation.metrics.confusion == ((2, 1), (0, 1))
    assert evaluation.texts_per_second > 0


def test_the_json_form_names_the_data_set_and_what_was_cut():
    document = json.loads(json.dumps(evaluate(WordCounter(), REVIEWS, samples=100, share_truncated=0.25).as_dict()))
    assert (document["dataset"], document["n"], document["share_truncated"]) == ("reviews", 4, 0.25)
    assert document["accuracy"]["value"] == 0.75
    assert evaluate(WordCounter(), REVIEWS, samples=100).as_dict()["share_truncated"] is None


def test_an_empty_data_set_is_an_error():
    with pytest.raises(DataError, match="no texts"):
        evaluate(WordCounter(), REVIEWS.select(np.zeros(0, dtype=np.int64)))


def test_some_rows_are_scored_without_predicting_again():
    every = evaluate(WordCounter(), REVIEWS, samples=100)
    rows = np.array([0, 2])
    some = evaluate_answers(
        REVIEWS.select(rows), every.probabilities[rows], texts_per_second=every.texts_per_second, samples=100
    )
    again = evaluate(WordCounter(), REVIEWS.select(rows), samples=100)
    assert some.metrics == again.metrics
    assert (some.dataset, some.texts_per_second) == (every.dataset, every.texts_per_second)


def test_a_classifier_of_other_labels_is_an_error():
    class OneColumn:
        labels = LABELS

        def predict_proba(self, texts):
            return np.ones((len(texts), 1))

    with pytest.raises(DataError, match="shape"):
        evaluate(OneColumn(), REVIEWS)
