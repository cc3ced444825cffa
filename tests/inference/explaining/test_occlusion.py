"""Weights by leaving words out, coarse to fine."""

from __future__ import annotations

import numpy as np
import pytest
from tests.inference.explaining.lexicon import WEIGHTS, Lexicon

from afina.inference.explaining.occlusion import FEWEST_EVALS, occlude
from afina.inference.explaining.probing import Probe, log_odds


def weigh(text: str, max_evals: int, lexicon: Lexicon | None = None):
    lexicon = lexicon or Lexicon()
    probe = Probe(lexicon, [word + " " for word in text.split()], target=1)
    whole = float(log_odds(lexicon.predict_proba([text]), 1)[0])
    return occlude(probe, whole, max_evals=max_evals), probe


def test_words_of_a_short_text_are_left_out_and_those_that_count_once_more():
    lexicon = Lexicon()
    found, probe = weigh("a wonderful film with terrible good sound", 64, lexicon)
    assert found.weights == pytest.approx([0, 2.0, 0, 0, -2.5, 1.0, 0])
    assert found.words_alone == 7
    assert probe.evals == 7 + (1 + 4)
    assert len(lexicon.calls) == 1 + 2


def test_words_that_say_the_same_are_missed_once_the_other_is_gone():
    class BestPraise(Lexicon):
        def predict_proba(self, texts):
            best = [next((word for word in ("wonderful", "good") if word in text.split()), "") for text in texts]
            return super().predict_proba(best)

    found, _ = weigh("good and wonderful film", 64, BestPraise())
    assert found.weights == pytest.approx([0.5, 0, 1.0, 0])


@pytest.mark.parametrize("n_words", [17, 100, 999, 5_000])
@pytest.mark.parametrize("max_evals", [FEWEST_EVALS, 100])
def test_a_long_text_is_weighed_within_the_evaluations(n_words, max_evals):
    lexicon = Lexicon()
    filler = ["and"] * n_words
    filler[n_words // 3], filler[-2] = "wonderful", "slow"
    found, probe = weigh(" ".join(filler), max_evals, lexicon)
    assert probe.evals <= max_evals
    assert found.weights.sum() == pytest.approx(WEIGHTS["wonderful"] + WEIGHTS["slow"])
    assert np.argmax(found.weights) <= n_words // 3 <= n_words - 1 - np.argmax(found.weights[::-1])
    assert len(lexicon.calls) < 10


def test_the_words_that_count_are_found_exactly_where_evaluations_allow():
    filler = ["and"] * 400
    filler[250], filler[7] = "wonderful", "terrible"
    found, _ = weigh(" ".join(filler), 256)
    assert np.flatnonzero(np.abs(found.weights) > 1e-9).tolist() == [7, 250]
    assert found.weights[[7, 250]] == pytest.approx([-2.5, 2.0])
    assert 2 <= found.words_alone < 400


def test_of_a_very_long_text_less_is_asked():
    lexicon = Lexicon()
    weigh(" ".join(["x" * 50_000] * 50), 1_000, lexicon)
    assert lexicon.evals <= 1 + FEWEST_EVALS


def test_log_odds_move_where_probabilities_no_longer_do():
    sure = log_odds(np.array([[1e-9, 1 - 1e-9], [1e-12, 1 - 1e-12]]), 1)
    assert sure == pytest.approx([20.7, 27.6], abs=0.1)
    assert np.isfinite(log_odds(np.array([[0.0, 1.0], [1.0, 0.0]]), 1)).all()
