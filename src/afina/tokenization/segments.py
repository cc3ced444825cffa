"""Texts cut into their tokens, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from afina.data.words import word_pattern
from afina.tokenization.named import NamedTokenizer
from afina.tokenization.words import (
    EMOJI,
    NUMBER,
    count_words,
    negation_in,
    negations_of,
    without_accents,
)
from afina.utf8 import as_utf8

N_EXAMPLES = 10
LONGEST_EXAMPLE = 100

Segments = list[tuple[str, str]]

# Kinds of segments that no token holds.
GAPS = ("space", "dropped")
KINDS = {
    "word": "a token that is a whole word",
    "piece": "a token that is a part of a word",
    "mark": "a token of punctuation, symbols or spaces",
    "unknown": "the unknown token stands here",
    "shared": "one of several tokens for one character, as its bytes are; only the first shows it",
    "space": "blanks that no token holds",
    "dropped": "characters that no token holds",
}


def segment(named: NamedTokenizer, text: str) -> Segments:
    """Cut a text where its tokens begin and end; the surfaces put together are the text.

    Returns:
        Surface and kind of each token and of each gap between tokens; `KINDS` says what the kinds mean. Each entry
        but `space` and `dropped` is one token; a token that adds no character to those before it has an empty surface.

    Raises:
        ModelError: The tokenizer cannot read the text.
    """
    text = as_utf8(text)
    encoding = named.encode([text])[0]
    words = {match.span() for match in word_pattern().finditer(text)}
    letters = {place for start, end in words for place in range(start, end)}
    spans: list[tuple[int, int]] = encoding.offsets
    segments: Segments = []
    at = 0
    for i, (token, (start, end)) in enumerate(zip(encoding.ids, spans, strict=True)):
        if start > at:
            segments += _gap(text[at:start])
            at = start
        surface = text[at:end] if end > at else ""
        after = spans[i + 1] if i + 1 < len(spans) else (end, end)
        before = spans[i - 1] if i else (start, start)
        # Blanks before a word belong to its token in most tokenizers, and are no part of the word.
        bare = start + len(text[start:end]) - len(text[start:end].lstrip())
        if token == named.unknown_id:
            kind = "unknown"
        elif after[0] < end or start < before[1]:
            kind = "shared"
        elif (bare, end) in words:
            kind = "word"
        else:
            kind = "piece" if any(place in letters for place in range(start, end)) else "mark"
        segments.append((surface, kind))
        at = max(at, end)
    return segments + _gap(text[at:])


def count_tokens(segments: Segments) -> int:
    """Tokens among segments, gaps left out."""
    return sum(kind not in GAPS for _, kind in segments)


def _gap(text: str) -> Segments:
    if not text:
        return []
    blank = len(text) - len(text.lstrip())
    parts = [(text[:blank], "space"), (text[blank:], "dropped")]
    return [part for part in parts if part[0]]


def choose_examples(texts: Sequence[str], *, seed: int, n: int = N_EXAMPLES) -> list[str]:
    """Pick texts of all lengths, those with negations, emoji, accents, numbers and capitals first.

    Args:
        texts: Texts to choose from.
        seed: Seed of the choice among equals.
        n: Texts wanted; fewer come back where there are fewer distinct ones.

    Returns:
        The texts, shortest first, long ones cut between words at about `LONGEST_EXAMPLE` characters.
    """
    whole = {cut_text(text): len(text) for text in texts if text.strip()}
    candidates = sorted(whole, key=lambda text: (whole[text], text))
    negations = negations_of(count_words(candidates))
    chance = np.random.default_rng(seed).random(len(candidates))
    chosen: list[str] = []
    n = min(n, len(candidates))
    for part in np.array_split(np.arange(len(candidates)), n) if n else []:
        best = max(part.tolist(), key=lambda i: (_hardness(candidates[i], negations), chance[i]))
        chosen.append(candidates[best])
    return chosen


def cut_text(text: str, longest: int = LONGEST_EXAMPLE) -> str:
    """The beginning of a text, ending between words where it can."""
    if len(text) <= longest:
        return text
    cut = text[:longest]
    return cut.rsplit(None, 1)[0] if len(cut.split()) > 1 else cut


def _hardness(text: str, negations: Sequence[str]) -> int:
    words = [match[0] for match in word_pattern().finditer(text)]
    signs = (
        any(negation_in(word, negations) for word in words),
        bool(EMOJI.search(text)),
        any(without_accents(word) != word for word in words),
        bool(NUMBER.search(text)),
        any(len(word) > 1 and word.isupper() for word in words),
    )
    return sum(signs)
