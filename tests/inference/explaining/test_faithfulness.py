"""AOPC comprehensiveness and sufficiency."""

from __future__ import annotations

import numpy as np
import pytest
from tests.inference.explaining.lexicon import Lexicon

from afina.inference.explaining import measure_faithfulness
from afina.inference.explaining.faithfulness import rank
from afina.inference.explaining.probing import Probe

WORDS = ["a", "wonderful", "film", "but", "slow", "and", "a", "good", "nice", "end"]
WEIGHTS = np.array([0, 2.0, 0, 0, -0.75, 0, 0, 1.0, 0.5, 0])


def probability(lexicon, words):
    return float(lexicon.predict_proba([" ".join(words)])[0, 1])


def test_both_are_means_over_the_shares_of_removed_and_kept_words():
    lexicon = Lexicon()
    whole = probability(lexicon, WORDS)
    probe = Probe(lexicon, [word + " " for word in WORDS], target=1)
    found = measure_faithfulness(probe, WEIGHTS, whole)
    # Of ten words, 1, 5 and 10 % are one word, 20 % are two and 50 % five, which takes two words without weight.
    best = ["wonderful", "good", "nice", "a", "film"]
    kept = [best[:1]] * 3 + [best[:2], best]
    left = [[word for word in WORDS if word not in some] for some in kept]
    expected = np.mean([whole - probability(lexicon, words) for words in left])
    assert found.comprehensiveness == pytest.approx(expected)
    assert found.sufficiency == pytest.approx(np.mean([whole - probability(lexicon, words) for words in kept]))
    assert probe.evals == 6


def test_the_true_order_beats_any_other():
    lexicon = Lexicon()
    probe = Probe(lexicon, [word + " " for word in WORDS], target=1)
    whole = probability(lexicon, WORDS)
    right = measure_faithfulness(probe, WEIGHTS, whole)
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = measure_faithfulness(probe, rng.normal(size=len(WORDS)), whole)
        assert other.comprehensiveness <= right.comprehensiveness
        assert other.sufficiency >= right.sufficiency


def test_one_word():
    lexicon = Lexicon()
    probe = Probe(lexicon, ["wonderful"], target=1)
    found = measure_faithfulness(probe, np.array([2.0]), probability(lexicon, ["wonderful"]))
    assert found.sufficiency == 0
    assert found.comprehensiveness > 0.3


def test_words_are_ranked_the_same_whatever_the_rounding():
    assert rank(np.array([0.5, 1.0, 1.0 + 1e-9, -2.0])).tolist() == [1, 2, 0, 3]
