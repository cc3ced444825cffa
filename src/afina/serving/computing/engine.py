"""The engine behind the web page and the REST API: one queue, one rule of admission, workers that compute."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.errors import ConfigError, DataError, ModelError
from afina.inference.explaining import DEFAULT_MAX_EVALS, GRADIENTS, METHODS, OCCLUSION
from afina.inference.threads import usable_cores
from afina.recipes.explaining import explain_one
from afina.serving.computing.asking import QueuedPredictor
from afina.serving.computing.counting import Underway
from afina.serving.computing.dispatcher import Dispatcher, no_probability, no_worker
from afina.serving.computing.frames import PROBE
from afina.serving.computing.pool import PoolSettings
from afina.serving.computing.process import WORKER_COMMAND
from afina.serving.computing.requests import Kind, Request
from afina.serving.computing.served import ServedModel
from afina.serving.engine import (
    Answer,
    Answered,
    DeadlinePassed,
    ModelInfo,
    Overloaded,
    Timing,
    Unavailable,
)
from afina.serving.settings import ServingSettings
from afina.tokenization import Encodings

_LONGEST_RETRY_AFTER_S = 60
_SHARE_WAITED = 0.5
_PROBE_TIMEOUT_S = 60.0
_PROBE_TOLERANCE = 1e-3
_MOST_EXPLANATIONS = 16
_EXPLAINING_THREADS = 4
_CHARACTERS_PER_TOKEN = 4
# These take under a millisecond. A thread would wait up to 5 ms for the interpreter's lock, several times for a text,
# whenever the event loop is busy: under overload it was a second until a request was refused.
_FEW_CHARACTERS = 4_096
_END_TIMEOUT_S = 2.0


class RequestTooLarge(DataError):
    """A request has more tokens than may ever wait (413)."""


def make_engine(
    runs: Mapping[str, Path], settings: ServingSettings, *, worker_command: Sequence[str] = WORKER_COMMAND
) -> WorkerEngine:
    """An engine for some runs; nothing is loaded before `start`.

    Args:
        runs: Run folders by the names that requests choose them by; the first is the default.
        settings: Of the server.
        worker_command: What runs a worker.

    Raises:
        ConfigError: There is no run.
    """
    if not runs:
        raise ConfigError("There is no run to serve")
    return WorkerEngine(runs, settings, worker_command=worker_command)


class WorkerEngine:
    """Computes answers for all served models in worker processes; see `afina.serving.engine.Engine`.

    Args:
        runs: Run folders by name.
        settings: Of the server.
        worker_command: What runs a worker.
    """

    def __init__(self, runs: Mapping[str, Path], settings: ServingSettings, *, worker_command: Sequence[str]) -> None:
        self._runs, self._settings = dict(runs), settings
        self._predictors: set[QueuedPredictor] = set()
        self._underway, self._explaining = Underway(), Underway()
        self._tokens_being_read = 0
        self._served: dict[str, ServedModel] = {}
        self._has_started = self._is_draining = False
        setup = {
            "runs": {name: str(run) for name, run in runs.items()},
            "backend": settings.backend,
            "threads": settings.threads or max(1, usable_cores() // settings.workers),
        }
        pool = PoolSettings(
            worker_command, setup, settings.workers, heartbeat_s=settings.heartbeat_s,
            most_seconds=settings.max_timeout_s,
        )  # fmt: skip
        self._dispatcher = Dispatcher(pool, batch_tokens=settings.batch_tokens)
        self._counters = self._dispatcher.counters
        self._readers = ThreadPoolExecutor(usable_cores(), thread_name_prefix="tokenize")
        self._explainers = ThreadPoolExecutor(_EXPLAINING_THREADS, thread_name_prefix="explain")

    @property
    def models(self) -> dict[str, ModelInfo]:
        """Served models by name, in the order they were given; the first is the default."""
        return {name: served.info for name, served in self._served.items()}

    @property
    def ready(self) -> bool:
        """Whether every model answers, a worker is there, and no texts are turned away since the server stops."""
        has_worker = len(self._dispatcher.pool) > 0
        return self._has_started and not self._is_draining and has_worker and not self._dispatcher.unhealthy

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers."""
        return self._dispatcher.pool.pids

    async def start(self) -> None:
        """Start the workers, and ask each model a probe by the way that texts go.

        Raises:
            ModelError: A model cannot be loaded, or answers the probe otherwise than in its worker.
            ConfigError: A batch has no room for the longest text of a model.
        """
        loaded = await self._dispatcher.pool.start()
        try:
            for model in loaded:
                name = model["name"]
                self._served[name] = await asyncio.to_thread(ServedModel.of, self._runs[name], model)
            self._dispatcher.with_texts = {name for name, each in self._served.items() if each.baseline_weight}
            for name, served in self._served.items():
                self._check_limits(name, served)
                await self._check_probe(name, served)
        except BaseException:
            await self._stop(0)
            raise
        self._has_started = True

    async def answer(
        self, model: str, texts: Sequence[str], *, timeout_s: float, error_if_truncated: bool = False
    ) -> Answered:
        """Answer texts; see `Engine.answer`.

        Raises:
            RequestTooLarge: The texts have more tokens than may ever wait.
        """
        served = self._open_model(model)
        clock = asyncio.get_running_loop().time
        came_s = clock()
        self._admit(0, timeout_s=timeout_s)
        try:
            async with self._underway, asyncio.timeout_at(came_s + timeout_s):
                cleaned, encodings = await self._read(served, texts)
                tokenized_s = clock()
                if error_if_truncated:
                    _refuse_truncated(encodings, served)
                self._check_healthy(served)
                self._admit(encodings.n_tokens, timeout_s=timeout_s)
                request = await self._dispatcher.ask(served.info.name, Kind.TYPED, cleaned, encodings)
        except TimeoutError:
            self._counters.expired += 1
            raise DeadlinePassed(f"There was no answer within {timeout_s:g} s") from None
        computed_s, done_s = request.computed_from_s or tokenized_s, clock()
        timing = Timing(*(1e3 * s for s in (tokenized_s - came_s, computed_s - tokenized_s, done_s - computed_s)))
        return Answered(_answers(request), timing)

    async def explain(
        self,
        model: str,
        text: str,
        *,
        target: str | None,
        method: str,
        timeout_s: float,
        max_evals: int = DEFAULT_MAX_EVALS,
    ) -> dict[str, Any]:
        """Explain one text; see `Engine.explain`.

        Words are left out here and the texts without them asked through the queue, in small batches that let by who
        waits for a label. Integrated gradients are computed in the worker at once.
        """
        served = self._open_model(model)
        if target is not None:
            served.labels.id_of(target)
        if method not in METHODS:
            raise DataError(f"Unknown method: {method!r}", hint=f"known are {', '.join(METHODS)}")
        if method == GRADIENTS and served.info.backend != "torch":
            raise DataError("Integrated gradients need the model in PyTorch", hint=f"take {OCCLUSION}")
        if self._explaining.n >= _MOST_EXPLANATIONS:
            self._refuse()
        self._admit(0, timeout_s=timeout_s)
        by_method = self._by_gradients if method == GRADIENTS else self._by_occlusion
        try:
            async with self._underway, self._explaining, asyncio.timeout(timeout_s):
                return await by_method(served, text, target, max_evals)
        except TimeoutError:
            self._counters.expired += 1
            raise DeadlinePassed(f"There was no explanation within {timeout_s:g} s") from None
        except ConfigError as error:
            raise DataError(str(error), hint=error.hint) from None

    def statistics(self) -> dict[str, float]:
        """Gauges and counters for /metrics; see `Counters` for what they count."""
        gauges = {
            "queued_tokens": self._dispatcher.waiting.tokens,
            "queued_texts": len(self._dispatcher.waiting),
            "open_requests": len(self._dispatcher.open_requests),
            "explanations": self._explaining.n,
            "workers": len(self._dispatcher.pool),
            "worker_restarts": self._dispatcher.pool.restarts,
        }
        return {**gauges, **self._counters.to_dict()}

    async def drain(self, timeout_s: float) -> None:
        """Take no new texts, answer those that wait, and stop the workers."""
        self._is_draining = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._underway.wait_for_none()
        await self._stop(_END_TIMEOUT_S)

    async def _stop(self, timeout_s: float) -> None:
        self._is_draining = True
        for predictor in self._predictors:
            predictor.stop()
        await self._dispatcher.stop(timeout_s)
        self._readers.shutdown(wait=False)
        self._explainers.shutdown(wait=False)

    # What is asked.

    async def _read(self, served: ServedModel, texts: Sequence[str]) -> tuple[list[str], Encodings]:
        """Tokenize texts: a few at once here, more in a thread, so that the event loop goes on meanwhile.

        What is being tokenized counts roughly, until its tokens are known.
        """
        characters = sum(map(len, texts))
        if characters <= _FEW_CHARACTERS:
            return served.read(texts)
        roughly = characters // _CHARACTERS_PER_TOKEN
        self._tokens_being_read += roughly
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, served.read, texts)
        finally:
            self._tokens_being_read -= roughly

    async def _ask_in_background(
        self, served: ServedModel, texts: Sequence[str], encodings: Encodings
    ) -> npt.NDArray[np.float64]:
        request = await self._dispatcher.ask(served.info.name, Kind.BACKGROUND, texts, encodings)
        return np.stack([request.probabilities[i] for i in range(len(texts))])

    async def _by_gradients(self, served: ServedModel, text: str, target: str | None, max_evals: int) -> dict[str, Any]:
        _, encodings = await self._read(served, [text])
        request = await self._dispatcher.ask(served.info.name, Kind.GRADIENTS, [text], encodings, {"target": target})
        return request.document

    async def _by_occlusion(self, served: ServedModel, text: str, target: str | None, max_evals: int) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        predictor = QueuedPredictor(
            served, lambda texts, encodings: self._ask_in_background(served, texts, encodings),
            piece_tokens=self._dispatcher.waiting.background_tokens, loop=loop,
        )  # fmt: skip

        def explained() -> dict[str, Any]:
            return explain_one(
                predictor, text, encoder=served.encoder, backend=served.info.backend, blended=served.baseline_weight,
                target=target, max_evals=max_evals,
            )  # fmt: skip

        self._predictors.add(predictor)
        try:
            return await loop.run_in_executor(self._explainers, explained)
        except asyncio.CancelledError:
            if self._is_draining:
                raise Unavailable("The server stops") from None
            raise
        finally:
            predictor.stop()
            self._predictors.discard(predictor)

    def _open_model(self, name: str) -> ServedModel:
        if self._is_draining:
            raise Unavailable("The server stops")
        if not self._has_started:
            raise Unavailable("The models are being loaded")
        served = self._served[name]
        self._check_healthy(served)
        return served

    def _check_healthy(self, served: ServedModel) -> None:
        if self._dispatcher.pool.is_failing:
            raise no_worker()
        if served.info.name in self._dispatcher.unhealthy:
            raise no_probability(served.info.name)

    def _admit(self, tokens: int, *, timeout_s: float) -> None:
        """The one rule of admission: what waits and what comes may together be no more than `queue_tokens`.

        Where the workers are slow, less may wait: what stands before a request must leave it half of its time, else it
        would wait in vain. Texts that are not tokenized yet come with 0 tokens, and are refused if there is no room for
        a single one.
        """
        most = self._settings.queue_tokens
        if tokens > most:
            raise RequestTooLarge(
                f"The request has {tokens:,} tokens, and no more than {most:,} may wait",
                hint="send fewer texts at once",
            )
        waiting = self._dispatcher.waiting.tokens
        coming = tokens or self._tokens_being_read + 1
        in_time = max(self._settings.batch_tokens, _SHARE_WAITED * timeout_s * self._tokens_per_second)
        if waiting + coming > most or (self._tokens_per_second and waiting > in_time):
            self._refuse()

    @property
    def _tokens_per_second(self) -> float:
        return self._counters.tokens_per_second * max(1, len(self._dispatcher.pool))

    def _refuse(self) -> None:
        self._counters.refused += 1
        speed = self._tokens_per_second
        seconds = math.ceil(self._dispatcher.waiting.tokens / speed) if speed else 1
        raise Overloaded(min(max(1, seconds), _LONGEST_RETRY_AFTER_S))

    # What is checked at the start.

    def _check_limits(self, name: str, served: ServedModel) -> None:
        longest = served.info.max_tokens
        for setting in ("batch_tokens", "queue_tokens"):
            most = getattr(self._settings, setting)
            if most < longest:
                raise ConfigError(
                    f"{setting} = {most:,} has no room for a text of the model {name!r}, which reads {longest:,} tokens"
                )

    async def _check_probe(self, name: str, served: ServedModel) -> None:
        texts, encodings = await self._read(served, [PROBE])
        async with asyncio.timeout(_PROBE_TIMEOUT_S):
            request = await self._dispatcher.ask(served.info.name, Kind.TYPED, texts, encodings)
        if not np.allclose(request.probabilities[0], served.probe, atol=_PROBE_TOLERANCE):
            raise ModelError(f"The model {name!r} does not answer as it should", hint="see its export: `afina export`")


def _refuse_truncated(encodings: Encodings, served: ServedModel) -> None:
    if encodings.truncated.any():
        first = int(encodings.truncated.argmax())
        raise DataError(
            f"Text {first + 1} has {_whole_lengths(encodings)[first]:,} tokens, more than the model reads: "
            f"{served.info.max_tokens:,} at once",
            hint="shorten it, or have it cut",
        )


def _answers(request: Request) -> tuple[Answer, ...]:
    encodings = request.encodings
    return tuple(
        Answer(tuple(request.probabilities[i].tolist()), tokens, truncated)
        for i, (tokens, truncated) in enumerate(
            zip(_whole_lengths(encodings), encodings.truncated.tolist(), strict=True)
        )
    )


def _whole_lengths(encodings: Encodings) -> list[int]:
    counted = encodings.lengths if encodings.whole_lengths is None else encodings.whole_lengths
    lengths: list[int] = counted.tolist()
    return lengths
