"""Batches of texts of similar length, under a limit on padded tokens.

With texts of 5 to 128 tokens, padding every text to 128 makes a model work mostly on padding. Here a batch holds
texts of similar length, and as many of them as fit a number of tokens, so each step costs about the same. A text read
in several windows counts by the length of one, and they all stand in the same batch.
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
        token_ids: One row a window, (n_windows, n_tokens) int64, padded.
        mask: 1 for a token and 0 for padding, (n_windows, n_tokens) int64.
        owners: The place in `rows` of each window's text, (n_windows,) int64; None where each text is one window.
    """

    rows: npt.NDArray[np.int64]
    token_ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64] | None = None

    @property
    def n_tokens(self) -> int:
        """Real tokens, padding not counted."""
        return int(self.mask.sum())


def shuffled_batches(
    lengths: npt.NDArray[np.int64],
    batch_tokens: int,
    *,
    seed: int,
    epoch: int,
    window_counts: npt.NDArray[np.int64] | None = None,
) -> list[npt.NDArray[np.int64]]:
    """Batches for one epoch of training: every text once, in an order that depends on (seed, epoch) alone.

    Args:
        lengths: Tokens of each text, (n_texts,).
        batch_tokens: Most tokens in a batch, padding counted; a text longer than that stands alone.
        seed: Seed of the run.
        epoch: Epoch number, from 0.
        window_counts: Windows of each text, (n_texts,), where some have several (`Encodings.window_counts`).

    Returns:
        Positions of the texts of each batch.
    """
    rng = np.random.default_rng((seed, epoch))
    widths = _widths(lengths, window_counts)
    blurred = widths * rng.uniform(1 - _LENGTH_BLUR, 1 + _LENGTH_BLUR, size=len(widths))
    batches = _cut(np.argsort(blurred, kind="stable"), widths, batch_tokens, window_counts)
    return [batches[i] for i in rng.permutation(len(batches))]


def sorted_batches(
    lengths: npt.NDArray[np.int64], batch_tokens: int, *, window_counts: npt.NDArray[np.int64] | None = None
) -> list[npt.NDArray[np.int64]]:
    """Batches for prediction: every text once, widest first, so that memory runs out at once or never."""
    widths = _widths(lengths, window_counts)
    return _cut(np.argsort(-widths, kind="stable"), widths, batch_tokens, window_counts)


def pad(encodings: Encodings, rows: npt.NDArray[np.int64], *, pad_id: int, side: str = "right") -> Batch:
    """Pad the windows of some texts to the widest of them.

    Args:
        encodings: Token ids of the data set.
        rows: Positions of the texts.
        pad_id: Token id that fills the gaps.
        side: `right` or `left`, as the model was pretrained.
    """
    windows, owners = encodings.windows_of(rows)
    starts, lengths = encodings.offsets[windows], encodings.offsets[windows + 1] - encodings.offsets[windows]
    width = max(1, int(lengths.max(initial=0)))
    token_ids = np.full((len(windows), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(windows), width), dtype=np.int64)
    for i, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
        place = slice(width - length, width) if side == "left" else slice(0, length)
        token_ids[i, place] = encodings.token_ids[start : start + length]
        mask[i, place] = 1
        if not length:
            # A text without any token: the model reads one pad token, since attention over nothing is not defined.
            mask[i, -1 if side == "left" else 0] = 1
    return Batch(rows, token_ids, mask, owners)


def padded_tokens(
    lengths: npt.NDArray[np.int64],
    batches: Sequence[npt.NDArray[np.int64]],
    *,
    window_counts: npt.NDArray[np.int64] | None = None,
) -> int:
    """Tokens in batches with padding counted; against `lengths.sum()` it tells what padding wastes."""
    widths = _widths(lengths, window_counts)
    return sum(
        int(widths[batch].max()) * (len(batch) if window_counts is None else int(window_counts[batch].sum()))
        for batch in batches
    )


def _widths(lengths: npt.NDArray[np.int64], window_counts: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int64]:
    """Tokens of the widest window of each text: those of a text are of equal length but for one token."""
    return lengths if window_counts is None else -(-lengths // window_counts)


def _cut(
    order: npt.NDArray[np.int64],
    widths: npt.NDArray[np.int64],
    batch_tokens: int,
    window_counts: npt.NDArray[np.int64] | None,
) -> list[npt.NDArray[np.int64]]:
    batches: list[npt.NDArray[np.int64]] = []
    start, widest, n_windows = 0, 0, 0
    for position, text in enumerate(order):
        width, windows = int(widths[text]), 1 if window_counts is None else int(window_counts[text])
        if position > start and max(widest, width) * (n_windows + windows) > batch_tokens:
            batches.append(order[start:position])
            start, widest, n_windows = position, 0, 0
        widest, n_windows = max(widest, width), n_windows + windows
    if start < len(order):
        batches.append(order[start:])
    return batches
