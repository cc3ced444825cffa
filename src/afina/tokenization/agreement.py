"""Two tokenizers against each other: where they cut words, and what their vocabularies share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from tokenizers import decoders

from afina.tokenization.named import NamedTokenizer
from afina.tokenization.spans import StudyTexts

Ints = npt.NDArray[np.int64]
Item = TypeVar("Item")

DEFINITIONS = {
    "boundary_agreement": "F1 of the places inside words where the two cut: twice the places both cut, by the places "
    "of the one plus those of the other; 1 where neither cuts any word",
    "words_cut_alike": "share of words that both cut at the same places or leave whole",
    "vocabulary_overlap": "surfaces in both vocabularies by surfaces in either, without the marks of word starts and "
    "continuations, special tokens, and tokens of lone bytes",
}


def boundary_agreement(cuts: Sequence[Ints]) -> list[list[float]]:
    """F1 of inner cuts for each pair of tokenizers.

    Args:
        cuts: For each tokenizer, its `inner_cuts` of the same texts.

    Returns:
        A symmetric matrix with 1 on its diagonal.
    """

    def f1(ours: Ints, theirs: Ints) -> float:
        both = len(np.intersect1d(ours, theirs, assume_unique=True))
        total = len(ours) + len(theirs)
        return 2 * both / total if total else 1.0

    return _matrix(cuts, f1)


def words_cut_alike(cuts: Sequence[Ints], study: StudyTexts) -> list[list[float]]:
    """Share of words with the same inner cuts, for each pair of tokenizers."""

    def alike(ours: Ints, theirs: Ints) -> float:
        differing = np.setxor1d(ours, theirs, assume_unique=True)
        n_words = len(np.unique(np.searchsorted(study.word_starts, differing, side="right")))
        return 1 - n_words / study.n_words if study.n_words else 1.0

    return _matrix(cuts, alike)


def vocabulary_overlap(tokenizers: Sequence[NamedTokenizer]) -> list[list[float]]:
    """Jaccard of the surfaces of two vocabularies, for each pair of tokenizers."""

    def jaccard(ours: set[str], theirs: set[str]) -> float:
        either = len(ours | theirs)
        return len(ours & theirs) / either if either else 1.0

    return _matrix([surfaces(named) for named in tokenizers], jaccard)


def surfaces(named: NamedTokenizer) -> set[str]:
    """What the tokens of a vocabulary look like in a text: `##ing`, `▁the` and `Ġthe` are `ing` and `the`."""
    spec: dict[str, Any] = json.loads(named.tokenizer.to_str())
    model = spec["model"]
    added = {token["content"] for token in spec["added_tokens"]}
    tokens = [token for token in named.tokenizer.get_vocab() if token not in added]
    if '"ByteLevel"' in json.dumps([spec["pre_tokenizer"], spec["decoder"]]):
        # A token that is a part of a character decodes to a replacement character: it has no surface.
        decoder = decoders.ByteLevel()
        found = {decoder.decode([token]).strip() for token in tokens}
        return {surface for surface in found if surface and "\N{REPLACEMENT CHARACTER}" not in surface}
    prefix = model.get("continuing_subword_prefix") or ""
    suffix = model.get("end_of_word_suffix") or ""
    byte_names = {f"<0x{byte:02X}>" for byte in range(256)} if model.get("byte_fallback") else set()
    bare = (token.removeprefix(prefix).removesuffix(suffix) for token in tokens if token not in byte_names)
    return {surface for surface in (token.replace("▁", " ").strip() for token in bare) if surface}


def _matrix(items: Sequence[Item], measure: Callable[[Item, Item], float]) -> list[list[float]]:
    values = [[1.0] * len(items) for _ in items]
    for i, one in enumerate(items):
        for j in range(i):
            values[i][j] = values[j][i] = measure(one, items[j])
    return values
