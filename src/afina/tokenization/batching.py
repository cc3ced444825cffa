"""Batches of texts of similar length, under a limit on padded tokens.

With texts of 5 to 128 tokens, padding every text to 128 makes a model work mostly on padding. Here a batch holds
texts of similar length, and as many of them as fit a number of tokens, so each step costs about the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afina.tokenization.encode import Encodings

# Lengths are blurred by this share before sorting, so that other texts meet in a batch in each epoch.
_LENGTH_BLUR = 0.1


@dataclass(frozen=True)
class Batch:
    """Padded token ids of some texts.

    Args:
        rows: Position of each text in its data set, (n_texts,).
        token_ids: (n_texts, n_tokens) int64, padded.
        mask: 1 for a token and 0 for padding, (n_texts, n_tokens) int64.
    """

    rows: npt.NDArray[np.int64]
    token_ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]

    @property
    def n_tokens(self) -> int:
        """Real tokens, padding not counted."""
        return int(self.mask.sum())


def shuffled_batches(
    lengths: npt.NDArray[np.int64], batch_tokens: int, *, seed: int, epoch: int
) -> list[npt.NDArray[np.int64]]:
    """Batches for one epoch of training: every text once, in an order that depends on (seed, epoch) alone.

    Args:
        lengths: Tokens of each text, (n_texts,).
        batch_tokens: Most tokens in a batch, padding counted; a text longer than that stands alone.
        seed: Seed of the run.
        epoch: Epoch number, from 0.

    Returns:
        Positions of the texts of each batch.
    """
    rng = np.random.default_rng((seed, epoch))
    blurred = lengths * rng.uniform(1 - _LENGTH_BLUR, 1 + _LENGTH_BLUR, size=len(lengths))
    batches = _cut(np.argsort(blurred, kind="stable"), lengths, batch_tokens)
    return [batches[i] for i in rng.permutation(len(batches))]


def sorted_batches(lengths: npt.NDArray[np.int64], batch_tokens: int) -> list[npt.NDArray[np.int64]]:
    """Batches for prediction: every text once, longest first, so that memory runs out at once or never."""
    return _cut(np.argsort(-lengths, kind="stable"), lengths, batch_tokens)


def pad(encodings: Encodings, rows: npt.NDArray[np.int64], *, pad_id: int, side: str = "right") -> Batch:
    """Pad some texts to the longest of them.

    Args:
        encodings: Token ids of the data set.
        rows: Positions of the texts.
        pad_id: Token id that fills the gaps.
        side: `right` or `left`, as the model was pretrained.
    """
    texts = [encodings.of(int(row)) for row in rows]
    width = max(1, *(len(text) for text in texts))
    token_ids = np.full((len(texts), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(texts), width), dtype=np.int64)
    for i, text in enumerate(texts):
        place = slice(width - len(text), width) if side == "left" else slice(0, len(text))
        token_ids[i, place] = text
        mask[i, place] = 1
        if not len(text):
            # A text without any token: the model reads one pad token, since attention over nothing is not defined.
            mask[i, -1 if side == "left" else 0] = 1
    return Batch(rows, token_ids, mask)


def padded_tokens(lengths: npt.NDArray[np.int64], batches: Sequence[npt.NDArray[np.int64]]) -> int:
    """Tokens in batches with padding counted; against `lengths.sum()` it tells what padding wastes."""
    return sum(int(lengths[batch].max()) * len(batch) for batch in batches)


def _cut(
    order: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], batch_tokens: int
) -> list[npt.NDArray[np.int64]]:
    batches: list[npt.NDArray[np.int64]] = []
    start, longest = 0, 0
    for position, text in enumerate(order):
        longest_with = max(longest, int(lengths[text]))
        if position > start and longest_with * (position - start + 1) > batch_tokens:
            batches.append(order[start:position])
            start, longest_with = position, int(lengths[text])
        longest = longest_with
    if start < len(order):
        batches.append(order[start:])
    return batches
