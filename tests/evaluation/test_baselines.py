import numpy as np
import pytest

from afina.data import TextDataset
from afina.evaluation import MajorityBaseline, TfidfBaseline
from afina.labels import LabelSet

THREE = LabelSet.from_values(["negative", "neutral", "positive"])


def dataset(rows, labels=THREE):
    return TextDataset([text for text, _ in rows], labels.ids_of([name for _, name in rows]), labels)


REVIEWS = dataset(
    [(f"a good film {i}", "positive") for i in range(6)] + [(f"a bad film {i}", "negative") for i in range(4)]
)


def test_the_majority_baseline_gives_the_label_shares_to_every_text():
    baseline = MajorityBaseline(REVIEWS)
    assert baseline.labels is THREE
    assert baseline.predict_proba(["x", "y"]) == pytest.approx(np.array([[0.4, 0, 0.6]] * 2))


def test_tfidf_learns_which_words_tell_the_labels_apart():
    baseline = TfidfBaseline(REVIEWS)
    probabilities = baseline.predict_proba(["good", "bad", "good bad good"])
    assert [THREE.names[i] for i in probabilities.argmax(axis=1)] == ["positive", "negative", "positive"]
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert baseline.n_texts == 10


def test_tfidf_gives_nothing_to_a_label_it_never_saw():
    assert (TfidfBaseline(REVIEWS).predict_proba(["good", "neutral"])[:, 1] == 0).all()


def test_tfidf_reads_word_pairs():
    rows = [("not good", "negative"), ("good not", "positive")] * 5
    probabilities = TfidfBaseline(dataset(rows)).predict_proba(["not good", "good not"])
    assert probabilities.argmax(axis=1).tolist() == [0, 2]


@pytest.mark.parametrize(("happy", "sad"), [("😀", "😡"), ("a", "b"), ("!", "?"), ("好", "坏")])
def test_tfidf_learns_from_texts_of_single_characters(happy, sad):
    baseline = TfidfBaseline(dataset([(happy, "positive"), (sad, "negative")] * 4))
    assert baseline.predict_proba([happy, sad]).argmax(axis=1).tolist() == [2, 0]


def test_tfidf_answers_for_a_text_without_known_words():
    assert TfidfBaseline(REVIEWS).predict_proba(["", "zzz"]).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("kind", [MajorityBaseline, TfidfBaseline])
def test_no_texts_give_no_rows(kind):
    assert kind(REVIEWS).predict_proba([]).shape == (0, 3)
