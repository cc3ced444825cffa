"""Integrated gradients through every architecture."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from tests.modeling.families import FAMILIES

from afina.errors import MissingExtraError
from afina.inference.explaining import cut_words, integrate_gradients
from afina.inference.explaining.gradients import Completeness, share_among_words
from afina.labels import LabelSet
from afina.modeling import load_pretrained, predict_logits, quiet
from afina.modeling.feeding import segment_ids
from afina.tokenization import Encoder

pytestmark = pytest.mark.usefixtures("one_thread")
TEXT = "this was a very good film , and not a bad room 7!"
LABELS = LabelSet(("a", "b", "c"))


def log_odds(pretrained, encodings) -> float:
    logits = predict_logits(
        pretrained.model, encodings, pad_id=pretrained.pad_id, padding_side=pretrained.padding_side
    )[0].astype(np.float64)
    return float(logits[1] - np.logaddexp(logits[0], logits[2]))


def log_odds_of_padding(pretrained, encodings, special) -> float:
    """By embeddings, since some families take the ids of pad tokens for positions or for the end of the text."""
    token_ids = torch.tensor(encodings.token_ids.astype(np.int64))[None]
    padding = torch.where(torch.tensor(special), token_ids, pretrained.pad_id)
    inputs = {"attention_mask": torch.ones_like(padding)}
    segments = segment_ids(pretrained.model.config, padding)
    if segments is not None:
        inputs["token_type_ids"] = segments
    with torch.no_grad(), quiet():
        embeddings = pretrained.model.get_input_embeddings()(padding)
        logits = pretrained.model(inputs_embeds=embeddings, **inputs).logits[0].double()
    return float(logits[1] - torch.logaddexp(logits[0], logits[2]))


@pytest.mark.parametrize("family", FAMILIES)
def test_attributions_add_up_to_what_the_text_adds_to_padding(family, tmp_path):
    pretrained = load_pretrained(str(FAMILIES[family](tmp_path)), LABELS, seed=0, dropout=0.0)
    pretrained.model.eval()
    encoder = Encoder(pretrained.backend_tokenizer, pretrained.max_context)
    found = integrate_gradients(pretrained, encoder, TEXT, 1)
    encodings = encoder.encode([TEXT])
    (places,) = encoder.places(TEXT)
    special = places[:, 0] == places[:, 1]
    expected = log_odds(pretrained, encodings) - log_odds_of_padding(pretrained, encodings, special)
    assert found.completeness.difference == pytest.approx(expected, abs=1e-3)
    assert found.completeness.is_converged
    assert sum(window.sum() for window in found.windows) == pytest.approx(expected, abs=0.05 * abs(expected) + 1e-3)
    assert np.abs(found.windows[0][special]).max(initial=0) < 1e-6
    weights = share_among_words(found, [places], cut_words(TEXT).spans)
    assert weights.sum() == pytest.approx(sum(window.sum() for window in found.windows), abs=1e-6)


def test_windows_have_the_mean_of_their_attributions(tiny_model):
    pretrained = load_pretrained(str(tiny_model), LABELS, seed=0, dropout=0.0)
    pretrained.model.eval()
    whole = Encoder(pretrained.backend_tokenizer, 16)
    cut = Encoder(pretrained.backend_tokenizer, 16, long_text="windows")
    half = "the good film was not bad and it was very"
    alone = integrate_gradients(pretrained, whole, half, 1)
    twice = integrate_gradients(pretrained, cut, f"{half} {half}", 1)
    assert len(twice.windows) == 2
    for window in twice.windows:
        np.testing.assert_allclose(2 * window, alone.windows[0], atol=1e-5)
    assert twice.evals == 2 * alone.evals


def test_steps_are_doubled_up_to_a_bound(tiny_model, monkeypatch):
    pretrained = load_pretrained(str(tiny_model), LABELS, seed=0, dropout=0.0)
    encoder = Encoder(pretrained.backend_tokenizer, 16)
    monkeypatch.setattr(Completeness, "is_converged", property(lambda self: False))
    found = integrate_gradients(pretrained, encoder, "good", 1, n_steps=2, max_steps=8)
    assert found.completeness.n_steps == 8
    assert found.evals == 2 + 4 + 8


@pytest.mark.parametrize(("delta", "converged"), [(0.1, True), (-0.1, True), (0.11, False), (-0.11, False)])
def test_converged_is_within_five_percent(delta, converged):
    assert Completeness(-2.0, delta, 50).is_converged is converged


def test_without_captum_the_line_that_installs_it(tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    monkeypatch.setitem(sys.modules, "captum", None)
    pretrained = load_pretrained(str(tiny_model), LABELS, seed=0, dropout=0.0)
    with pytest.raises(MissingExtraError) as caught:
        integrate_gradients(pretrained, Encoder(pretrained.backend_tokenizer, 16), "good", 1)
    assert "afina[explain]" in (caught.value.hint or "")
