"""Runs of each kind explained: blended ones, and ways of reading long texts."""

from __future__ import annotations

import numpy as np
import pytest
from tests.inference.conftest import write_run as write_run

from afina.data import TextDataset
from afina.evaluation import BLEND_FILE, TfidfBaseline
from afina.labels import LabelSet
from afina.recipes import explain_texts

LABELS = LabelSet(("negative", "positive"))
LONG = "the room was not very bad and it was not a lovely number " * 3


@pytest.fixture
def blended(write_run):
    texts = [f"the {word} film number {i}" for i in range(10) for word in ("good", "bad")]
    run = write_run(
        {"max_tokens": 16},
        blend={"weight": 0.9, "file": BLEND_FILE},
        tfidf=TfidfBaseline(TextDataset(texts, np.array([1, 0] * 10), LABELS)).as_model(),
    )
    return run.root


def test_leaving_words_out_explains_the_mixture_which_reads_every_word(blended):
    (found,) = explain_texts(blended, [LONG + " good"])["explanations"]
    assert not found["truncated"]
    last = found["words"][-1]
    # Far behind what the transformer reads, and the one word that TF-IDF knows.
    assert (last["text"], last["read"]) == ("good", True)
    for_positive = last["weight"] if found["target"] == "positive" else -last["weight"]
    assert for_positive > 0.1
    assert found["notes"] == []


def test_gradients_explain_the_transformer_alone_and_say_so(blended):
    (found,) = explain_texts(blended, [LONG + " good"], method="ig")["explanations"]
    assert found["truncated"]
    assert found["words"][-1] == {**found["words"][-1], "weight": 0, "read": False}
    assert any("transformer alone" in note and "90% TF-IDF" in note for note in found["notes"])
    assert any("at most 16 tokens" in note for note in found["notes"])


@pytest.mark.parametrize("method", ["occlusion", "ig"])
@pytest.mark.parametrize(
    ("settings", "unread"),
    [({}, range(14, 39)), ({"long_text": "head-tail"}, range(3, 28)), ({"long_text": "windows"}, range(0))],
)
def test_what_is_read_is_what_the_way_of_reading_long_texts_says(write_run, settings, unread, method):
    run = write_run({"max_tokens": 16, **settings})
    (found,) = explain_texts(run.root, [LONG], method=method)["explanations"]
    assert [i for i, word in enumerate(found["words"]) if not word["read"]] == list(unread)
    assert found["words_read"] == 39 - len(unread)
    if method == "ig":
        total = sum(word["weight"] for word in found["words"])
        completeness = found["completeness"]
        assert total == pytest.approx(completeness["difference"] + completeness["delta"], abs=1e-4)


def test_a_coarse_explanation_says_so(write_run):
    run = write_run({"max_tokens": 64})
    (found,) = explain_texts(run.root, [LONG], max_evals=16)["explanations"]
    assert found["words_alone"] < 39
    assert any("were left out one by one" in note for note in found["notes"])
    assert found["seconds"] > 0
