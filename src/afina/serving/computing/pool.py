"""Worker processes that are kept alive: one that ends, hangs or says nothing is replaced."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from afina.errors import AfinaError, first_line
from afina.serving.computing.frames import Frame
from afina.serving.computing.process import WorkerProcess
from afina.serving.computing.requests import Batch

_LOG = logging.getLogger(__name__)
_BEATS_PER_TIMEOUT = 5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_LOAD_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class PoolSettings:
    """How workers are started and watched."""

    command: Sequence[str]
    """What runs a worker."""
    setup: Mapping[str, Any]
    """What each is told first: `runs`, `backend`, `threads`."""
    workers: int
    heartbeat_s: float
    """A worker that says nothing for so long is replaced."""
    most_seconds: float
    """So is one that computes a batch for longer."""


class PoolUser(Protocol):
    """Who gives a pool its work."""

    def worker_free(self) -> None:
        """A worker can take a batch."""
        ...

    def batch_done(self, batch: Batch, reply: Frame) -> None:
        """A worker has replied."""
        ...

    def batch_lost(self, batch: Batch) -> None:
        """The worker that computed a batch is gone."""
        ...

    def no_worker(self) -> None:
        """The last worker is gone, and none could be started in its place so far."""
        ...


class WorkerPool:
    """Workers, each with all models.

    Args:
        settings: How they are started and watched.
        user: Told of whatever happens.
    """

    def __init__(self, settings: PoolSettings, user: PoolUser) -> None:
        self._settings, self._user = settings, user
        self._workers: dict[int, WorkerProcess] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._watchdog: asyncio.Task[None] | None = None
        self.restarts = 0
        """Workers that were replaced."""
        self.is_failing = False
        """Whether no worker is there, and the last attempt to start one failed."""

    def __len__(self) -> int:
        return len(self._workers)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.pid for worker in self._workers.values()]

    @property
    def free_worker(self) -> WorkerProcess | None:
        """A worker that computes nothing now; None where all do."""
        return next((worker for worker in self._workers.values() if worker.batch is None), None)

    async def start(self) -> list[dict[str, Any]]:
        """Start all workers, and return what they say of the models.

        Raises:
            ModelError: A model cannot be loaded.
        """
        starts = [asyncio.create_task(self._start(tokenizers=not i)) for i in range(self._settings.workers)]
        try:
            started = await asyncio.gather(*starts)
        except BaseException:
            for each in starts:
                each.cancel()
            for one in await asyncio.gather(*starts, return_exceptions=True):
                if not isinstance(one, BaseException):
                    await one[0].stop(0)
            raise
        for place, (worker, _) in enumerate(started):
            self._workers[place] = worker
            self._keepers.append(asyncio.create_task(self._keep(place, worker)))
        self._watchdog = asyncio.create_task(self._watch())
        models: list[dict[str, Any]] = started[0][1]
        return models

    async def stop(self, timeout_s: float) -> None:
        """End all workers."""
        tasks = [task for task in (*self._keepers, self._watchdog) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        workers, self._workers = list(self._workers.values()), {}
        await asyncio.gather(*(worker.stop(timeout_s) for worker in workers))

    async def _start(self, *, tokenizers: bool = False) -> tuple[WorkerProcess, list[dict[str, Any]]]:
        setup = {
            **self._settings.setup, "tokenizers": tokenizers, "load_timeout_s": _LOAD_TIMEOUT_S,
            "heartbeat_s": self._settings.heartbeat_s / _BEATS_PER_TIMEOUT,
        }  # fmt: skip
        return await WorkerProcess.start(self._settings.command, setup)

    async def _keep(self, place: int, worker: WorkerProcess) -> None:
        """Hand on what a worker says, and replace it when it is gone."""
        while True:
            try:
                await self._listen(worker)
            except Exception:
                _LOG.exception("worker %d said what cannot be understood", worker.pid)
                worker.kill()
            del self._workers[place]
            exit_code = await worker.stop(0)
            _LOG.warning("worker %d ended (exit code %d) and is replaced", worker.pid, exit_code)
            if worker.batch is not None:
                self._user.batch_lost(worker.batch)
            worker = await self._replace()
            self._workers[place] = worker
            self.restarts += 1
            self.is_failing = False
            self._user.worker_free()

    async def _listen(self, worker: WorkerProcess) -> None:
        while (frame := await worker.receive()) is not None:
            if frame.message["say"] == "alive" or worker.batch is None:
                continue
            self._user.batch_done(worker.batch, frame)
            worker.batch = None
            self._user.worker_free()

    async def _replace(self) -> WorkerProcess:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                worker, _ = await self._start()
                return worker
            except (AfinaError, OSError) as error:  # a TimeoutError is an OSError
                _LOG.error("no worker could be started: %s", first_line(error))
            if not self._workers:
                self.is_failing = True
                self._user.no_worker()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _watch(self) -> None:
        """Kill workers that say nothing or compute for ever; what follows is as if they had died."""
        clock = asyncio.get_running_loop().time
        interval_s = self._settings.heartbeat_s / _BEATS_PER_TIMEOUT
        while True:
            asleep_s = clock()
            await asyncio.sleep(interval_s)
            now_s = clock()
            if now_s - asleep_s > 2 * interval_s:
                continue  # this process was held up itself: what was said meanwhile is not read yet
            for worker in self._workers.values():
                is_silent = now_s - worker.heard_s > self._settings.heartbeat_s
                is_endless = worker.batch is not None and now_s - worker.busy_since_s > self._settings.most_seconds
                if is_silent or is_endless:
                    _LOG.warning("worker %d %s", worker.pid, "is silent" if is_silent else "does not come to an end")
                    worker.kill()
