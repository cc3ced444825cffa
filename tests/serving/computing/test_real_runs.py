"""Runs in PyTorch, served by real workers."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tests.untrained_run import write_untrained_run

from afina import Classifier
from afina.inference.explaining import explain
from afina.labels import LabelSet
from afina.serving.computing import make_engine
from afina.serving.settings import ServingSettings

TEXTS = ["a good film", "it was not a bad room and the film was great", "x" * 200, "\u200b"]


@pytest.fixture(scope="module")
def served(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    runs = {
        "two": write_untrained_run(folder / "two", tiny_model).root,
        "three": write_untrained_run(folder / "three", tiny_model, labels=LabelSet(("a", "b", "c"))).root,
    }
    with asyncio.Runner() as runner:
        engine = make_engine(runs, ServingSettings(threads=1))
        runner.run(engine.start())
        yield lambda scenario: runner.run(scenario(engine)), runs
        runner.run(engine.drain(5))


@pytest.mark.parametrize("model", ["two", "three"])
def test_answers_are_those_of_the_classifier(served, model):
    run, runs = served
    answered = run(lambda engine: engine.answer(model, TEXTS, timeout_s=10))
    got = [answer.probabilities for answer in answered.answers]
    classifier = Classifier.load(runs[model], threads=1)
    np.testing.assert_allclose(got, classifier.predict_proba(TEXTS), atol=1e-6)
    assert [answer.truncated for answer in answered.answers] == classifier.truncated(TEXTS).tolist()


def test_integrated_gradients_come_from_the_worker(served):
    run, runs = served
    text = "it was not a bad room"
    document = run(lambda engine: engine.explain("two", text, target="positive", method="ig", timeout_s=20))
    classifier = Classifier.load(runs["two"], threads=1)
    wanted = explain(classifier, text, target="positive", method="ig", encoder=classifier.encoder).to_document()
    weights = [word["weight"] for word in document["words"]]
    np.testing.assert_allclose(weights, [word["weight"] for word in wanted["words"]], atol=1e-5)
    assert document["method"] == "ig"
    assert document["completeness"]["converged"] == wanted["completeness"]["converged"]
    assert document["backend"] == "torch"
