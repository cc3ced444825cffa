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
_MOST_MARKS = 30
# Where there may be as many marks in a row: they are no word characters, but for two of Japanese that become marks.
_PILE = re.compile(r"(?:[^\w\s]|[\uff9e\uff9f]){31,}")
# Web pages escape what was escaped before: `&amp;lt;br&amp;gt;`.
MOST_ESCAPES = 4


def clean_text(text: str) -> str:
    """Line-break tags become line breaks, HTML entities their characters; ends and runs of blanks are trimmed.

    A clean text stays as it is.
    """
    for _ in range(MOST_ESCAPES):
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
    folded = unicodedata.normalize("NFKC", without_piles(text)).casefold()
    if folded.isascii():
        words = _NOT_WORD.sub(" ", folded).strip()
    else:
        words = " ".join("".join(char if _is_word(char) else " " for char in folded).split())
    return words or folded.strip()


def without_piles(text: str) -> str:
    """The text with at most 30 combining marks in a row, as Unicode's stream-safe format has it (UAX #15).

    Python sorts the marks of a letter one by one, in a time that grows with the square of their number: 0.3 s for
    10,000. No writing has more than a handful.
    """
    return text if text.isascii() else _PILE.sub(_lower_pile, text)


def _lower_pile(found: re.Match[str]) -> str:
    kept, height = [], 0
    for char in found[0]:
        height = height + 1 if all(map(unicodedata.combining, unicodedata.normalize("NFKD", char))) else 0
        if height <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _is_word(char: str) -> bool:
    # Marks are letters' vowels and tones in Hindi or Thai; the variation selectors behind emoji are marks by name only.
    return char.isalnum() or (unicodedata.category(char)[0] == "M" and not "\ufe00" <= char <= "\ufe0f")
