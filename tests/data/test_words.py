import pytest

from afina.data.words import find_words, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It isn't well-known, is it?", ["it", "isn't", "well", "known", "is", "it"]),
        ("El año pasado… ¡qué va!", ["el", "año", "pasado", "qué", "va"]),
        ("R2D2 cost 3.14 €", ["r2d2", "cost", "3", "14"]),
        ("很好 good", ["很", "好", "good"]),
        ("😀 !!!", []),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_with_apostrophes_inside(text, words):
    assert find_words(text) == words


def test_normal_forms_are_cut_at_blanks_and_unspaced_scripts_at_every_character():
    assert words_of("isn t 很好") == ["isn", "t", "很", "好"]
