"""Texts made fit to learn from, and the normal form in which two texts count as the same."""

from __future__ import annotations

import html
import re
import unicodedata

from afina.utf8 import as_utf8

_LINE_BREAK_TAG = re.compile(r"<[\s/]{0,20}br[\s/]{0,20}>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_NOT_WORD = re.compile(r"[\W_]+")
# Web pages escape what was escaped before: `&amp;lt;br&amp;gt;`.
_MOST_ESCAPES = 4


def clean_text(text: str) -> str:
    """Line-break tags become line breaks, HTML entities their characters; ends and runs of blanks are trimmed.

    A clean text stays as it is.
    """
    for _ in range(_MOST_ESCAPES):
        before = text
        if "<" in text:
            text = _LINE_BREAK_TAG.sub("\n", text)
        if "&" in text and _ENTITY.search(text):
            text = html.unescape(text)
        if text == before:
            break
    # A lone surrogate (half an emoji, cut by some export) can be neither hashed nor tokenized.
    return _SPACES.sub(" ", as_utf8(text).replace("\r\n", "\n")).strip()


def is_blank(text: str) -> bool:
    """Whether a text has nothing to read: no character, or only spaces, control and invisible ones."""
    return all(unicodedata.category(char)[0] in "ZC" for char in text)


def normalise(text: str) -> str:
    """The text without case, punctuation and spacing; two texts with the same normal form are the same text.

    A text of symbols only, such as an emoji, is its own normal form.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        words = _NOT_WORD.sub(" ", folded).strip()
    else:
        words = " ".join("".join(char if _is_word(char) else " " for char in folded).split())
    return words or folded.strip()


def _is_word(char: str) -> bool:
    # Marks are letters' vowels and tones in Hindi or Thai; the variation selectors behind emoji are marks by name only.
    return char.isalnum() or (unicodedata.category(char)[0] == "M" and not "\ufe00" <= char <= "\ufe0f")
