"""Texts to token ids, kept ragged: nothing is padded until a batch is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from afina.utf8 import as_utf8

_TEXTS_PER_CALL = 4096


@dataclass(frozen=True)
class Encodings:
    """Token ids of many texts, end to end.

    Args:
        token_ids: Ids of all texts, (n_tokens,) int32.
        offsets: Where each text begins, and the end of the last: (n_texts + 1,) int64.
        truncated: Whether a text lost its end, (n_texts,) bool.
    """

    token_ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    truncated: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.truncated)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text, special tokens counted: (n_texts,)."""
        return np.diff(self.offsets)

    @property
    def n_tokens(self) -> int:
        """Tokens of all texts."""
        return int(self.offsets[-1])

    @property
    def share_truncated(self) -> float:
        """Share of texts that lost their end."""
        return float(self.truncated.mean()) if len(self) else 0.0

    def of(self, text: int) -> npt.NDArray[np.int32]:
        """Token ids of one text."""
        return self.token_ids[self.offsets[text] : self.offsets[text + 1]]


class Encoder:
    """A tokenizer with a length limit.

    Args:
        tokenizer: Any tokenizer of the `tokenizers` library; it is copied, since a `tokenizer.json` may carry padding
            and truncation of its own, and both are set here.
        max_tokens: Tokens kept of a text, from its start, special tokens counted.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=max_tokens)
        self.max_tokens = max_tokens

    def encode(self, texts: Sequence[str]) -> Encodings:
        """Tokenize texts, several at a time on all cores."""
        parts: list[npt.NDArray[np.int32]] = []
        truncated: list[bool] = []
        for start in range(0, len(texts), _TEXTS_PER_CALL):
            some = [as_utf8(text) for text in texts[start : start + _TEXTS_PER_CALL]]
            for encoding in self._tokenizer.encode_batch(some):
                parts.append(np.asarray(encoding.ids, dtype=np.int32))
                truncated.append(len(encoding.overflowing) > 0)
        offsets = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(part) for part in parts], out=offsets[1:])
        token_ids = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
        return Encodings(token_ids, offsets, np.array(truncated, dtype=np.bool_))
