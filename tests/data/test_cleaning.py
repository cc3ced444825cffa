import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afina.data import clean_text, is_blank, normalise
from afina.data.cleaning import without_piles


@pytest.mark.parametrize("tag", ["<br />", "<br/>", "<br>", "<BR>", "</br>", "< br / >"])
def test_line_break_tags_become_line_breaks(tag):
    assert clean_text(f"good{tag}bad") == "good\nbad"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("salt &amp; pepper", "salt & pepper"),
        ("it&#39;s &quot;fine&quot;", 'it\'s "fine"'),
        ("5 &lt; 6", "5 < 6"),
        ("caf&eacute; &#xe9;", "café é"),
        ("a&nbsp;b", "a b"),
        ("AT&T & co", "AT&T & co"),
        ("R&D; more", "R&D; more"),
    ],
)
def test_entities_become_their_characters_and_bare_ampersands_stay(raw, clean):
    assert clean_text(raw) == clean


def test_other_angle_brackets_stay():
    assert clean_text("i <3 this, 4 < 5 > 2 <b>bold</b>") == "i <3 this, 4 < 5 > 2 <b>bold</b>"


def test_runs_of_blanks_and_ends_are_trimmed_and_line_breaks_kept():
    assert clean_text("  a \t b\u00a0\u2003c\n\nd  ") == "a b c\n\nd"


def test_half_an_emoji_does_not_stop_later_steps():
    cleaned = clean_text("good \ud83d film")
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert cleaned.startswith("good ")
    assert cleaned.endswith(" film")


@settings(deadline=None)
@given(st.text())
def test_cleaned_text_is_valid_utf8_without_outer_or_double_blanks(text):
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    assert "\t" not in cleaned


@pytest.mark.parametrize(
    "same", ["Great film!", "great, FILM", "  great\nfilm...", "«Great» film", "great_film", "Ｇreat film"]
)
def test_texts_that_differ_in_case_spacing_and_punctuation_are_the_same(same):
    assert normalise(same) == normalise("great film")


@pytest.mark.parametrize(
    ("one", "other"), [("great film", "great films"), ("😀", "😡"), ("good 😀", "bad 😀"), ("", "?"), ("4", "5")]
)
def test_different_texts_stay_different(one, other):
    assert normalise(one) != normalise(other)


def test_a_text_of_symbols_is_its_own_normal_form():
    assert normalise(" 😀! ") == "😀!"
    assert normalise("___") == "___"


def test_decomposed_and_composed_accents_are_the_same():
    assert normalise("cafe\u0301") == normalise("café")


@pytest.mark.parametrize(("one", "other"), [("दिन", "दीन"), ("अच्छा", "अच्छी"), ("ดี", "ดู")])
def test_words_that_differ_in_a_vowel_sign_are_different(one, other):
    # Hindi "day" and "poor", "good" (m.) and "good" (f.); Thai "good" and "look".
    assert normalise(one) != normalise(other)


def test_marks_are_kept_up_to_what_any_writing_needs():
    for pile in ("e\u0301", "a" + "\u0323\u0301" * 15, "दिन", "!" * 100, "\uff76\uff9e" * 100):
        assert without_piles(pile + "é") == pile + "é"
    assert without_piles("a" + "\u0323\u0301" * 5_000 + "b") == "a" + "\u0323\u0301" * 15 + "b"
    assert without_piles("!" * 40 + "\u0301" * 40 + "é") == "!" * 40 + "\u0301" * 30 + "é"


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "\u0323\u0301",
        "\uff9e\u0301",
        "e\u0301",
        "!é",
        "<",
        "< / ",
        "&",
        "&amp;",
        "&#x",
        "\n ",
        " ",
        "\u200b",
        "👩\u200d",
        "電",
    ],
)
def test_long_texts_of_any_kind_take_a_time_that_grows_with_their_length(part):
    """A time that grew with its square would be minutes."""
    text = part * (300_000 // len(part))
    began = time.perf_counter()
    for read in (clean_text, is_blank, normalise):
        read(text)
    assert time.perf_counter() - began < 10
