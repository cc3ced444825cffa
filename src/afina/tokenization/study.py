"""The figures of one tokenizer on given texts."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.errors import ConfigError
from afina.tokenization.batching import padded_tokens, shuffled_batches
from afina.tokenization.named import NamedTokenizer
from afina.tokenization.spans import StudyTexts, TokenSpans, cut_words

BATCH_TOKENS = 1024
_TIMED_TEXTS = 2_000
_TIMED_CHARACTERS = 1_000_000
_TIMED_PASSES = 3
_QUANTILES = {"p5": 0.05, "p25": 0.25, "median_tokens": 0.5, "p75": 0.75, "p95": 0.95}

DEFINITIONS = {
    "words": "runs of letters, digits and combining marks, with apostrophes inside them",
    "fertility": "tokens that hold a part of a word, by word; tokens around the text, of punctuation and of spaces "
    "are not counted",
    "characters_per_token": "characters of the texts by token, tokens around the text not counted",
    "share_whole_words": "share of words that are one known token",
    "unknown_rate": "share of tokens that are the unknown token",
    "share_words_lost": "share of words with the unknown token in them, or without any token",
    "median_tokens": "lengths with the special tokens around a text, before any truncation",
    "share_truncated": "share of texts longer than the limit",
    "share_tokens_truncated": "share of all tokens that lie behind the limit",
    "padding": "share of the tokens a model computes that are padding, texts cut at the limit: in batches of similar "
    "length, and with every text padded to the limit",
    "texts_per_second": "texts tokenized a second on all cores, without truncation: median of three passes",
}


def study_tokenizer(
    named: NamedTokenizer, study: StudyTexts, tokens: TokenSpans, *, max_tokens: int, seed: int
) -> dict[str, Any]:
    """Measure a tokenizer; `DEFINITIONS` says what each figure means.

    Args:
        named: The tokenizer.
        study: The texts.
        tokens: Its tokens of them.
        max_tokens: The limit asked for; a lower limit of the tokenizer's own model goes before it.
        seed: Seed of the batches in which padding is counted.

    Returns:
        JSON-able figures; None where there is nothing to count, as words in texts of emoji only.

    Raises:
        ConfigError: The limit leaves no room for a token of the text.
    """
    limit = min(max_tokens, named.max_tokens or max_tokens)
    if limit <= named.n_special:
        raise ConfigError(
            f"--max-tokens {max_tokens} leaves no room for text: {named.name} puts {named.n_special} tokens around it"
        )
    words = cut_words(study, tokens, named.unknown_id)
    n_tokens = len(tokens.ids)
    n_unknown = int((tokens.ids == named.unknown_id).sum()) if named.unknown_id is not None else 0
    return {
        "name": named.name,
        "type": named.type,
        "trained_here": named.trained_here,
        "vocabulary": named.vocabulary,
        "added_tokens": named.n_added,
        "special_tokens": named.n_special,
        "lowercases": named.lowercases,
        "pad_token": None if named.pad_id is None else named.tokenizer.id_to_token(named.pad_id),
        "padding_side": named.padding_side,
        "model_max_tokens": named.max_tokens,
        "tokens": n_tokens,
        "fertility": _share(int(words.n_pieces.sum()), study.n_words),
        "characters_per_token": _share(study.n_characters, n_tokens),
        "share_whole_words": _share(int(words.whole.sum()), study.n_words),
        "unknown_rate": _share(n_unknown, n_tokens),
        "share_words_lost": _share(int(words.lost.sum()), study.n_words),
        **_lengths(tokens.lengths + named.n_special, limit, seed),
        "texts_per_second": round(_texts_per_second(named, study), 1),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _lengths(lengths: npt.NDArray[np.int64], limit: int, seed: int) -> dict[str, Any]:
    kept = np.minimum(lengths, limit)
    real, n_all = int(kept.sum()), int(lengths.sum())
    # A text without any token still costs a model one.
    batched = padded_tokens(
        np.maximum(kept, 1), shuffled_batches(np.maximum(kept, 1), BATCH_TOKENS, seed=seed, epoch=0)
    )
    fixed = limit * len(lengths)
    # Quantiles are lengths that occur: a text of 17.5 tokens does not.
    found = {name: int(np.quantile(lengths, q, method="inverted_cdf")) for name, q in _QUANTILES.items()}
    return {
        **found,
        "max": int(lengths.max()),
        "limit": limit,
        "share_truncated": float((lengths > limit).mean()),
        "share_tokens_truncated": _share(n_all - real, n_all),
        "padding": {
            "batch_tokens": BATCH_TOKENS,
            "real_tokens": real,
            "batched_tokens": batched,
            "fixed_tokens": fixed,
            "batched": 1 - real / batched,
            "fixed": 1 - real / fixed,
        },
    }


def _texts_per_second(named: NamedTokenizer, study: StudyTexts) -> float:
    some: list[str] = []
    n_characters = 0
    for text in study.texts[:_TIMED_TEXTS]:
        some.append(text)
        n_characters += len(text)
        if n_characters > _TIMED_CHARACTERS:
            break
    seconds = []
    for _ in range(_TIMED_PASSES):
        started = time.perf_counter()
        named.tokenizer.encode_batch(some)
        seconds.append(time.perf_counter() - started)
    return len(some) / max(sorted(seconds)[_TIMED_PASSES // 2], 1e-9)
