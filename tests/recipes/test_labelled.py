from __future__ import annotations

import numpy as np
import pytest
from tests.recipes.recorder import Recorder

from afina import Classifier
from afina.errors import DataError
from afina.labels import LabelSet
from afina.recipes import ReadOptions
from afina.recipes.labelled import Answers, load_labelled

LABELS = LabelSet(("negative", "positive"))


def test_answers_have_the_columns_that_are_asked_for(trained_run, monkeypatch):
    monkeypatch.setattr("afina.recipes.labelled._TEXTS_AT_A_TIME", 2)
    classifier = Classifier.load(trained_run)
    texts = ["the lovely film", "an awful room " * 40, "this lovely room", "this awful room"]
    own = Answers.of(classifier, texts, Recorder())
    turned = Answers.of(classifier, texts, Recorder(), labels=LabelSet(("positive", "negative")))
    np.testing.assert_array_equal(own.probabilities, turned.probabilities[:, ::-1])
    np.testing.assert_array_equal(own.truncated, classifier.truncated(texts))
    assert own.truncated.tolist() == [False, True, False, False]
    assert own.probabilities.argmax(axis=1).tolist() == [1, 0, 1, 0]
    assert own.texts_per_second > 0


def test_sources_are_read_by_one_set_of_options(tmp_path):
    path = tmp_path / "coded.csv"
    path.write_text("said,kind,place\nlovely,x,here\nawful,y,\n")
    reading = ReadOptions("said", label_column="kind", label_names={"x": "positive", "y": "negative"})
    (read,) = load_labelled([str(path)], reading, labels=LABELS, reporter=Recorder(), domain_column="place")
    assert (read.dataset.texts, read.dataset.label_ids.tolist()) == (["lovely", "awful"], [1, 0])
    assert read.notes.domains == ["here", None]
    (sample,) = load_labelled(["sample"], ReadOptions(), labels=LABELS, reporter=Recorder())
    assert (sample.source, sample.notes.source) == ("sample", "sample:test")
    path.write_text("text,label\nlovely,positive\n")
    with pytest.raises(DataError, match="Only one label"):
        load_labelled([str(path)], ReadOptions(), labels=LABELS, reporter=Recorder())
