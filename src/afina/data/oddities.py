"""Rows that look as if they were not meant to be texts of this kind."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from afina.data.words import words_of

_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]{0,200})?/?>")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
# The part before the sign has 64 characters at most; without that limit a long "a.a.a.a" would be read again and again.
_ADDRESS = re.compile(r"https?://\S|www\.\S|\b[\w.+-]{1,64}@[\w-]+\.\w")
# UTF-8 read as cp1252 or latin-1 shows as these: "Ã©" for "é", "â€™" for a quotation mark, "ðŸ" for an emoji, "Ð¿Ñ€"
# for Cyrillic letters. Closing marks that may stand behind a Portuguese "Ã" are not among them.
_MISREAD = re.compile(
    "\N{REPLACEMENT CHARACTER}|Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘“•˜š›œžŸ]|â(?:€|[\u0080-\u009f]|‚¬|„¢)"
    "|Â[\u00a0-\u00bf]|ï»¿|ð[Ÿ\u009f]|(?:[ÐÑ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ]){2}"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Zeros in a number repeat and are not stretched.
_STRETCHED = re.compile(r"([^\W\d_])\1{4,}|([^\w\s]|_)\2{9,}")
_PLACEHOLDERS = {
    "", "na", "n a", "nan", "none", "null", "nil", "nothing", "empty", "test", "deleted", "removed", "no comment",
    "no comments", "no review", "undefined", "unknown", "ninguno", "nada", "sin comentarios",
}  # fmt: skip
_EXAMPLES, _EXAMPLE_CHARACTERS = 3, 200


@dataclass
class Oddity:
    """A kind of odd row, and how often it occurs."""

    kind: str
    """A name that does not change."""
    what: str
    """What a reader is told."""
    rows: int = 0
    examples: list[str] = field(default_factory=list)
    """The first few, cut to 200 characters."""


def find_oddities(texts: Sequence[str], forms: Sequence[str]) -> list[Oddity]:
    """Count odd rows, kind by kind; a row may be of several kinds.

    Args:
        texts: Texts as they stand in the source.
        forms: The same texts in normal form.

    Returns:
        The kinds that occur, commonest first.
    """
    lengths = sorted(len(words_of(form)) for form in forms)
    # Ten times the median is more than the long tail of reviews has.
    very_long = max(200, 10 * lengths[len(lengths) // 2]) if lengths else 0
    kinds: list[tuple[Oddity, Callable[[str, str], object]]] = [
        (Oddity("html_tags", "HTML tags"), lambda text, form: "<" in text and _TAG.search(text)),
        (
            Oddity("html_entities", "HTML entities"),
            # "black&white;" has the form of an entity and is none.
            lambda text, form: "&" in text and any(html.unescape(entity) != entity for entity in _ENTITY.findall(text)),
        ),
        (
            Oddity("addresses", "addresses (web, e-mail)"),
            lambda text, form: ("@" in text or "www." in text or "://" in text) and _ADDRESS.search(text),
        ),
        (
            Oddity("misread", "misread characters (Ã©, â€™, \N{REPLACEMENT CHARACTER})"),
            lambda text, form: not text.isascii() and _MISREAD.search(text),
        ),
        (Oddity("control_characters", "control characters"), lambda text, form: _CONTROL.search(text)),
        (Oddity("stretched", "stretched words or signs (soooooo)"), lambda text, form: _STRETCHED.search(text)),
        (Oddity("capitals", "capitals only"), lambda text, form: text.isupper() and len(form.split()) > 2),
        (Oddity("no_letters", "no letters"), lambda text, form: not any(char.isalpha() for char in form)),
        (
            Oddity("single_word", "a single word"),
            lambda text, form: len(words_of(form)) == 1 and form not in _PLACEHOLDERS,
        ),
        (Oddity("placeholders", "placeholders (n/a, none, test)"), lambda text, form: form in _PLACEHOLDERS),
        (Oddity("very_long", f"more than {very_long:,} words"), lambda text, form: form.count(" ") >= very_long),
    ]
    for text, form in zip(texts, forms, strict=True):
        for oddity, is_odd in kinds:
            if is_odd(text, form):
                oddity.rows += 1
                if len(oddity.examples) < _EXAMPLES:
                    oddity.examples.append(_shortened(text))
    return sorted((oddity for oddity, _ in kinds if oddity.rows), key=lambda oddity: -oddity.rows)


def _shortened(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARACTERS else text[: _EXAMPLE_CHARACTERS - 1] + "…"
