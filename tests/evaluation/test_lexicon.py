import sys

import numpy as np
import pytest

from afina.errors import DataError, MissingExtraError
from afina.evaluation import LexiconBaseline
from afina.labels import LabelSet

TWO = LabelSet(("negative", "positive"))
THREE = LabelSet(("negative", "neutral", "positive"))
TEXTS = ["I love this great phone!", "This is terrible, I hate it", "the table is made of wood", "not good at all"]


def test_it_names_what_the_words_say():
    assert LexiconBaseline(TWO).predict_proba(TEXTS).argmax(axis=1).tolist() == [1, 0, 0, 0]
    assert LexiconBaseline(THREE).predict_proba(TEXTS).argmax(axis=1).tolist() == [2, 0, 1, 0]


def test_a_text_without_a_word_of_the_lexicon_is_undecided_between_two_labels():
    assert LexiconBaseline(TWO).predict_proba(["the table", ""]) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("compound", "expected"),
    [(-0.9, 0), (-0.05, 0), (-0.0499, 1), (0.0, 1), (0.0499, 1), (0.05, 2), (1.0, 2)],
)
def test_neutral_ends_where_its_authors_say(compound, expected, monkeypatch):
    lexicon = LexiconBaseline(THREE)
    monkeypatch.setattr(lexicon._analyzer, "polarity_scores", lambda text: {"compound": compound})
    assert lexicon.predict_proba(["x"]).argmax(axis=1).tolist() == [expected]


def test_rows_sum_to_one_and_stronger_words_give_surer_answers():
    weak, strong = LexiconBaseline(TWO).predict_proba(["it is good", "it is GREAT, wonderful and lovely!!!"])
    assert weak.sum() == pytest.approx(1)
    assert 0.5 < weak[1] < strong[1] < 1


def test_no_texts_give_no_rows():
    assert LexiconBaseline(THREE).predict_proba([]).shape == (0, 3)


def test_what_must_be_kept_is_counted():
    lexicon = LexiconBaseline(TWO)
    assert lexicon.n_words > 7_000
    assert lexicon.n_bytes > 400_000


@pytest.mark.parametrize("names", [("joy", "sadness"), ("negative", "neutral"), ("1", "2", "3", "4", "5")])
def test_other_labels_are_refused(names):
    with pytest.raises(DataError, match="tells negative, neutral and positive"):
        LexiconBaseline(LabelSet(names))


def test_without_the_package_the_pip_line_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "vaderSentiment", None)
    monkeypatch.delitem(sys.modules, "vaderSentiment.vaderSentiment", raising=False)
    with pytest.raises(MissingExtraError) as raised:
        LexiconBaseline(TWO)
    assert raised.value.hint == "pip install 'afina[study]'"


def test_the_answer_does_not_depend_on_the_texts_beside_it():
    lexicon = LexiconBaseline(TWO)
    together = lexicon.predict_proba(TEXTS)
    assert np.array_equal(together, np.vstack([lexicon.predict_proba([text]) for text in TEXTS]))
