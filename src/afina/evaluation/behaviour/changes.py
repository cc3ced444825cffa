"""Changes of a text after which an English reader would say the same of it.

Each takes a text, the words of its test and of the lexicon, and chance; it gives the changed text, or None where the
text has nothing that it could change.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

from afina.data.augmentation import Lexicon, leave_out_letter, swap_letters

Change = Callable[[str, random.Random, Lexicon, Sequence[str]], str | None]

# Within a group a word may stand for another without changing what a review says.
_NEUTRAL_GROUPS = (
    ("we", "they"), ("us", "them"), ("my", "our", "their"), ("here", "there"), ("city", "town"), ("street", "road"),
    ("brother", "cousin", "uncle", "colleague"), ("sister", "aunt", "niece", "neighbour"), ("kids", "children"),
    ("hotel", "hostel", "guesthouse"), ("restaurant", "café", "bistro"), ("flat", "apartment", "house"),
    ("shop", "store"), ("phone", "tablet", "laptop"), ("film", "movie"), ("bus", "train", "tram"), ("sofa", "couch"),
    ("parcel", "package"), ("actors", "performers"), ("director", "filmmaker"), ("evening", "afternoon"),
    ("bought", "ordered", "purchased"), ("arrived", "came"), ("began", "started"), ("nearly", "almost"),
)  # fmt: skip
_GROUP_OF = {word: group for group in _NEUTRAL_GROUPS for word in group} | {"this": ("that",)}

_SHORT_FORMS = {
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "were not": "weren't", "has not": "hasn't", "have not": "haven't", "had not": "hadn't",
    "will not": "won't", "would not": "wouldn't", "could not": "couldn't", "should not": "shouldn't",
    "cannot": "can't", "it is": "it's", "that is": "that's", "i am": "i'm", "i have": "i've", "you will": "you'll",
    "we will": "we'll", "i would": "i'd", "they are": "they're", "we are": "we're", "you are": "you're",
    "they have": "they've", "we have": "we've", "what is": "what's", "she is": "she's", "he is": "he's",
}  # fmt: skip
# Short forms stand for one long form only where they are written out; "it's" may also be "it has".
_LONG_FORMS = {short: long for long, short in _SHORT_FORMS.items()}
_HAS_BEEN = re.compile(r"\b(it|that|she|he|what)'s been\b", re.IGNORECASE)
_SHORT = re.compile(rf"\b(?:{'|'.join(map(re.escape, _LONG_FORMS))})(?![\w'])", re.IGNORECASE)
# "It is." at the end of a sentence has no short form.
_LONG = re.compile(rf"\b(?:{'|'.join(map(re.escape, _SHORT_FORMS))})(?= \w)", re.IGNORECASE)

_NUMBER = re.compile(r"(?<![\w.,:/$€£-])(?<!out of )\d{1,4}(?![\w.,:/%$€£-]|\s*(?:out of|stars?|points?|percent))")
_DOMAINS = ("example.com", "example.org", "example.net")
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def change_text(
    change: str, text: str, rng: random.Random, *, lexicon: Lexicon, words: Sequence[str] = ()
) -> str | None:
    """A text after a named change, or None where it is no other for it.

    Args:
        change: A name in `CHANGES`.
        text: The text.
        rng: Where chance comes from.
        lexicon: Word lists of the suite.
        words: What the test adds.
    """
    changed = CHANGES[change](text, rng, lexicon, words)
    return None if changed == text else changed


def _exchange(text: str, rng: random.Random, known: Mapping[str, Sequence[str]]) -> str | None:
    """Replace each known word by another of its group, the same word always by the same one."""
    replacements: dict[str, str] = {}

    def replace(match: re.Match[str]) -> str:
        word = match[0]
        if word not in replacements:
            replacements[word] = rng.choice([other for other in known[word] if other != word])
        return replacements[word]

    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, known))})\b")
    return pattern.sub(replace, text)


def _within(*slots: str) -> Change:
    """Exchange the words of each of these lists of the lexicon among themselves."""

    def change(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
        return _exchange(text, rng, {word: lexicon[slot] for slot in slots for word in lexicon[slot]})

    return change


def _neutral_words(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    """One word that says nothing for or against, exchanged."""
    found = [match for match in re.finditer(r"\b[a-zé]+\b", text) if match[0] in _GROUP_OF]
    if not found:
        return None
    match = rng.choice(found)
    other = rng.choice([word for word in _GROUP_OF[match[0]] if word != match[0]])
    return text[: match.start()] + other + text[match.end() :]


def _numbers(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    """Other numbers of about the same size; marks, prices and years are left alone."""

    def other(match: re.Match[str]) -> str:
        number = int(match[0])
        if number < 2 or 1900 <= number <= 2100:
            return match[0]
        most = max(1, round(0.2 * number))
        return str(number + rng.choice([step for step in range(-most, most + 1) if step and number + step >= 2]))

    return _NUMBER.sub(other, text)


def _contractions(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    if _HAS_BEEN.search(text):
        return None
    written_out = _SHORT.sub(lambda match: _as_cased(_LONG_FORMS[match[0].lower()], match[0]), text)
    if written_out != text:
        return written_out
    return _LONG.sub(lambda match: _as_cased(_SHORT_FORMS[match[0].lower()], match[0]), text)


def _as_cased(form: str, like: str) -> str:
    """A form that begins with a capital where the other does; "I" keeps its own."""
    form = re.sub(r"^i\b", "I", form)
    return form[0].upper() + form[1:] if like[0].isupper() else form


def _punctuation(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    bare = text.rstrip(" .")
    if bare.endswith(("!", "?", ":", ")", '"')):
        return None
    return rng.choice([ending for ending in (bare, f"{bare}.", f"{bare} .", f"{bare}...") if ending != text])


def _capitals(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    return rng.choice([made for made in (text.lower(), text.upper()) if made != text] or [text])


def _links(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    link = f"https://{rng.choice(_DOMAINS)}/{_code(rng)}"
    handle = f"@{_code(rng)}"
    return _at_an_end(text, rng.choice([link, handle]), rng)


def _address(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    return _at_an_end(text, f"{_code(rng).lower()}@{rng.choice(_DOMAINS)}", rng)


def _code(rng: random.Random) -> str:
    return "".join(rng.choice(_LETTERS) for _ in range(7))


def _at_an_end(text: str, added: str, rng: random.Random) -> str:
    return rng.choice([f"{added} {text}", f"{text} {added}"])


def _after(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    stop = "" if text.endswith((".", "!", "?", "...")) else "."
    return f"{text}{stop} {rng.choice(words)}"


def _emoji(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    return f"{text} {rng.choice(words)}"


def _before(text: str, rng: random.Random, lexicon: Lexicon, words: Sequence[str]) -> str | None:
    return f"{rng.choice(words)} {text}"


def _typos(swaps: int) -> Change:
    return lambda text, rng, lexicon, words: swap_letters(text, rng, swaps=swaps)


CHANGES: Mapping[str, Change] = {
    "neutral words": _neutral_words,
    "names": _within("woman_name", "man_name"),
    "places": _within("city", "country"),
    "dates": _within("weekday", "month"),
    "numbers": _numbers,
    "one swap": _typos(1),
    "two swaps": _typos(2),
    "letter left out": lambda text, rng, lexicon, words: leave_out_letter(text, rng),
    "contractions": _contractions,
    "punctuation": _punctuation,
    "capitals": _capitals,
    "links and handles": _links,
    "e-mail address": _address,
    "sentence added": _after,
    "opening added": _before,
    "emoji added": _emoji,
}
"""By name, as the files of the suite write them."""
