"""A text with its words marked by what they do for a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afina.pages.plain import is_known

__all__ = ["largest_words", "marked_words"]

# A page of more would be slow to open; the JSON has all of it.
_MOST_CHARACTERS = 20_000
_FAINT = 0.05


@dataclass(frozen=True)
class Piece:
    """A part of a text, as it is drawn."""

    text: str
    kind: str
    """`for`, `against`, `unread`, or empty."""
    share: float
    """Size of its weight, by that of the largest, 0 to 1."""
    weight: float


def marked_words(text: Any, words: Sequence[Mapping[str, Any]] | None) -> list[Piece]:
    """Cut a text into its words and what stands between them; the pieces put together are the text.

    Args:
        text: The text; of a very long one only the beginning comes back.
        words: Words with `start`, `end`, `weight` and `read`; those that lack a place are left out.
    """
    text = "" if text is None else str(text)
    shown = text[:_MOST_CHARACTERS]
    weighed = _with_places(words)
    largest = max((abs(_weight(word)) for word in weighed), default=0) or 1
    pieces: list[Piece] = []
    done = 0
    for word in weighed:
        start, end = max(done, word["start"]), min(word["end"], len(shown))
        if start >= end:
            continue
        if start > done:
            pieces.append(Piece(shown[done:start], "", 0, 0))
        weight = _weight(word)
        pieces.append(Piece(shown[start:end], _kind(weight / largest, word), abs(weight) / largest, weight))
        done = end
    if done < len(shown):
        pieces.append(Piece(shown[done:], "", 0, 0))
    if len(text) > len(shown):
        pieces.append(Piece(f" … ({len(text) - len(shown):,} more characters)", "unread", 0, 0))
    return pieces


def largest_words(words: Sequence[Mapping[str, Any]] | None, *, most: int = 10) -> list[Mapping[str, Any]]:
    """The words with the largest weights, either way."""
    weighed = [word for word in words or () if isinstance(word, Mapping) and _weight(word)]
    return sorted(weighed, key=lambda word: -abs(_weight(word)))[:most]


def _with_places(words: Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    return [
        word
        for word in words or ()
        if isinstance(word, Mapping) and isinstance(word.get("start"), int) and isinstance(word.get("end"), int)
    ]


def _weight(word: Mapping[str, Any]) -> float:
    return float(word["weight"]) if is_known(word.get("weight")) else 0.0


def _kind(share: float, word: Mapping[str, Any]) -> str:
    if word.get("read") is False:
        return "unread"
    if abs(share) < _FAINT:
        return ""
    return "for" if share > 0 else "against"
