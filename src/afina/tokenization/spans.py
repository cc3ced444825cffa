"""Where tokens and words stand in the texts of a study: positions in all texts laid end to end, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from afina.data.words import word_pattern
from afina.tokenization.named import NamedTokenizer
from afina.utf8 import as_utf8

_TEXTS_PER_CALL = 128

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class StudyTexts:
    """Texts to measure tokenizers on, and where their words stand.

    Args:
        texts: The texts, none blank.
        bases: Position of each text's first character, (n_texts,). Texts do not touch: one position lies between.
        word_starts: Position of each word's first character, (n_words,), ascending.
        word_ends: Position behind its last, (n_words,).
    """

    texts: Sequence[str]
    bases: Ints
    word_starts: Ints
    word_ends: Ints

    @classmethod
    def of(cls, texts: Sequence[str]) -> StudyTexts:
        """Find the words of texts."""
        texts = [as_utf8(text) for text in texts]
        bases = np.cumsum([0, *(len(text) + 1 for text in texts)], dtype=np.int64)[:-1]
        spans = [
            (base + match.start(), base + match.end())
            for base, text in zip(bases.tolist(), texts, strict=True)
            for match in word_pattern().finditer(text)
        ]
        ends = np.array(spans, dtype=np.int64).reshape(-1, 2)
        return cls(texts, bases, ends[:, 0].copy(), ends[:, 1].copy())

    @property
    def n_words(self) -> int:
        """Words of all texts."""
        return len(self.word_starts)

    @property
    def n_characters(self) -> int:
        """Characters of all texts."""
        return sum(map(len, self.texts))


@dataclass(frozen=True)
class TokenSpans:
    """Tokens of all texts, those around a text not counted.

    Args:
        ids: Token ids, (n_tokens,).
        starts: Position of the first character each stands for, (n_tokens,).
        ends: Position behind the last, (n_tokens,). Tokens that share a character, as its bytes do, share its span.
        lengths: Tokens of each text, (n_texts,).
    """

    ids: Ints
    starts: Ints
    ends: Ints
    lengths: Ints


@dataclass(frozen=True)
class WordCuts:
    """What became of each word.

    Args:
        n_pieces: Tokens that hold a part of the word, (n_words,).
        whole: It is one token, which is known: (n_words,) bool.
        lost: It has the unknown token in it or no token at all: (n_words,) bool.
    """

    n_pieces: Ints
    whole: npt.NDArray[np.bool_]
    lost: npt.NDArray[np.bool_]


def token_spans(named: NamedTokenizer, study: StudyTexts) -> TokenSpans:
    """Tokenize the texts without any limit.

    Raises:
        ModelError: The tokenizer cannot read them.
    """
    ids: list[Ints] = []
    spans: list[Ints] = []
    lengths: list[int] = []
    for start in range(0, len(study.texts), _TEXTS_PER_CALL):
        for i, encoding in enumerate(named.encode(study.texts[start : start + _TEXTS_PER_CALL]), start):
            n_tokens = len(encoding)
            flat = np.fromiter(chain.from_iterable(encoding.offsets), dtype=np.int64, count=2 * n_tokens)
            spans.append(flat.reshape(-1, 2) + study.bases[i])
            ids.append(np.array(encoding.ids, dtype=np.int64))
            lengths.append(n_tokens)
    joined = np.concatenate([*spans, np.zeros((0, 2), dtype=np.int64)])
    return TokenSpans(
        np.concatenate([*ids, np.zeros(0, dtype=np.int64)]),
        joined[:, 0].copy(),
        joined[:, 1].copy(),
        np.array(lengths, dtype=np.int64),
    )


def cut_words(study: StudyTexts, tokens: TokenSpans, unknown_id: int | None) -> WordCuts:
    """Match tokens with words: a token belongs to each word of which it holds at least one character."""
    n_words = study.n_words
    first = np.searchsorted(study.word_ends, tokens.starts, side="right")
    behind = np.searchsorted(study.word_starts, tokens.ends, side="left")
    # A token without an extent of its own, such as a marker put before a text, holds no part of a word.
    behind = np.where(tokens.ends > tokens.starts, behind, first)
    touches = behind > first
    change = np.bincount(first[touches], minlength=n_words + 1) - np.bincount(behind[touches], minlength=n_words + 1)
    n_pieces = np.cumsum(change)[:n_words]
    lost = n_pieces == 0
    whole = np.zeros(n_words, dtype=np.bool_)
    known = touches if unknown_id is None else touches & (tokens.ids != unknown_id)
    one = known & (behind - first == 1)
    word = first[one]
    covers = (tokens.starts[one] <= study.word_starts[word]) & (tokens.ends[one] >= study.word_ends[word])
    whole[word[covers]] = True
    for unknown in np.flatnonzero(touches & ~known):
        lost[first[unknown] : behind[unknown]] = True
    return WordCuts(n_pieces, whole & (n_pieces == 1), lost)


def inner_cuts(study: StudyTexts, tokens: TokenSpans) -> Ints:
    """Positions inside words at which a token begins, ascending, each once.

    A cut between the bytes of one character counts as a cut before that character.
    """
    if not study.n_words:
        return np.zeros(0, dtype=np.int64)
    word = np.searchsorted(study.word_starts, tokens.starts, side="right") - 1
    inside = (word >= 0) & (tokens.starts > study.word_starts[word]) & (tokens.starts < study.word_ends[word])
    return np.unique(tokens.starts[inside])
