from collections import Counter

import pytest

from afina.tokenization.words import (
    EMOJI,
    NUMBER,
    count_words,
    negation_in,
    negations_of,
    share_without_spaces,
    without_accents,
    word_pattern,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It isn't so-so; it's R2D2_x!", ["It", "isn't", "so", "so", "it's", "R2D2", "x"]),
        ("does n't 'quoted' rock’n’roll", ["does", "n't", "quoted", "rock’n’roll"]),
        ("año ESTÁ", ["año", "ESTÁ"]),
        ("an\u0303o", ["an\u0303o"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("很好，我喜欢", ["很好", "我喜欢"]),
        ("🙂 ❤\ufe0f ... --", []),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_digits_and_marks(text, words):
    assert word_pattern().findall(text) == words
    assert count_words([text, text]) == Counter(words * 2)


def test_an_emoji_is_one_with_its_tone_joiners_and_flag():
    found = EMOJI.findall("a🙂🙂 👍🏽 👩\u200d💻 🇪🇸🇲🇽 ❤\ufe0f 1\ufe0f\u20e3 7 #")
    assert found == ["🙂", "🙂", "👍🏽", "👩\u200d💻", "🇪🇸", "🇲🇽", "❤\ufe0f", "1\ufe0f\u20e3"]


def test_numbers_keep_their_inner_signs():
    assert NUMBER.findall("3.14, 1,000 (12:30) 50% R2 7.") == ["3.14", "1,000", "12:30", "50%", "7"]


@pytest.mark.parametrize(
    ("text", "has", "has_not"),
    [
        ("the film and the end of it is not good", "never", "nunca"),
        ("la película que vi en el cine no es de las buenas y ya", "nunca", "never"),
        ("meh", "nunca", "unused"),
        ("meh", "never", "unused"),
    ],
)
def test_negations_are_those_of_the_language(text, has, has_not):
    negations = negations_of(count_words([text]))
    assert has in negations
    assert has_not not in negations


def test_a_negation_stands_at_a_place_in_its_word():
    negations = ("not", "n't", "jamás")
    assert negation_in("Not", negations) == (0, 3)
    assert negation_in("isn’t", negations) == (2, 5)
    assert negation_in("n't", negations) == (0, 3)
    assert negation_in("JAMÁS", negations) == (0, 5)
    assert negation_in("nothing", negations) is None
    assert negation_in("isn't", ("not",)) is None


def test_accents_come_off():
    assert [without_accents(word) for word in ("año", "está", "Über", "an\u0303o", "plain", "हिन्दी")] == [
        "ano", "esta", "Uber", "ano", "plain", "हिन्दी",
    ]  # fmt: skip


def test_scripts_without_spaces_are_known():
    assert share_without_spaces(["很好，我喜欢"]) > 0.5
    assert share_without_spaces(["good año", "хорошо", "الفيلم"]) == 0
    assert share_without_spaces([]) == 0
