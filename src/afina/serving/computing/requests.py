"""What waits for an answer: requests, their rows, and the batches that rows are computed in."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.serving.computing.frames import ANSWER, EXPLAIN, Frame
from afina.tokenization import Encodings

BACKGROUND_DELAY_S = 0.5
"""Questions of an explanation wait as if they had come so much later: who types goes first, and none waits for ever."""


class Kind(enum.Enum):
    """What is asked, and how urgently."""

    TYPED = "typed"
    """Texts that someone waits for."""
    BACKGROUND = "background"
    """Texts with words left out, of which an explanation asks for many."""
    GRADIENTS = "gradients"
    """One text, explained in the worker."""


@dataclass(eq=False)
class Request:
    """Texts of one model that are answered together.

    Args:
        model: Name of the model.
        kind: What is asked.
        texts: The texts, cleaned.
        encodings: Their token ids.
        arrived_s: When it came, on the event loop's clock.
        done: Has a result when all rows are answered, an error when one cannot be; cancelled when nobody waits.
        options: What else a worker is told.
    """

    model: str
    kind: Kind
    texts: Sequence[str]
    encodings: Encodings
    arrived_s: float
    done: asyncio.Future[None]
    options: dict[str, Any] = field(default_factory=dict)
    probabilities: dict[int, npt.NDArray[np.float64]] = field(default_factory=dict)
    """Answers by row."""
    document: dict[str, Any] = field(default_factory=dict)
    """The explanation, of `Kind.GRADIENTS`."""
    waiting: set[Row] = field(default_factory=set)
    """Rows that no worker has got yet."""
    computed_from_s: float | None = None
    """When its first row went to a worker."""

    @property
    def is_over(self) -> bool:
        """Whether it is answered, or nobody waits for it any more."""
        return self.done.done()

    @property
    def due_s(self) -> float:
        """By which requests are ordered."""
        return self.arrived_s + (0.0 if self.kind is Kind.TYPED else BACKGROUND_DELAY_S)

    def rows(self) -> list[Row]:
        """Its texts as rows."""
        counts = self.encodings.window_counts
        windows = [1] * len(self.encodings) if counts is None else counts.tolist()
        lengths = self.encodings.lengths.tolist()
        return [Row(self, i, length, n) for i, (length, n) in enumerate(zip(lengths, windows, strict=True))]

    def answer_row(self, index: int, probabilities: npt.NDArray[np.float64]) -> None:
        """Note the answer to one text, (n_labels,)."""
        self.probabilities[index] = probabilities
        if len(self.probabilities) == len(self.encodings):
            self.finish()

    def finish(self) -> None:
        """All is answered."""
        if not self.is_over:
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """It cannot be answered."""
        if not self.is_over:
            self.done.set_exception(error)
            self.done.exception()  # who awaited it may be gone: that is no error to be logged


@dataclass(eq=False, slots=True)
class Row:
    """One text of a request."""

    request: Request
    index: int
    """Its place in the request."""
    tokens: int
    windows: int

    @property
    def width(self) -> int:
        """Tokens of its widest window."""
        return -(-self.tokens // self.windows)


@dataclass(eq=False)
class Batch:
    """Rows of one model and kind that are computed together."""

    rows: list[Row]
    attempts: int = 1

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.rows[0].request.model

    @property
    def kind(self) -> Kind:
        """What is asked."""
        return self.rows[0].request.kind

    @property
    def tokens(self) -> int:
        """Tokens without padding."""
        return sum(row.tokens for row in self.rows)

    @property
    def padded_tokens(self) -> int:
        """Tokens with padding."""
        return max(row.width for row in self.rows) * sum(row.windows for row in self.rows)

    @property
    def requests(self) -> list[Request]:
        """Whose rows they are."""
        return list(dict.fromkeys(row.request for row in self.rows))

    def awaited(self) -> Batch | None:
        """The batch without rows that nobody waits for; None if that is all of it."""
        rows = [row for row in self.rows if not row.request.is_over]
        return Batch(rows, self.attempts) if rows else None

    def halves(self) -> list[Batch]:
        """The same rows in two batches, to be tried once more."""
        middle = (len(self.rows) + 1) // 2
        return [Batch(rows, self.attempts + 1) for rows in (self.rows[:middle], self.rows[middle:]) if rows]

    def to_frame(self, number: int, *, with_texts: bool) -> Frame:
        """What the worker is asked.

        Args:
            number: Comes back with the answer.
            with_texts: Whether the model reads texts beside token ids.
        """
        if self.kind is Kind.GRADIENTS:
            (row,) = self.rows
            text = row.request.texts[row.index]
            return Frame({"do": EXPLAIN, "batch": number, "model": self.model, "text": text, **row.request.options})
        windows = [window for row in self.rows for window in _windows(row)]
        several = any(row.windows > 1 for row in self.rows)
        message = {
            "do": ANSWER,
            "batch": number,
            "model": self.model,
            "n_texts": len(self.rows),
            "offsets": [0, *np.cumsum([len(window) for window in windows]).tolist()],
            "first_windows": [0, *np.cumsum([row.windows for row in self.rows]).tolist()] if several else None,
            "texts": [row.request.texts[row.index] for row in self.rows] if with_texts else [],
        }
        return Frame(message, np.concatenate(windows).astype(np.int32, copy=False).tobytes())


def _windows(row: Row) -> list[npt.NDArray[np.int32]]:
    encodings = row.request.encodings
    if encodings.first_windows is None:
        return [encodings.window(row.index)]
    first = int(encodings.first_windows[row.index])
    return [encodings.window(first + i) for i in range(row.windows)]
