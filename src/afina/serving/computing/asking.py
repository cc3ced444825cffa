"""A predictor that asks the queue, so that an explanation is many small questions that let others by."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import numpy.typing as npt

from afina.labels import LabelSet
from afina.serving.computing.served import ServedModel
from afina.tokenization import Encodings, sorted_batches

Ask = Callable[[Sequence[str], Encodings], Awaitable[npt.NDArray[np.float64]]]


class QueuedPredictor:
    """Answers of a served model, for a thread.

    Args:
        model: The model.
        ask: Asks the queue, on the event loop: texts and token ids in, (n_texts, n_labels) out.
        piece_tokens: Most tokens that are asked at once.
        loop: The event loop.
    """

    def __init__(self, model: ServedModel, ask: Ask, *, piece_tokens: int, loop: asyncio.AbstractEventLoop) -> None:
        self._model, self._ask, self._piece_tokens, self._loop = model, ask, piece_tokens, loop
        self._is_stopped = False
        self._asked: concurrent.futures.Future[npt.NDArray[np.float64]] | None = None

    @property
    def labels(self) -> LabelSet:
        """The labels, in the order of the columns of `predict_proba`."""
        return self._model.labels

    def predict_proba(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Probability of each label for each text: (n_texts, n_labels) float64.

        Raises:
            CancelledError: Nobody waits for it any more.
        """
        cleaned, encodings = self._model.read(texts)
        probabilities = np.zeros((len(texts), len(self.labels)))
        for rows in sorted_batches(encodings.lengths, self._piece_tokens, window_counts=encodings.window_counts):
            probabilities[rows] = self._piece([cleaned[row] for row in rows], encodings.select(rows))
        return probabilities

    def stop(self) -> None:
        """Ask no more; to be called on the event loop."""
        self._is_stopped = True
        if self._asked is not None:
            self._asked.cancel()

    def _piece(self, texts: Sequence[str], encodings: Encodings) -> npt.NDArray[np.float64]:
        async def ask() -> npt.NDArray[np.float64]:
            if self._is_stopped:
                raise asyncio.CancelledError
            return await self._ask(texts, encodings)

        if self._is_stopped:
            raise concurrent.futures.CancelledError
        self._asked = asyncio.run_coroutine_threadsafe(ask(), self._loop)
        return self._asked.result()
