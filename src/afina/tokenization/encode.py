"""Texts to token ids, kept ragged: nothing is padded until a batch is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from afina.errors import ConfigError
from afina.tokenization.long_text import DEFAULT_MAX_WINDOWS, HEAD, LONG_TEXT_MODES, spans_read
from afina.utf8 import as_utf8

_TEXTS_PER_CALL = 4096


@dataclass(frozen=True)
class Encodings:
    """Token ids of many texts, end to end.

    A text is read in one window, or where `Encoder` cuts long texts into windows, in several that lie side by side.

    Args:
        token_ids: Ids of all windows, (n_tokens,) int32.
        offsets: Where each window begins, and the end of the last: (n_windows + 1,) int64.
        truncated: Whether some tokens of a text are not read, (n_texts,) bool.
        first_windows: The first window of each text, and the number of windows: (n_texts + 1,) int64; None where
            every text has one window.
        whole_lengths: Tokens of each whole text, read or not, special tokens counted: (n_texts,) int64; None where
            nobody counted them.
    """

    token_ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    truncated: npt.NDArray[np.bool_]
    first_windows: npt.NDArray[np.int64] | None = None
    whole_lengths: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.truncated)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text over all its windows, special tokens counted: (n_texts,)."""
        return np.diff(self.offsets if self.first_windows is None else self.offsets[self.first_windows])

    @property
    def window_counts(self) -> npt.NDArray[np.int64] | None:
        """Windows of each text, (n_texts,); None where every text has one."""
        return None if self.first_windows is None else np.diff(self.first_windows)

    @property
    def n_tokens(self) -> int:
        """Tokens of all texts."""
        return int(self.offsets[-1])

    @property
    def share_truncated(self) -> float:
        """Share of texts of which some tokens are not read."""
        return float(self.truncated.mean()) if len(self) else 0.0

    @property
    def longest_window(self) -> int:
        """Tokens of the widest window of any text."""
        return int(np.diff(self.offsets).max(initial=0))

    def select(self, rows: npt.NDArray[np.int64]) -> Encodings:
        """Encodings of some texts, in the order given."""
        windows, _ = self.windows_of(rows)
        lengths = self.offsets[windows + 1] - self.offsets[windows]
        parts = [self.token_ids[self.offsets[window] : self.offsets[window + 1]] for window in windows]
        counts = self.window_counts
        return Encodings(
            np.concatenate(parts) if parts else self.token_ids[:0],
            np.concatenate([[0], np.cumsum(lengths)]),
            self.truncated[rows],
            None if counts is None else np.concatenate([[0], np.cumsum(counts[rows])]),
            None if self.whole_lengths is None else self.whole_lengths[rows],
        )

    def of(self, text: int) -> npt.NDArray[np.int32]:
        """Token ids of one text, its windows one after another."""
        first, end = (text, text + 1) if self.first_windows is None else self.first_windows[text : text + 2]
        return self.token_ids[self.offsets[first] : self.offsets[end]]

    def window(self, window: int) -> npt.NDArray[np.int32]:
        """Token ids of one window."""
        return self.token_ids[self.offsets[window] : self.offsets[window + 1]]

    def windows_of(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64] | None]:
        """The windows of some texts.

        Args:
            rows: Positions of the texts.

        Returns:
            Positions of their windows in `offsets`, (n_windows,), and for each of them the place of its text in
            `rows`, (n_windows,); None for the latter where each text has one window.
        """
        if self.first_windows is None:
            return rows, None
        counts = self.first_windows[rows + 1] - self.first_windows[rows]
        if (counts == 1).all():
            return self.first_windows[rows], None
        owners = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.first_windows[rows][owners] + within, owners


class Encoder:
    """A tokenizer with a length limit.

    Args:
        tokenizer: Any tokenizer of the `tokenizers` library; it is copied, since a `tokenizer.json` may carry padding
            and truncation of its own, and neither is wanted here.
        max_tokens: Most tokens a model reads at once, special tokens counted.
        long_text: What is read of a longer text: its `head`; a quarter from its head and the rest from its tail
            (`head-tail`); or `windows`, see `spans_read`. Each has the special tokens that the tokenizer puts around
            a text.
        max_windows: Most windows of a text.

    Raises:
        ConfigError: There is no such way of reading a long text, or no room for a token of a text.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        max_tokens: int,
        *,
        long_text: str = HEAD,
        max_windows: int = DEFAULT_MAX_WINDOWS,
    ) -> None:
        if long_text not in LONG_TEXT_MODES:
            raise ConfigError(
                f"Unknown way of reading a long text: {long_text!r}", hint=f"known are {', '.join(LONG_TEXT_MODES)}"
            )
        if max_windows < 1:
            raise ConfigError(f"A text needs one window at least, got max_windows={max_windows}")
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._n_special = self._tokenizer.num_special_tokens_to_add(False)
        if max_tokens <= self._n_special:
            raise ConfigError(
                f"No room for a text in {max_tokens} tokens: the tokenizer adds {self._n_special} of its own"
            )
        self.max_tokens, self.long_text, self.max_windows = max_tokens, long_text, max_windows

    def encode(self, texts: Sequence[str]) -> Encodings:
        """Tokenize texts, several at a time on all cores."""
        windows: list[npt.NDArray[np.int32]] = []
        counts = np.ones(len(texts), dtype=np.int64)
        whole_lengths = np.zeros(len(texts), dtype=np.int64)
        truncated = np.zeros(len(texts), dtype=np.bool_)
        for start in range(0, len(texts), _TEXTS_PER_CALL):
            some = [as_utf8(text) for text in texts[start : start + _TEXTS_PER_CALL]]
            # Whole texts without character offsets take less time than cut ones with them.
            for text, encoding in enumerate(self._tokenizer.encode_batch_fast(some), start):
                token_ids = np.asarray(encoding.ids, dtype=np.int32)
                whole_lengths[text] = len(token_ids)
                if len(token_ids) <= self.max_tokens:
                    windows.append(token_ids)
                    continue
                leading = encoding.special_tokens_mask.index(0)
                cut, truncated[text] = self._cut(token_ids, leading)
                counts[text] = len(cut)
                windows += cut
        offsets = np.zeros(len(windows) + 1, dtype=np.int64)
        np.cumsum([len(window) for window in windows], out=offsets[1:])
        token_ids = np.concatenate(windows) if windows else np.zeros(0, dtype=np.int32)
        first_windows = None if len(windows) == len(texts) else np.concatenate([[0], np.cumsum(counts)])
        return Encodings(token_ids, offsets, truncated, first_windows, whole_lengths)

    def tokenizer_json(self) -> str:
        """The tokenizer as `tokenizer.json` holds it, with neither padding nor truncation."""
        serialized: str = self._tokenizer.to_str()
        return serialized

    def places(self, text: str) -> list[npt.NDArray[np.int64]]:
        """Where in a text the tokens stand that are read of it.

        Returns:
            For each window, first and last character (exclusive) of each of its tokens, (n_tokens, 2), in the order
            of `encode`; special tokens stand nowhere and have equal numbers.
        """
        encoding = self._tokenizer.encode(as_utf8(text))
        places = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        special = np.array(encoding.special_tokens_mask, dtype=np.bool_)
        places[special, 1] = places[special, 0]
        if len(places) <= self.max_tokens:
            return [places]
        rows = np.arange(len(places), dtype=np.int32)
        windows, _ = self._cut(rows, encoding.special_tokens_mask.index(0))
        return [places[window] for window in windows]

    def _cut(self, token_ids: npt.NDArray[np.int32], leading: int) -> tuple[list[npt.NDArray[np.int32]], bool]:
        """Windows of a long text, and whether some of its tokens are in none."""
        end = len(token_ids) - (self._n_special - leading)
        before, content, after = token_ids[:leading], token_ids[leading:end], token_ids[end:]
        room = self.max_tokens - self._n_special
        spans = spans_read(len(content), room, mode=self.long_text, max_windows=self.max_windows)
        windows = [np.concatenate([before, *(content[slice(*span)] for span in window), after]) for window in spans]
        n_read = sum(len(window) - self._n_special for window in windows)
        return windows, n_read < len(content)
