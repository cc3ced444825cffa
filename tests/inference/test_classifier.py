"""A run folder, loaded and asked."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from afina.data import TextDataset
from afina.errors import ConfigError, DataError, ModelError
from afina.evaluation import BLEND_FILE, TfidfBaseline, at_temperature
from afina.inference import Classifier
from afina.inference.onnx_backend import import_onnxruntime
from afina.inference.threads import threads_to_use
from afina.inference.torch_backend import TorchBackend
from afina.labels import LabelSet
from afina.modeling import load_fine_tuned
from afina.tokenization import Encoder

LABELS = LabelSet(("negative", "positive"))
LONG = "the room was not very bad and it was not a lovely number " * 3
TEXTS = ["the film was good", LONG, "", "good bad " * 6]


def test_probabilities_are_the_softmax_of_the_logits(write_run):
    run = write_run({"max_tokens": 16})
    classifier = Classifier.load(run.root)
    pretrained = load_fine_tuned(run.model, classifier.labels)
    for text, row in zip(TEXTS, classifier.predict_proba(TEXTS), strict=True):
        token_ids = Encoder(pretrained.backend_tokenizer, 16).encode([text]).of(0)
        with torch.no_grad():
            logits = pretrained.model(torch.tensor([token_ids.tolist()])).logits
        np.testing.assert_allclose(row, logits.softmax(dim=1)[0].numpy(), atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"long_text": "head-tail"}, {"long_text": "windows", "max_windows": 2}])
def test_texts_are_read_as_in_training(write_run, settings):
    run = write_run({"max_tokens": 16, **settings})
    classifier = Classifier.load(run.root)
    pretrained = load_fine_tuned(run.model, classifier.labels)
    encodings = Encoder(pretrained.backend_tokenizer, 16, **settings).encode([LONG])
    with torch.no_grad():
        logits = [
            pretrained.model(torch.tensor([encodings.window(w).tolist()])).logits
            for w in range(len(encodings.offsets) - 1)
        ]
    expected = torch.cat(logits).mean(dim=0).softmax(dim=0).numpy()
    np.testing.assert_allclose(classifier.predict_proba([LONG])[0], expected, atol=1e-6)
    assert classifier.share_truncated([LONG]) == 1
    assert len(logits) == (2 if "max_windows" in settings else 1)


def test_an_answer_does_not_depend_on_the_texts_beside_it(write_run):
    classifier = Classifier.load(write_run({"max_tokens": 12, "long_text": "windows"}).root)
    alone = np.vstack([classifier.predict_proba([text]) for text in TEXTS])
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), alone, atol=1e-6)
    assert classifier.predict_proba([]).shape == (0, 2)


def test_the_share_of_cut_texts_is_right_for_texts_asked_about_before_and_for_others(write_run):
    classifier = Classifier.load(write_run({"max_tokens": 16}).root)
    assert classifier.share_truncated([]) == 0
    assert classifier.share_truncated(TEXTS) == 1 / 4
    classifier.predict_proba(TEXTS)
    assert classifier.share_truncated(tuple(TEXTS)) == 1 / 4
    assert classifier.share_truncated(TEXTS[:2]) == 1 / 2
    np.testing.assert_array_equal(classifier.truncated(TEXTS), [False, True, False, False])
    np.testing.assert_array_equal(classifier.truncated(TEXTS[:2]), [False, True])
    assert classifier.truncated([]).shape == (0,)


def test_a_temperature_softens_and_never_reorders(write_run):
    plain = Classifier.load(write_run({"max_tokens": 16}).root).predict_proba(TEXTS)
    soft = Classifier.load(write_run({"max_tokens": 16}, temperature=2.0).root).predict_proba(TEXTS)
    assert (soft.argmax(axis=1) == plain.argmax(axis=1)).all()
    assert (soft.max(axis=1) < plain.max(axis=1)).all()


@pytest.mark.parametrize("calibration", [None, {"folded": False}, {"folded": True}])
def test_a_temperature_is_applied_where_the_weights_do_not_hold_it(write_run, calibration):
    plain = Classifier.load(write_run({"max_tokens": 16}).root).predict_proba(TEXTS)
    entries = {} if calibration is None else {"calibration": {"temperature": 2.0, **calibration}}
    found = Classifier.load(write_run({"max_tokens": 16}, temperature=2.0, **entries).root).predict_proba(TEXTS)
    folded = calibration is not None and calibration["folded"]
    np.testing.assert_allclose(found, plain if folded else at_temperature(np.log(plain), 2.0), atol=1e-9)


def test_the_threshold_of_a_run_is_known(write_run):
    assert Classifier.load(write_run({"max_tokens": 16}).root).threshold is None
    assert Classifier.load(write_run({"max_tokens": 16}, unsure={"threshold": None}).root).threshold is None
    assert Classifier.load(write_run({"max_tokens": 16}, unsure={"threshold": 0.75}).root).threshold == 0.75


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"settings": {}}, "is incomplete: 'max_tokens'"),
        ({"settings": []}, "is incomplete"),
        ({"settings": {"max_tokens": 16, "long_text": "middle"}}, "Unknown way of reading a long text: 'middle'"),
        ({"settings": {"max_tokens": 16, "max_windows": "many"}}, "is incomplete"),
        ({"settings": {"max_tokens": 1}}, "No room for a text"),
        ({"temperature": None}, "is incomplete"),
        ({"temperature": 0}, "A temperature is out of range: 0"),
        ({"temperature": float("nan")}, "A temperature is out of range: nan"),
        ({"calibration": {"temperature": 2}}, "is incomplete: 'folded'"),
        ({"calibration": "done"}, "is incomplete"),
        ({"unsure": {"threshold": 1.5}}, "threshold of sure answers is out of range: 1.5"),
        ({"unsure": {"threshold": "high"}}, "is incomplete"),
        ({"unsure": 0.5}, "is incomplete"),
    ],
)
def test_a_manifest_that_cannot_be_followed_is_refused(write_run, entries, message):
    run = write_run(**{"settings": {"max_tokens": 16}, **entries})
    with pytest.raises(ModelError, match=message):
        Classifier.load(run.root)


@pytest.mark.parametrize("texts", ["one text", [None], [b"bytes"], None, 5])
def test_what_is_no_list_of_strings_is_refused(write_run, texts):
    classifier = Classifier.load(write_run({"max_tokens": 16}).root)
    with pytest.raises(DataError, match="given as a list of strings"):
        classifier.predict_proba(texts)


def test_an_iterator_of_texts_is_answered_in_full(write_run):
    classifier = Classifier.load(write_run({"max_tokens": 16}).root)
    np.testing.assert_array_equal(classifier.predict_proba(iter(TEXTS)), classifier.predict_proba(TEXTS))
    assert len(classifier.classify(text for text in TEXTS)) == len(TEXTS)


def test_callers_at_once_get_answers_to_their_own_texts(write_run):
    """Another asks while the texts of the first are being computed."""
    classifier = Classifier.load(write_run({"max_tokens": 16}).root)

    class Crowded:
        name = "crowded"

        def logits(self, encodings):
            if len(encodings) > 1:
                crowded.predict_proba([LONG])
            return classifier.backend.logits(encodings)

    crowded = Classifier(Crowded(), classifier.encoder, classifier.labels)
    assert [each.truncated for each in crowded.classify(TEXTS)] == [False, True, None, False]


@pytest.mark.parametrize("threads", [0, -1, 1.5, "4", True])
def test_what_is_no_number_of_threads_is_refused(write_run, threads):
    with pytest.raises(ConfigError, match="whole number above 0"):
        Classifier.load(write_run({"max_tokens": 16}).root, threads=threads)


@pytest.mark.parametrize(("asked", "expected"), [(None, None), (1, 1), (10**12, os.cpu_count())])
def test_no_more_threads_than_the_machine_has_cores(asked, expected):
    assert threads_to_use(asked) == expected


class Fixed:
    """A baseline that answers the same for every text."""

    labels = LABELS

    def predict_proba(self, texts):
        return np.tile([0.9, 0.1], (len(texts), 1))


@pytest.fixture
def baseline():
    texts = [f"a {word} film number {i}" for i in range(10) for word in ("good", "bad")]
    return TfidfBaseline(TextDataset(texts, np.array([1, 0] * 10), LABELS))


def test_a_run_blends_in_the_baseline_it_carries(write_run, baseline):
    run = write_run({"max_tokens": 16}, blend={"weight": 0.25, "file": BLEND_FILE}, tfidf=baseline.as_model())
    blended = Classifier.load(run.root).predict_proba(TEXTS)
    plain = Classifier.load(write_run({"max_tokens": 16}).root).predict_proba(TEXTS)
    product = plain**0.75 * baseline.predict_proba(TEXTS) ** 0.25
    np.testing.assert_allclose(blended, product / product.sum(axis=1, keepdims=True), atol=1e-6)
    assert Classifier.load(run.root).predict_proba([]).shape == (0, 2)


def test_a_blend_has_a_temperature_of_its_own(write_run, baseline):
    run = write_run({"max_tokens": 16}, blend={"weight": 0.5, "file": BLEND_FILE}, tfidf=baseline.as_model())
    mixed = Classifier.load(run.root).predict_proba(TEXTS)
    run = write_run({"max_tokens": 16}, blend={"weight": 0.5, "file": BLEND_FILE, "temperature": 0.5})
    sharpened = Classifier.load(run.root).predict_proba(TEXTS)
    np.testing.assert_allclose(sharpened, at_temperature(np.log(mixed), 0.5), atol=1e-9)


def test_a_weight_of_zero_needs_no_file(write_run):
    plain = Classifier.load(write_run({"max_tokens": 16}).root).predict_proba(TEXTS)
    run = write_run({"max_tokens": 16}, blend={"weight": 0, "file": BLEND_FILE})
    np.testing.assert_array_equal(Classifier.load(run.root).predict_proba(TEXTS), plain)


def test_any_classifier_can_be_blended_in(write_run):
    run = write_run({"max_tokens": 16})
    backend = TorchBackend.load(run.model, LABELS)
    classifier = Classifier(
        backend, Encoder(backend.pretrained.backend_tokenizer, 16), LABELS, baseline=Fixed(), baseline_weight=1.0
    )
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), Fixed().predict_proba(TEXTS))
    with pytest.raises(ModelError, match="other labels"):
        Classifier(
            backend,
            Encoder(backend.pretrained.backend_tokenizer, 16),
            LabelSet(("a", "b")),
            baseline=Fixed(),
            baseline_weight=0.5,
        )


@pytest.mark.parametrize(
    ("blended", "message"),
    [
        ({"weight": 1.5, "file": BLEND_FILE}, "out of range: 1.5"),
        ({"weight": float("nan"), "file": BLEND_FILE}, "out of range: nan"),
        ({"weight": 0.5, "file": "blend/none.parquet"}, "does not list: blend/none.parquet"),
        ({"weight": 0.5, "file": "../elsewhere.parquet"}, r"does not list: \.\./elsewhere"),
        ({"weight": 0.5, "file": "model/config.json"}, "is damaged"),
        ({"weight": 0.5}, "is incomplete: 'file'"),
        ({"file": BLEND_FILE}, "is incomplete: 'weight'"),
        ({"weight": 0.5, "file": BLEND_FILE, "temperature": -1}, "A temperature is out of range: -1"),
        ("half", "is incomplete"),
    ],
)
def test_a_blend_that_cannot_be_followed_is_refused(write_run, baseline, blended, message):
    run = write_run({"max_tokens": 16}, blend=blended, tfidf=baseline.as_model())
    with pytest.raises(ModelError, match=message):
        Classifier.load(run.root)


def test_onnx_runtime_is_told_to_report_nothing(monkeypatch):
    onnxruntime = pytest.importorskip("onnxruntime")
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    told = []
    monkeypatch.setattr(onnxruntime, "disable_telemetry_events", lambda: told.append(True))
    import_onnxruntime()
    assert told
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
