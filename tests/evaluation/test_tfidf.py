"""The baseline as plain arrays gives the probabilities that scikit-learn gives."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data import TextDataset
from afina.errors import ModelError
from afina.evaluation import TfidfBaseline, read_tfidf, write_tfidf
from afina.labels import LabelSet

TWO = LabelSet(("negative", "positive"))
THREE = LabelSet(("negative", "neutral", "positive"))
WORDS = ("good", "bad", "film", "not", "the", "Éclair", "it's", "😀", "!", "5", "a_b", "ﬁne", "İ", "好")
TEXTS = [
    "", "zzz", "good", "not good", "good good not the FILM", "a film , not bad !", "😀😀😡", "the\tfilm\nwas\u00a0good",
    "GOOD İ ﬁne Éclair", "unknown words alone here", "good unknown film", "it's 5 / 5 !!", "not not not", "好 坏好",
]  # fmt: skip


def fitted(labels=TWO, present=None, n=60):
    rng = np.random.default_rng(0)
    present = np.arange(len(labels)) if present is None else np.array(present)
    label_ids = present[np.arange(n) % len(present)]
    texts = [" ".join(rng.choice(WORDS, size=rng.integers(1, 9))) + f" mark{i}" for i in label_ids]
    return TfidfBaseline(TextDataset(texts, label_ids, labels))


@pytest.mark.parametrize(
    ("labels", "present"), [(TWO, None), (THREE, None), (THREE, [0, 2]), (LabelSet(tuple("abcde")), [0, 1, 4])]
)
def test_probabilities_are_those_of_scikit_learn(labels, present, tmp_path):
    baseline = fitted(labels, present)
    expected = baseline.predict_proba(TEXTS)
    model = baseline.as_model()
    np.testing.assert_allclose(model.predict_proba(TEXTS), expected, atol=1e-6)
    write_tfidf(model, tmp_path / "blend" / "tfidf.parquet")
    loaded = read_tfidf(tmp_path / "blend" / "tfidf.parquet")
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), model.predict_proba(TEXTS))
    assert (loaded.labels, loaded.n_texts) == (labels, 60)


BASELINE = fitted(THREE)
MODEL = BASELINE.as_model()


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)), max_size=5)
)
def test_any_texts_have_the_probabilities_of_scikit_learn(texts):
    probabilities = MODEL.predict_proba(texts)
    assert probabilities.shape == (len(texts), 3)
    np.testing.assert_allclose(probabilities, BASELINE.predict_proba(texts), atol=1e-6)


def test_a_text_with_no_known_word_has_the_probabilities_of_an_empty_one():
    empty, unknown = MODEL.predict_proba(["", "zzz qqq"])
    np.testing.assert_array_equal(empty, unknown)
    assert empty.sum() == pytest.approx(1)


def test_a_text_has_the_same_probabilities_among_any_others():
    texts = TEXTS * 200  # more than are scored at a time
    alone = np.vstack([MODEL.predict_proba([text]) for text in TEXTS])
    np.testing.assert_array_equal(MODEL.predict_proba(texts), np.tile(alone, (200, 1)))


def test_texts_of_one_word_each_have_no_pairs(tmp_path):
    baseline = TfidfBaseline(TextDataset(["good", "bad"] * 3, np.array([1, 0] * 3), TWO))
    write_tfidf(baseline.as_model(), tmp_path / "x.parquet")
    loaded = read_tfidf(tmp_path / "x.parquet")
    np.testing.assert_allclose(loaded.predict_proba(TEXTS), baseline.predict_proba(TEXTS), atol=1e-6)


def test_it_is_loaded_and_scored_without_scikit_learn_and_torch(tmp_path):
    write_tfidf(MODEL, tmp_path / "x.parquet")
    script = (
        "import sys\nfrom pathlib import Path\nfrom afina.evaluation import read_tfidf\n"
        "print(read_tfidf(Path(sys.argv[1])).predict_proba(['good film']).argmax())\n"
        "print(sorted({'sklearn', 'scipy', 'torch'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "x.parquet")]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.split("\n")[:2] == [str(MODEL.predict_proba(["good film"]).argmax()), "[]"]


@pytest.mark.slow
def test_real_reviews_take_few_megabytes_and_lose_nothing(shared_data, tmp_path):
    import pyarrow.parquet as pq

    rows = pq.read_table(shared_data / "imdb_train.parquet").to_pylist()[::4]  # they are ordered by label
    texts, label_ids = [row["text"] for row in rows], np.array([row["label"] for row in rows])
    baseline = TfidfBaseline(TextDataset(texts[::2], label_ids[::2], TWO))
    write_tfidf(baseline.as_model(), tmp_path / "x.parquet")
    assert (tmp_path / "x.parquet").stat().st_size < 5e6
    loaded = read_tfidf(tmp_path / "x.parquet")
    np.testing.assert_allclose(loaded.predict_proba(texts[1::2]), baseline.predict_proba(texts[1::2]), atol=1e-6)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="No such TF-IDF model"):
        read_tfidf(tmp_path / "x.parquet")
