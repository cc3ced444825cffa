"""What counts as a word, in any script.

A word is a run of letters, digits and combining marks, with apostrophes inside it (`isn't`, `año`, `R2D2`); hyphens,
underscores and punctuation end it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Scripts written without spaces: Thai and Lao, Burmese, Khmer, kana, and Han.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LAST_MARK = 0x1F000


@cache
def word_pattern() -> re.Pattern[str]:
    """The regular expression of a word."""
    part = rf"(?:[^\W_]|[{_marks()}])"
    return re.compile(rf"[^\W_]{part}*(?:['’]{part}+)*")


def _marks() -> str:
    """Combining marks as ranges of a character class: vowels and tones of Hindi or Thai, left out by `re`."""
    ranges: list[list[int]] = []
    for code in range(0x300, _LAST_MARK):
        # The variation selectors behind emoji are marks by name only.
        if unicodedata.category(chr(code)) in ("Mn", "Mc") and not 0xFE00 <= code <= 0xFE0F:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def find_words(text: str) -> list[str]:
    """The words of a text in lower case; in scripts written without spaces, each character."""
    if not text.isascii():
        text = UNSPACED.sub(r" \g<0> ", text)
    return word_pattern().findall(text.lower())


def words_of(form: str) -> list[str]:
    """The words of a text in normal form; in scripts written without spaces, each character."""
    return (form if form.isascii() else UNSPACED.sub(r" \g<0> ", form)).split()
