from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from afina.data import TextDataset, normalise
from afina.evaluation import TrainingTexts
from afina.labels import LabelSet

LABELS = LabelSet(("negative", "positive"))


def dataset(*texts):
    return TextDataset(texts, np.arange(len(texts)) % 2, LABELS)


def nearest(training, *texts, n=3):
    return training.nearest([normalise(text) for text in texts], n=n)


def test_the_nearest_text_shares_the_rare_words():
    training = TrainingTexts(dataset("the room was fine", "the ferret bit me", "the film was long", "nothing alike"))
    (found,) = nearest(training, "The FERRET was here!")
    assert [neighbour.text for neighbour in found] == ["the ferret bit me", "the room was fine", "the film was long"]
    assert found[0].label == "positive"


def test_the_same_text_in_another_dress_has_similarity_one():
    training = TrainingTexts(dataset("A good film.", "Something else"))
    (found,) = nearest(training, "a GOOD film!!")
    assert found[0].similarity == pytest.approx(1)


def test_a_text_without_a_known_word_has_no_neighbours():
    training = TrainingTexts(dataset("a good film", "a bad film"))
    assert nearest(training, "xyzzy", "film") == [[], nearest(training, "film")[0]]


def test_scripts_without_spaces_and_emoji_have_neighbours():
    training = TrainingTexts(dataset("这部电影很好", "😀", "房间很脏"))
    found = nearest(training, "电影不好", "😀")
    assert found[0][0].text == "这部电影很好"
    assert found[1][0].text == "😀"


def test_neighbours_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(60)]
    texts = [" ".join(rng.choice(words, rng.integers(3, 20))) for _ in range(200)]
    queries = [" ".join(rng.choice(words, 8)) for _ in range(40)]
    found = TrainingTexts(dataset(*texts)).nearest(queries, n=5)
    vectorizer = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+").fit(texts)
    index = NearestNeighbors(n_neighbors=5, metric="cosine").fit(vectorizer.transform(texts))
    distances, _ = index.kneighbors(vectorizer.transform(queries))
    similarities = [[neighbour.similarity for neighbour in neighbours] for neighbours in found]
    np.testing.assert_allclose(similarities, 1 - distances, atol=1e-5)
    again = cosine_similarity(vectorizer.transform(queries[:1]), vectorizer.transform([found[0][0].text]))
    assert found[0][0].similarity == pytest.approx(again[0, 0], abs=1e-5)


def test_of_too_many_texts_a_random_part_is_looked_through_and_told():
    texts = [f"text number {i}" for i in range(100)]
    training = TrainingTexts(dataset(*texts), origin="the reviews", max_characters=sum(map(len, texts)) // 4)
    assert len(training.texts) == pytest.approx(25, abs=2)
    assert training.origin == f"the reviews, {len(training.texts):,} of 100 drawn at random"
    assert TrainingTexts(dataset(*texts), origin="the reviews").origin == "the reviews"
