from __future__ import annotations

import json

import numpy as np
import pytest

from afina.data import TextDataset
from afina.evaluation import TrainingTexts, find_mistakes
from afina.evaluation.mistakes import MAX_CHARACTERS
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))


def dataset(texts, label_ids, **more):
    return TextDataset(texts, np.array(label_ids), LABELS, **more)


def shares(*positive):
    """Probabilities by that of the positive label."""
    column = np.array(positive)
    return np.stack([1 - column, column], axis=1)


def texts_of(rows):
    return [row["text"] for row in rows]


@pytest.fixture
def five():
    texts = ["sure and right", "sure and wrong", "nearly wrong", "nearly right", "wrong"]
    return dataset(texts, [1, 0, 1, 1, 0], row_numbers=np.array([3, 4, 7, 8, 9]))


def test_the_surest_errors_and_the_smallest_margins_come_first(five):
    found = find_mistakes(five, shares(0.99, 0.98, 0.51, 0.48, 0.7))
    assert texts_of(found["confident"]) == ["sure and wrong", "wrong", "nearly right"]
    assert texts_of(found["near_misses"])[:2] == ["nearly wrong", "nearly right"]
    assert [row["correct"] for row in found["near_misses"][:2]] == [True, False]
    assert (found["n"], found["n_texts"]) == (3, 5)
    first = found["confident"][0]
    assert (first["row"], first["label"], first["predicted"]) == (4, "negative", "positive")
    assert first["confidence"] == pytest.approx(0.98)
    assert first["margin"] == pytest.approx(0.96)


def test_won_and_lost_are_against_the_baseline(five):
    found = find_mistakes(five, shares(0.99, 0.98, 0.51, 0.48, 0.7), shares(0.2, 0.4, 0.45, 0.9, 0.8))
    against = found["against_baseline"]
    assert texts_of(against["won"]) == ["sure and right", "nearly wrong"]
    assert texts_of(against["lost"]) == ["sure and wrong", "nearly right"]
    assert (against["n_won"], against["n_lost"]) == (2, 2)
    assert against["lost"][0]["baseline_predicted"] == "negative"


def test_without_a_baseline_nothing_is_won_or_lost(five):
    found = find_mistakes(five, shares(0.99, 0.98, 0.51, 0.48, 0.7))
    assert found["against_baseline"] == {"n_won": None, "n_lost": None, "won": [], "lost": []}
    assert found["confident"][0]["baseline_predicted"] is None


def test_each_has_its_nearest_training_texts_and_a_contradiction_is_marked():
    training = TrainingTexts(
        dataset(["the ferret is lovely", "the ferret is awful", "something else"], [1, 0, 0]), origin="the training set"
    )
    tested = dataset(["The ferret is lovely!", "no word in common"], [0, 1])
    found = find_mistakes(tested, shares(0.9, 0.8), training=training)
    assert found["neighbours_from"] == "the training set"
    first, second = found["near_misses"][1], found["near_misses"][0]
    assert first["neighbours"][0] == {
        "text": "the ferret is lovely", "label": "positive", "similarity": 1.0, "contradicts": True,
    }  # fmt: skip
    assert first["neighbours"][1]["contradicts"] is False
    assert second["neighbours"] == []


def test_without_training_texts_there_are_no_neighbours(five):
    found = find_mistakes(five, shares(0.99, 0.98, 0.51, 0.48, 0.7))
    assert found["neighbours_from"] is None
    assert found["confident"][0]["neighbours"] == []


def test_lists_are_limited_and_long_texts_are_cut():
    tested = dataset(["word " * 500] * 50, [0] * 50)
    found = find_mistakes(tested, shares(*[0.9] * 50), shares(*[0.1] * 50), training=TrainingTexts(tested), limit=7)
    lists = [found["confident"], found["near_misses"], found["against_baseline"]["lost"]]
    assert [len(rows) for rows in lists] == [7, 7, 7]
    assert found["n"] == 50
    row = found["confident"][0]
    assert len(row["text"]) <= MAX_CHARACTERS
    assert row["text"].endswith("…")
    assert len(row["neighbours"][0]["text"]) <= MAX_CHARACTERS


def test_a_perfect_test_of_one_text_is_a_document_too():
    found = find_mistakes(
        dataset(["one"], [1]), shares(1.0), shares(1.0), training=TrainingTexts(dataset(["one"], [1]))
    )
    assert found["confident"] == []
    assert len(found["near_misses"]) == 1
    assert json.dumps(found, allow_nan=False)
