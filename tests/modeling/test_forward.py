"""Logits of batches: windows of a text are averaged, and no text's logits depend on the batch it stands in."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from afina.labels import LabelSet
from afina.modeling import batch_logits, load_pretrained, predict_logits
from afina.tokenization import Encoder, pad

TEXTS = [
    "the film was good", "", "the room was not very bad and it was not a lovely number " * 3, "a",
    "good bad " * 11, "this film and this room " * 6,
]  # fmt: skip


@pytest.fixture(scope="module")
def pretrained(tiny_model):
    loaded = load_pretrained(str(tiny_model), LabelSet(("negative", "neutral", "positive")), seed=0, dropout=0.0)
    loaded.model.eval()
    return loaded


def logits_by_hand(pretrained, windows):
    with torch.no_grad():
        each = [pretrained.model(torch.tensor([window])).logits[0] for window in windows]
    return torch.stack(each).mean(dim=0).numpy()


def encode(pretrained, mode, max_tokens=12, **options):
    return Encoder(pretrained.backend_tokenizer, max_tokens, long_text=mode, **options).encode(TEXTS)


@pytest.mark.parametrize("mode", ["head", "head-tail", "windows"])
@pytest.mark.parametrize("batch_tokens", [1, 40, 10_000])
def test_a_text_has_the_mean_logits_of_its_windows_whatever_the_batch(pretrained, mode, batch_tokens):
    encodings = encode(pretrained, mode, max_windows=3)
    logits = predict_logits(pretrained.model, encodings, pad_id=pretrained.pad_id, batch_tokens=batch_tokens)
    assert logits.shape == (len(TEXTS), 3)
    for i in range(len(TEXTS)):
        windows = [encodings.window(w).tolist() for w in windows_of(encodings, i)]
        np.testing.assert_allclose(logits[i], logits_by_hand(pretrained, windows), atol=1e-5)


def windows_of(encodings, text):
    return encodings.windows_of(np.array([text]))[0]


def test_texts_that_fit_have_the_same_logits_in_every_mode(pretrained):
    logits = [
        predict_logits(pretrained.model, encode(pretrained, mode, max_tokens=64), pad_id=pretrained.pad_id)
        for mode in ("head", "head-tail", "windows")
    ]
    np.testing.assert_array_equal(logits[0], logits[1])
    np.testing.assert_array_equal(logits[0], logits[2])


def test_gradients_flow_through_every_window(pretrained):
    encodings = encode(pretrained, "windows")
    rows = np.array([2, 0, 4])
    batch = pad(encodings, rows, pad_id=pretrained.pad_id)
    head = pretrained.model.classifier.weight

    def gradient(logits):
        (found,) = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2])), head)
        return found

    by_hand = torch.stack([
        torch.cat([
            pretrained.model(torch.from_numpy(encodings.window(w))[None].long())
            .logits
            for w in windows_of(encodings, row)
        ]).mean(dim=0)
        for row in rows
    ])  # fmt: skip
    torch.testing.assert_close(gradient(batch_logits(pretrained.model, batch)), gradient(by_hand), atol=1e-6, rtol=1e-4)


def test_the_training_mode_of_the_model_is_left_as_it_was(pretrained):
    pretrained.model.train()
    predict_logits(pretrained.model, encode(pretrained, "head"), pad_id=pretrained.pad_id)
    assert pretrained.model.training
    pretrained.model.eval()
