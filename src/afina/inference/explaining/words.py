"""A text cut into what an explanation speaks of: words, emoji, and marks that say something by themselves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from afina.data import is_blank
from afina.data.words import UNSPACED, word_pattern
from afina.tokenization.words import EMOJI

# Marks that structure a sentence; beside a word they say nothing by themselves.
_QUIET = frozenset(".,;:-–—…'\"`‘’“”«»()[]{}<>/\\|_*。、，；：「」『』（）《》・")
# Scripts that write no spaces: two characters of Han or kana make a usual word, of the others about four.
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WIDE_CHARACTERS, _OTHER_CHARACTERS, _UNLIMITED = 2, 4, 1_000_000_000

Span = tuple[int, int]


@dataclass(frozen=True)
class Words:
    """The words of a text and the stretches they own.

    A word owns the text from its first character up to the next word, so that commas and blanks go with the word
    before them, and the stretches of all words make up the text.

    Args:
        text: The text.
        spans: Where each word begins and ends, (n_words,).
    """

    text: str
    spans: tuple[Span, ...]

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, word: int) -> str:
        start, end = self.spans[word]
        return self.text[start:end]

    @property
    def stretches(self) -> tuple[str, ...]:
        """What each word owns of the text, (n_words,)."""
        starts = [0, *(start for start, _ in self.spans[1:]), len(self.text)]
        return tuple(self.text[start:end] for start, end in pairwise(starts))


def cut_words(text: str) -> Words:
    """Cut a text into words; a text that is not blank has one at least.

    Words are those of `afina.data.words`. In scripts written without spaces, two to four characters stand for a word.
    The same emoji in a row is one word. Marks are one word together (`!!!`, `:)`), but for commas, stops, quotes and
    the like that touch a word.
    """
    spans = list(_spans(text))
    return Words(text, tuple(spans) if spans or is_blank(text) else ((0, len(text)),))


def _spans(text: str) -> Iterator[Span]:
    word_end = -1
    for match in _units().finditer(text):
        start, end = match.span()
        if match["word"]:
            word_end = end
            yield from _without_spaces(text, start, end)
        elif match["emoji"] or _speaks(text, start, end, touches=start == word_end or text[end : end + 1].isalnum()):
            yield start, end


@cache
def _units() -> re.Pattern[str]:
    emoji = f"(?:{EMOJI.pattern})"
    marks = rf"(?:(?!{emoji})(?:[^\w\s]|_))+"
    return re.compile(rf"(?P<emoji>(?P<one>{emoji})(?P=one)*)|(?P<word>{word_pattern().pattern})|{marks}")


def _speaks(text: str, start: int, end: int, *, touches: bool) -> bool:
    """Whether marks say something: they touch no word, or are others than a sentence needs."""
    marks = text[start:end]
    return not is_blank(marks) and (not touches or not _QUIET.issuperset(marks))


def _without_spaces(text: str, start: int, end: int) -> Iterator[Span]:
    """A word, or where some of it is in scripts written without spaces, its parts."""
    if text[start:end].isascii() or not UNSPACED.search(text, start, end):
        yield start, end
        return
    first, size, most = start, 0, 0
    for place in range(start, end):
        char = text[place]
        # Vowels, tones and accents belong to the letter before them.
        if place > start and unicodedata.category(char)[0] == "M":
            continue
        allowed = _characters_by_word(char)
        if place > start and (allowed != most or size == most):
            yield first, place
            first, size = place, 0
        most, size = allowed, size + 1
    yield first, end


def _characters_by_word(char: str) -> int:
    if not UNSPACED.match(char):
        return _UNLIMITED
    return _WIDE_CHARACTERS if _WIDE.match(char) else _OTHER_CHARACTERS
