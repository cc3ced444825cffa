"""What stands between requests and workers: it queues rows, gives batches to workers, and hands answers back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from afina.errors import DataError
from afina.serving.computing.counting import Counters
from afina.serving.computing.frames import MEMORY, NO_PROBABILITY, REFUSED, Frame
from afina.serving.computing.pool import PoolSettings, WorkerPool
from afina.serving.computing.requests import Batch, Kind, Request
from afina.serving.computing.waiting import WaitingRows
from afina.serving.engine import BackendFailure, Unavailable
from afina.tokenization import Encodings


class Dispatcher:
    """One queue for all models, and the workers that empty it.

    Args:
        pool: How workers are started and watched.
        batch_tokens: Most tokens in a batch, padding counted.
    """

    def __init__(self, pool: PoolSettings, *, batch_tokens: int) -> None:
        self.pool = WorkerPool(pool, self)
        self.waiting = WaitingRows(batch_tokens=batch_tokens)
        self.counters = Counters()
        self.unhealthy: set[str] = set()
        """Models that gave what is no probability; they are asked no more."""
        self.with_texts: Collection[str] = ()
        """Models that read texts beside token ids."""
        self._retries: deque[Batch] = deque()
        self._open: set[Request] = set()
        self._n_asked = 0

    @property
    def open_requests(self) -> list[Request]:
        """Requests that are not answered yet."""
        return list(self._open)

    async def ask(
        self,
        model: str,
        kind: Kind,
        texts: Sequence[str],
        encodings: Encodings,
        options: dict[str, Any] | None = None,
    ) -> Request:
        """Queue texts and wait for their answers; when the wait is cancelled, those not yet computed are dropped.

        Raises:
            Unavailable: Workers end, or run out of memory, over these texts.
            BackendFailure: The model gave what is no probability, or broke.
            DataError: The worker refuses the text.
        """
        loop = asyncio.get_running_loop()
        request = Request(model, kind, texts, encodings, loop.time(), loop.create_future(), options or {})
        if not len(encodings):
            return request
        self._open.add(request)
        self.waiting.add(request)
        self.worker_free()
        try:
            await request.done
        finally:
            self._open.discard(request)
            self.counters.dropped += self.waiting.remove(request)
        return request

    async def stop(self, timeout_s: float) -> None:
        """Turn away all who still wait, and end the workers.

        Args:
            timeout_s: Time for a worker to finish its batch.
        """
        for request in self.open_requests:
            request.fail(Unavailable("The server stops"))
        await self.pool.stop(timeout_s)

    def worker_free(self) -> None:
        """Give each worker that computes nothing a batch, at once: nothing ever waits for a batch to fill."""
        while (process := self.pool.free_worker) is not None:
            batch = self._next_batch()
            if batch is None:
                return
            now_s = asyncio.get_running_loop().time()
            for request in batch.requests:
                request.computed_from_s = request.computed_from_s or now_s
            self._n_asked += 1
            process.ask(batch, batch.to_frame(self._n_asked, with_texts=batch.model in self.with_texts))

    def batch_done(self, batch: Batch, reply: Frame) -> None:
        """Hand out the answers of a batch, or tell why there are none."""
        message = reply.message
        if message["say"] == "answered":
            probabilities = np.frombuffer(reply.payload, dtype=np.float64).reshape(len(batch.rows), -1)
            for row, answer in zip(batch.rows, probabilities, strict=True):
                row.request.answer_row(row.index, answer)
            self.counters.count_batch(batch, message["seconds"])
        elif message["say"] == "explained":
            for request in batch.requests:
                request.document = message["document"]
                request.finish()
        elif message["why"] == MEMORY:
            self._retry(batch, "There is not enough memory for these texts")
        elif message["why"] == NO_PROBABILITY:
            self._give_up(batch.model)
        else:
            self.counters.failed += 1
            for request in batch.requests:
                request.fail(_refused(message) if message["why"] == REFUSED else _broken(batch.model))

    def batch_lost(self, batch: Batch) -> None:
        """Try the batch of a worker that is gone once more."""
        self._retry(batch, "The worker that computed these texts ended")

    def no_worker(self) -> None:
        """Tell all who wait that no worker can be started."""
        for request in self.open_requests:
            request.fail(no_worker())

    def _next_batch(self) -> Batch | None:
        while self._retries:
            batch = self._retries.popleft().awaited()
            if batch is not None:
                return batch
        return self.waiting.next_batch()

    def _retry(self, batch: Batch, why: str) -> None:
        """Once more in halves, so that a text that cannot be computed takes few others with it."""
        if batch.attempts == 1:
            self.counters.retried += 1
            self._retries.extend(batch.halves())
            return
        self.counters.failed += 1
        for request in batch.requests:
            request.fail(Unavailable(why))

    def _give_up(self, model: str) -> None:
        self.counters.failed += 1
        self.unhealthy.add(model)
        for request in self.open_requests:
            if request.model == model:
                request.fail(no_probability(model))


def no_worker() -> Unavailable:
    """The error where no worker can be started."""
    return Unavailable("No worker can be started", retry_after_s=5)


def no_probability(model: str) -> BackendFailure:
    """The error for a model that is asked no more."""
    return BackendFailure(f"The model {model!r} gave what is no probability, and is asked no more")


def _refused(message: Any) -> DataError:
    return DataError(message["message"], hint=message["hint"])


def _broken(model: str) -> BackendFailure:
    return BackendFailure(f"The model {model!r} could not answer", hint="the server's log says why")
