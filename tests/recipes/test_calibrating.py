"""Calibration of a whole run: in its answers, its weights, its record, and in what other tools make of them."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.modeling.families import FAMILIES

from afina.evaluation import at_temperature, expected_calibration_error, fit_temperature, log_probabilities
from afina.inference import Classifier
from afina.recipes import calibrating
from afina.recipes.calibrating import choose_temperature

TEXTS = [
    "the good film number 3 was lovely it", "a sad and awful room", "not very fine", "it was", "kind",
    "this room was not bad and it was not good",
]  # fmt: skip
# Enough to learn something and to be far from sure of it.
SETTINGS = {"training.max_steps": 12, "training.learning_rate": 5e-3}


def pipeline_probabilities(folder, labels, texts=TEXTS):
    from transformers import pipeline

    classify = pipeline("text-classification", str(folder), top_k=None, device="cpu")
    answers = classify(list(texts), truncation=True)
    return np.array([[{a["label"]: a["score"] for a in answer}[label] for label in labels] for answer in answers])


@pytest.mark.parametrize("family", ["albert", "deberta-v3", "gpt2", "modernbert-mean", "opt", "roberta", "xlnet"])
def test_the_pipeline_of_transformers_gives_the_calibrated_probabilities(tune, tmp_path, family):
    (tmp_path / family).mkdir()
    tuned = tune(settings={**SETTINGS, "modeling.name": str(FAMILIES[family](tmp_path / family))})
    calibration = tuned.summary["calibration"]
    assert calibration["folded"]
    assert abs(np.log(calibration["temperature"])) > 0.02
    loaded = Classifier.load(tuned.run.root)
    ours = loaded.predict_proba(TEXTS)
    np.testing.assert_allclose(pipeline_probabilities(tuned.run.model, loaded.labels), ours, atol=1e-5)
    np.testing.assert_allclose(tuned.classifier.predict_proba(TEXTS), ours, atol=1e-6)


def without_temperature(monkeypatch):
    monkeypatch.setattr(calibrating, "fit_temperature", lambda *given: 1.0)


@pytest.mark.parametrize("long_text", ["head", "windows"])
def test_a_temperature_scales_every_answer_and_changes_no_label(tune, monkeypatch, long_text):
    settings = {**SETTINGS, "tokenization.long_text": long_text, "tokenization.max_tokens": 8}
    calibrated = tune("calibrated", settings)
    without_temperature(monkeypatch)
    plain = tune("plain", settings)
    temperature = calibrated.summary["calibration"]["temperature"]
    assert plain.summary["calibration"]["temperature"] == 1 != temperature
    texts = [*TEXTS, *pq.read_table(plain.run.predictions)["text"].to_pylist(), "good and bad and " * 9]
    before, after = (Classifier.load(tuned.run.root).predict_proba(texts) for tuned in (plain, calibrated))
    np.testing.assert_allclose(after, at_temperature(log_probabilities(before), temperature), atol=1e-5)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    for scores in ("confusion", "accuracy"):
        assert calibrated.summary["test"][scores] == plain.summary["test"][scores]
    assert calibrated.summary["calibration"]["test"]["ece_before"] == pytest.approx(plain.summary["test"]["ece"])


def test_a_head_that_cannot_hold_it_is_calibrated_by_afina(tune, monkeypatch):
    folded = tune("folded", SETTINGS)
    monkeypatch.setattr("afina.recipes.session.fold_temperature", lambda *given, **options: None)
    tuned = tune("unfolded", SETTINGS)
    assert tuned.run.read_manifest()["calibration"]["folded"] is False
    assert tuned.summary["calibration"]["temperature"] == folded.summary["calibration"]["temperature"]
    expected = folded.classifier.predict_proba(TEXTS)
    np.testing.assert_allclose(tuned.classifier.predict_proba(TEXTS), expected, atol=1e-6)
    loaded = Classifier.load(tuned.run.root)
    np.testing.assert_allclose(loaded.predict_proba(TEXTS), expected, atol=1e-6)
    temperature = tuned.summary["calibration"]["temperature"]
    raw = pipeline_probabilities(tuned.run.model, loaded.labels)
    np.testing.assert_allclose(at_temperature(np.log(raw), temperature), expected, atol=1e-5)
    assert f"Divide its logits by {temperature:.4g}" in (tuned.run.model / "README.md").read_text()


def test_the_record_is_what_the_answers_say(tune):
    tuned = tune(settings={**SETTINGS, "evaluation.error_rate": 0.45})
    summary, manifest = tuned.summary, tuned.run.read_manifest()
    calibration, unsure = summary["calibration"], summary["unsure"]
    assert manifest["calibration"] == calibration
    assert manifest["unsure"] == unsure
    assert manifest["temperature"] == calibration["temperature"]
    assert calibration["blend_temperature"] is None
    table = pq.read_table(tuned.run.predictions).to_pydict()
    names = summary["labels"]
    label_ids = np.array([names.index(label) for label in table["label"]])
    probabilities = np.stack([table[f"probability_{name}"] for name in names], axis=1)
    assert calibration["test"]["ece_after"] == pytest.approx(expected_calibration_error(label_ids, probabilities))
    assert summary["test"]["ece"] == pytest.approx(calibration["test"]["ece_after"])
    assert set(calibration["dev"]) == {"ece_before", "ece_after"}
    assert (unsure["error_rate"], unsure["confidence"]) == (0.45, 0.9)
    card = (tuned.run.model / "README.md").read_text()
    assert f"The weights hold a temperature of {calibration['temperature']:.4g}" in card
    assert f"{calibration['test']['ece_after']:.3f} on the test texts" in card


def test_sure_answers_are_counted_on_the_test_texts(tune):
    # Six dev texts promise little, so little is asked.
    tuned = tune(settings={"training.max_steps": 60, "evaluation.error_rate": 0.49, "data.dev_share": 0.4})
    unsure = tuned.summary["unsure"]
    assert unsure["threshold"] is not None
    assert 0 < unsure["dev_coverage"] <= 1
    assert Classifier.load(tuned.run.root).threshold == unsure["threshold"] == tuned.classifier.threshold
    table = pq.read_table(tuned.run.predictions).to_pydict()
    sure = np.maximum(table["probability_negative"], table["probability_positive"]) >= unsure["threshold"]
    wrong = np.array(table["label"]) != np.array(table["predicted_label"])
    assert unsure["test"]["coverage"]["value"] == pytest.approx(sure.mean())
    assert unsure["test"]["error_rate"]["value"] == pytest.approx(wrong[sure].mean())


def test_too_few_dev_texts_promise_nothing(tune):
    tuned = tune(settings=SETTINGS)
    assert tuned.summary["unsure"] == {
        "error_rate": 0.05, "confidence": 0.9, "threshold": None, "dev_coverage": None, "test": None
    }  # fmt: skip
    assert Classifier.load(tuned.run.root).threshold is None


def test_a_blend_has_its_own_temperature_and_the_model_alone_its_own(tune):
    tuned = tune(settings={"blend": True, "training.max_steps": 2, "training.learning_rate": 1e-4})
    manifest, calibration = tuned.run.read_manifest(), tuned.summary["calibration"]
    assert 0 < manifest["blend"]["weight"] < 1
    assert manifest["blend"]["temperature"] == calibration["blend_temperature"]
    assert calibration["blend_temperature"] != 1
    loaded = Classifier.load(tuned.run.root)
    answers = loaded.predict_proba(TEXTS)
    np.testing.assert_allclose(tuned.classifier.predict_proba(TEXTS), answers, atol=1e-6)
    # Only the mixture's own temperature is taken back: no label changes by it.
    manifest["blend"]["temperature"] = 1.0
    tuned.run.manifest.write_text(json.dumps(manifest))
    mixed = Classifier.load(tuned.run.root).predict_proba(TEXTS)
    np.testing.assert_array_equal(answers.argmax(axis=1), mixed.argmax(axis=1))
    expected = at_temperature(log_probabilities(mixed), calibration["blend_temperature"])
    np.testing.assert_allclose(answers, expected, atol=1e-9)
    manifest["blend"]["weight"] = 0
    tuned.run.manifest.write_text(json.dumps(manifest))
    alone = Classifier.load(tuned.run.root).predict_proba(TEXTS)
    np.testing.assert_allclose(pipeline_probabilities(tuned.run.model, loaded.labels), alone, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's own call
def test_the_adapter_alone_is_calibrated_too(tune, tiny_model):
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tuned = tune(settings={**SETTINGS, "modeling.method": "lora"})
    base = AutoModelForSequenceClassification.from_pretrained(tiny_model, num_labels=2)
    adapted = PeftModel.from_pretrained(base, tuned.run.adapter).eval()
    tokenizer = AutoTokenizer.from_pretrained(tuned.run.model)
    found = adapted(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits.softmax(dim=1).detach().numpy()
    np.testing.assert_allclose(found, Classifier.load(tuned.run.root).predict_proba(TEXTS), atol=1e-5)


def test_no_temperature_is_taken_that_takes_confidence_away_from_the_truth():
    # A model hardly trained: it ranks texts well and calls nearly all of them positive. Sharper answers would be
    # likelier, and further from how often they are right.
    scores = np.linspace(-2, 2, 400)
    logits = np.stack([np.zeros(400), 0.06 * scores + 0.27], axis=1)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    label_ids = (scores > 0).astype(np.int64)
    assert fit_temperature(label_ids, logs) < 0.8
    assert choose_temperature(label_ids, logs) == 1
    # One that is only too sure of itself is softened.
    sure = log_probabilities(np.tile([0.01, 0.99], (400, 1)))
    mostly = (np.arange(400) % 5 > 0).astype(np.int64)
    assert choose_temperature(mostly, sure) == fit_temperature(mostly, sure) > 2
