import json

import numpy as np
import pytest

from afina.data import TextDataset
from afina.errors import DataError, ModelError
from afina.evaluation import detail, score
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))


def make_reviews(n, labels=LABELS, seed=0):
    rng = np.random.default_rng(seed)
    texts = [f"this was {'not ' if i % 3 else ''}the best{' of all' * (i % 5)}" for i in range(n)]
    label_ids = rng.integers(0, len(labels), size=n)
    return TextDataset(texts, label_ids, labels), rng.dirichlet(np.ones(len(labels)), size=n)


def test_the_json_form_has_what_pages_draw():
    dataset, probabilities = make_reviews(120)
    details = detail(dataset, probabilities, truncated=np.arange(120) < 30, domains=["books", "films"] * 60, samples=50)
    document = json.loads(json.dumps(details.as_dict()))
    assert list(document) == ["per_class", "curves", "calibration", "slices"]
    assert [each["label"] for each in document["per_class"]] == list(LABELS)
    assert {each["slice"] for each in document["slices"]} == {"length", "label", "negation", "truncated", "domain"}
    metrics = score(dataset.label_ids, probabilities, LABELS, samples=50)
    assert document["calibration"]["ece"] == metrics.ece
    assert document["per_class"][1]["f1"] == metrics.f1.as_dict()


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("labels", [LABELS, LabelSet(("a", "b", "c"))], ids=["two labels", "three labels"])
@pytest.mark.parametrize("certain", [False, True])
def test_a_row_or_two_are_told_without_a_warning(n, labels, certain):
    dataset, probabilities = make_reviews(n, labels)
    probabilities = np.eye(len(labels))[probabilities.argmax(axis=1)] if certain else probabilities
    document = json.loads(json.dumps(detail(dataset, probabilities, samples=20).as_dict(), allow_nan=False))
    assert sum(each["n"] for each in document["per_class"]) == n
    assert sum(each["n"] for each in document["calibration"]["reliability"]) == n


def test_texts_of_one_class_are_told():
    dataset, probabilities = make_reviews(20)
    negative = dataset.select(np.flatnonzero(dataset.label_ids == 0))
    rows = probabilities[dataset.label_ids == 0]
    document = json.loads(json.dumps(detail(negative, rows, samples=20).as_dict(), allow_nan=False))
    assert [each["roc_auc"] for each in document["per_class"]] == [None, None]
    assert document["curves"] == {"roc": [], "precision_recall": []}
    assert "label" not in {each["slice"] for each in document["slices"]}


def test_what_cannot_be_told_is_an_error():
    dataset, probabilities = make_reviews(4)
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(DataError, match="no texts"):
        detail(dataset.select(nothing), probabilities[nothing])
    with pytest.raises(DataError, match="shape"):
        detail(dataset, probabilities[:3])
    with pytest.raises(ModelError, match="no numbers"):
        detail(dataset, probabilities * np.nan)
