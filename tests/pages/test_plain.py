from __future__ import annotations

import math

import pytest
from markupsafe import Markup

from afina.pages.plain import clean, clean_document, clip_document, clock, count, decimal, percent, shorten


def test_control_characters_become_signs_that_can_be_seen():
    assert clean("a\x00b\x07\x1b[31m\x7f\tc\nd") == "a␀b␇␛[31m␡\tc\nd"


def test_line_ends_become_one_kind():
    assert clean("a\r\nb\rc\x00") == "a\nb\nc␀"


def test_halves_of_a_surrogate_pair_are_joined_and_a_lone_half_is_replaced():
    assert clean("\ud83d\ude00 \ud83d x") == "😀 \ufffd x"
    clean("\udc00\ud800\ufffe\x9f").encode("utf-8")


def test_plain_text_of_any_script_stays_as_it_is():
    text = "año 中文 العربية 👩‍💻 é — “x” $x$ <b>"
    assert clean(text) == text


def test_markup_in_a_document_becomes_plain_text():
    cleaned = clean_document({Markup("<b>"): [Markup("<i>"), ("a\x00",)], "n": 1.5, "none": None})
    assert cleaned == {"<b>": ["<i>", ["a␀"]], "n": 1.5, "none": None}
    assert type(next(iter(cleaned))) is str
    assert type(cleaned["<b>"][0]) is str


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567, "1,234,567"),
        (17.5, "17.5"),
        (18.0, "18"),
        (13469.6, "13,470"),
        (None, "–"),
        (math.nan, "–"),
        (True, "–"),
    ],
)
def test_counts_have_thousands_apart(value, shown):
    assert count(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0%"), (1, "100%"), (0.0001, "<0.1%"), (0.9999, ">99.9%"), (0.0336, "3.4%"), (math.inf, "–"), ("x", "–")],
)
def test_shares_are_never_rounded_to_none_or_all(value, shown):
    assert percent(value) == shown


def test_decimals_and_unknown_values():
    assert decimal(1.126) == "1.13"
    assert decimal(None) == "–"


def test_shortened_texts_fit_and_are_on_one_line():
    assert shorten("a\n b  c", 10) == "a b c"
    assert shorten("abcdefghij klm", 10) == "abcdefghi…"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.84, "0.8 s"), (9.96, "10 s"), (42, "42 s"), (59.7, "1:00 min"), (212, "3:32 min"), (7500, "2:05 h"),
     (None, "–"), (float("nan"), "–"), (-1, "–")],
)  # fmt: skip
def test_seconds_are_told_as_a_reader_says_them(seconds, told):
    assert clock(seconds) == told


def test_a_clipped_document_has_short_texts_and_all_else_as_it_was():
    clipped = clip_document({"a" * 9: ["b" * 9, 3, None, {"c": "dd"}]}, 5)
    assert clipped == {"aaaa…": ["bbbb…", 3, None, {"c": "dd"}]}
