"""A run folder, loaded and asked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from afina.errors import DataError, ModelError
from afina.inference import Classifier
from afina.modeling import load_fine_tuned
from afina.tokenization import Encoder

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


def test_a_temperature_softens_and_never_reorders(write_run):
    plain = Classifier.load(write_run({"max_tokens": 16}).root).predict_proba(TEXTS)
    soft = Classifier.load(write_run({"max_tokens": 16}, temperature=2.0).root).predict_proba(TEXTS)
    assert (soft.argmax(axis=1) == plain.argmax(axis=1)).all()
    assert (soft.max(axis=1) < plain.max(axis=1)).all()


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"settings": {}}, "is incomplete: 'max_tokens'"),
        ({"settings": []}, "is incomplete"),
        ({"settings": {"max_tokens": 16, "long_text": "middle"}}, "Unknown way of reading a long text: 'middle'"),
        ({"settings": {"max_tokens": 16, "max_windows": "many"}}, "is incomplete"),
        ({"settings": {"max_tokens": 1}}, "No room for a text"),
        ({"temperature": None}, "is incomplete"),
    ],
)
def test_a_manifest_that_cannot_be_followed_is_refused(write_run, entries, message):
    run = write_run(**{"settings": {"max_tokens": 16}, **entries})
    with pytest.raises(ModelError, match=message):
        Classifier.load(run.root)


@pytest.mark.parametrize("texts", ["one text", [None], [b"bytes"]])
def test_what_is_no_list_of_strings_is_refused(write_run, texts):
    classifier = Classifier.load(write_run({"max_tokens": 16}).root)
    with pytest.raises(DataError, match="takes a list of strings"):
        classifier.predict_proba(texts)
