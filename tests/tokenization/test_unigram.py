import math
from collections import Counter

import pytest

from afina.tokenization.unigram import train_unigram


def test_probabilities_are_those_of_a_language_of_one_word():
    found = dict(train_unigram(Counter({"▁ab": 10}), 100))
    assert max(found, key=found.get) == "▁ab"
    assert found["▁ab"] == pytest.approx(0, abs=0.1)
    assert set("▁ab") <= set(found)


def test_probabilities_sum_to_one():
    words = Counter({"▁lowest": 4, "▁lower": 6, "▁newest": 5, "▁wide": 3, "▁widest": 3})
    found = train_unigram(words, 20)
    assert sum(math.exp(score) for _, score in found) == pytest.approx(1, abs=0.05)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert len(found) <= 20
    assert {"▁lower", "▁newest"} <= set(dict(found))


def test_a_recurring_ending_is_found():
    stems = ["walk", "jump", "talk", "look", "play", "rest", "turn", "help", "ask", "pull"]
    words = Counter({f"▁{stem}{ending}": 5 for stem in stems for ending in ("", "ing", "ed")})
    pieces = [piece for piece, _ in train_unigram(words, 30)]
    assert {"ing", "ed"} <= set(pieces)


def test_every_character_is_kept_while_there_is_room():
    words = Counter({f"▁{char}": 1 for char in "abcdefghij"})
    assert set("▁abcdefghij") <= {piece for piece, _ in train_unigram(words, 30)}
    assert len(train_unigram(words, 5)) == 5


def test_the_order_of_the_words_does_not_matter():
    words = {"▁lowest": 4, "▁lower": 6, "▁newest": 5}
    assert train_unigram(Counter(words), 15) == train_unigram(Counter(dict(reversed(words.items()))), 15)


def test_no_words_give_no_pieces():
    assert train_unigram(Counter(), 100) == []
