"""What counts as a number, an emoji and a negation in a tokenizer study; words are those of the data room.

In Chinese, Japanese or Thai, which write no spaces, a word is a whole clause: figures per word say little there, and
figures per character are the ones to read.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from afina.data.cleaning import without_piles
from afina.data.words import UNSPACED, word_pattern

NUMBER = re.compile(r"(?<!\w)\d+(?:[.,:/]\d+)*%?")

_PICTURE = (
    "[\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
    "\u2600-\u27bf\u231a\u231b\u23e9-\u23fa\u2b50\u2b55]"
)
_TONE = "[\U0001f3fb-\U0001f3ff]"
_ONE = f"{_PICTURE}\ufe0f?{_TONE}?"
EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE})*")

ENGLISH_NEGATIONS = ("not", "n't", "never", "no", "nor", "neither", "nobody", "nothing", "without", "cannot")
SPANISH_NEGATIONS = ("no", "nunca", "ni", "jamás", "tampoco", "sin", "nada", "nadie", "ningún", "ninguna")
# Short words that make up a tenth of a text of the language and hardly occur in the other.
_FUNCTION_WORDS = {"English": {"the", "and", "of", "is", "to", "it"}, "Spanish": {"de", "que", "la", "el", "y", "en"}}
_SHARE_OF_FUNCTION_WORDS = 0.02


def count_words(texts: Sequence[str]) -> Counter[str]:
    """How often each word occurs in the texts."""
    return Counter(match[0] for text in texts for match in word_pattern().finditer(text))


def share_without_spaces(texts: Sequence[str]) -> float:
    """Share of characters that belong to scripts which write no spaces between words."""
    return sum(len(UNSPACED.findall(text)) for text in texts) / max(1, sum(map(len, texts)))


def negations_of(words: Counter[str]) -> tuple[str, ...]:
    """Negation words of the languages that the texts seem to be in; of both languages where neither can be told."""
    total = sum(words.values())
    folded: Counter[str] = Counter()
    for word, count in words.items():
        folded[word.lower()] += count
    shares = {
        name: sum(folded[word] for word in function_words) / max(1, total)
        for name, function_words in _FUNCTION_WORDS.items()
    }
    english, spanish = (shares[name] >= _SHARE_OF_FUNCTION_WORDS for name in ("English", "Spanish"))
    if english == spanish:
        return tuple(dict.fromkeys(ENGLISH_NEGATIONS + SPANISH_NEGATIONS))
    return ENGLISH_NEGATIONS if english else SPANISH_NEGATIONS


def negation_in(word: str, negations: Sequence[str]) -> tuple[int, int] | None:
    """Where in a word its negation stands: all of `not`, the end of `isn't`; None where there is none."""
    plain = word.lower().replace("’", "'")
    if "n't" in negations and plain.endswith("n't"):
        return len(word) - 3, len(word)
    return (0, len(word)) if plain in negations else None


def without_accents(word: str) -> str:
    """The word without accents, tildes and umlauts; the word itself where it has none."""
    apart = unicodedata.normalize("NFD", without_piles(word))
    if not any("\u0300" <= char <= "\u036f" for char in apart):
        return word
    return unicodedata.normalize("NFC", "".join(char for char in apart if not "\u0300" <= char <= "\u036f"))
