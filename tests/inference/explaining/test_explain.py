"""Texts explained."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.inference.explaining.lexicon import Lexicon

from afina.errors import ConfigError, DataError
from afina.inference import Classifier
from afina.inference.explaining import explain

STRANGE = {
    "surrogate": "a \ud83d good film \udc00",
    "nul": "good\x00 film \x00",
    "emoji": "😡😡 👍🏽 👨‍👩‍👧 good",
    "right-to-left": "הסרט good היה \u202e נהדר",
    "marks": "good e" + "\u0301" * 10_000,
    "only marks": "\u0301" * 10_000,
    "one word": "g",
    "a full stop": ".",
    "no spaces": "非常好看的电影" * 40,
    "entities": "&lt;br&gt; &amp;amp; go&shy;od &#0; &#55357; &bogus;",
    "long word": "x" * 50_000,
}


def test_an_obvious_text():
    text = "A wonderful film, &amp; <br /> a slow, terrible end"
    found = explain(Lexicon(), text)
    assert found.label == found.target == "negative"
    weights = {word.text: word.weight for word in found.words}
    assert list(weights) == ["A", "wonderful", "film", "&amp;", "a", "slow", "terrible", "end"]
    assert weights["terrible"] == pytest.approx(2.5)
    assert weights["wonderful"] == pytest.approx(-2)
    assert [word.text for word in found.ranked[:3]] == ["terrible", "wonderful", "slow"]
    # The weights add up to the log-odds, less those of no text.
    assert sum(weights.values()) == pytest.approx(np.log(found.score / (1 - found.score)) + 0.25)
    assert all(text[word.start : word.end] == word.text for word in found.words)
    assert found.text == "A wonderful film, & \n a slow, terrible end"
    assert found.comprehensiveness > 0.2 > found.sufficiency


def test_all_that_was_asked_is_counted():
    lexicon = Lexicon()
    found = explain(lexicon, "a wonderful and terrible film " * 30, max_evals=40)
    assert found.evals == lexicon.evals
    # Beside the weighing: the text itself, and twice five shares of its words.
    assert found.evals <= 40 + 1 + 10
    assert 0 < found.words_alone < len(found.words) == 150


def test_another_label_than_the_most_probable_of_three():
    lexicon = Lexicon(labels=("negative", "positive", "other"))
    found = explain(lexicon, "wonderful but slow", target="other")
    assert (found.label, found.target) == ("positive", "other")
    assert found.target_score < found.score
    weights = {word.text: word.weight for word in found.words}
    assert weights["wonderful"] < 0 < weights["slow"]
    assert abs(weights["but"]) < 1e-9


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        (" \n&nbsp;<br>", {}, "no text"),
        ("\x00\u200b", {}, "no text"),
        ("good", {"target": "bad"}, "Unknown label: 'bad'"),
        ("good", {"method": "magic"}, "Unknown method: 'magic'"),
        ("good", {"max_evals": 3}, "16 evaluations"),
        ("good", {"method": "ig"}, "in PyTorch"),
    ],
)
def test_what_cannot_be_explained_is_a_sentence(text, options, sentence):
    with pytest.raises((DataError, ConfigError), match=sentence):
        explain(Lexicon(), text, **options)


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("method", ["occlusion", "ig"])
def test_strange_texts_are_answered(loaded, text, method):
    found = explain(loaded, text, method=method, max_evals=16, encoder=loaded.encoder)
    assert found.words
    assert all(found.source[word.start : word.end] == word.text for word in found.words)
    numbers = [found.comprehensiveness, found.sufficiency, *(word.weight for word in found.words)]
    assert np.isfinite(numbers).all()
    json.dumps(found.to_document(), allow_nan=False)


def test_a_hundred_thousand_words_are_answered(loaded):
    found = explain(loaded, "good film " * 50_000, max_evals=16, encoder=loaded.encoder)
    assert len(found.words) == 100_000
    assert found.truncated
    assert sum(word.read for word in found.words) == loaded.encoder.max_tokens - 2


@pytest.fixture(scope="module")
def loaded(trained_run) -> Classifier:
    return Classifier.load(trained_run)


@pytest.mark.parametrize("method", ["occlusion", "ig"])
def test_a_trained_model_names_the_word_that_tells(loaded, method):
    found = explain(loaded, "the awful film number 7 was it", method=method, encoder=loaded.encoder)
    assert found.label == "negative"
    assert found.ranked[0].text == "awful"
    assert found.ranked[0].weight > 0
    other = explain(loaded, "the lovely film number 7 was it", target="negative", method=method, encoder=loaded.encoder)
    assert other.words[1].text == "lovely"
    assert other.words[1].weight < found.ranked[0].weight


def test_the_answer_is_the_same_each_time_and_that_of_the_classifier(loaded):
    text = "the good film was not very lovely, and the room was sad"
    once, again = (explain(loaded, text, encoder=loaded.encoder) for _ in range(2))
    assert once == again
    (answer,) = loaded.classify([text])
    assert (once.label, once.score) == (answer.label, pytest.approx(answer.score, abs=1e-6))


def test_words_that_were_not_read_have_no_weight_and_let_no_other_in(loaded):
    read = "lovely " * (loaded.encoder.max_tokens - 2)
    for method in ("occlusion", "ig"):
        found = explain(loaded, read + "awful " * 30, method=method, max_evals=100, encoder=loaded.encoder)
        alone = explain(loaded, read, method=method, max_evals=100, encoder=loaded.encoder)
        assert found.truncated
        assert not alone.truncated
        assert {word.read for word in found.words if word.text == "awful"} == {False}
        assert {word.weight for word in found.words if not word.read} == {0}
        np.testing.assert_allclose(
            [word.weight for word in found.words if word.read], [word.weight for word in alone.words], atol=1e-4
        )
