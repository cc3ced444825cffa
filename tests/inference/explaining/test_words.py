"""Texts cut into words."""

from __future__ import annotations

import pytest

from afina.inference.explaining import cut_words


def words_of(text: str) -> list[str]:
    words = cut_words(text)
    assert "".join(words.stretches) == text
    assert list(words.spans) == sorted(words.spans)
    return [words[i] for i in range(len(words))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Isn't it a well-made film?", ["Isn't", "it", "a", "well", "made", "film", "?"]),
        ("Good, very good.", ["Good", "very", "good"]),
        ("so bad !!! :( , and", ["so", "bad", "!!!", ":(", ",", "and"]),
        ("awful😡😡 👍🏽👍 ok", ["awful", "😡😡", "👍🏽", "👍", "ok"]),
        ("...", ["..."]),
        ("$5 and 50%", ["$", "5", "and", "50", "%"]),
        ("cafe\u0301. an\u0303o", ["cafe\u0301", "an\u0303o"]),
        ("הסרט היה נהדר!", ["הסרט", "היה", "נהדר", "!"]),
        ("यह फ़िल्म अच्छी है", ["यह", "फ़िल्म", "अच्छी", "है"]),
        ("这部电影非常好看，", ["这部", "电影", "非常", "好看"]),
        ("film好看 ok", ["film", "好看", "ok"]),
        ("หนังเรื่องนี้", ["หนังเ", "รื่องนี้"]),
        ("", []),
        (" \u200b\x00 ", []),
    ],
)
def test_words_marks_and_emoji(text, expected):
    assert words_of(text) == expected


@pytest.mark.parametrize("text", ["\u0301" * 10_000, "e" + "\u0301" * 10_000, "x" * 100_000, "_", "\u200b,", "?\x00?"])
def test_a_text_that_is_not_blank_has_a_word(text):
    assert len(words_of(text)) == 1


def test_a_hundred_thousand_words():
    assert len(cut_words("word and " * 50_000)) == 100_000


def test_words_own_the_marks_behind_them_and_make_up_the_text():
    words = cut_words("(Good), very good. End")
    assert words.stretches == ("(Good), ", "very ", "good. ", "End")
    assert "".join(words.stretches) == words.text
