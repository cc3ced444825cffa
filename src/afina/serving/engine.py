"""The seam between what speaks HTTP and what computes answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from afina.config import DEFAULT_MAX_EVALS
from afina.errors import AfinaError


@dataclass(frozen=True)
class ModelInfo:
    """A model that is served, as clients may know it."""

    name: str
    """By which requests choose it."""
    labels: tuple[str, ...]
    revision: str
    """First 12 digits of the sha256 of its weights."""
    max_tokens: int
    long_text: str
    """How longer texts are read: `head`, `head-tail` or `windows`."""
    temperature: float
    threshold: float | None
    """Probability from which on an answer is sure."""
    backend: str
    """`onnx-int8`, `onnx-fp32` or `torch`."""
    warnings: tuple[str, ...] = ()
    """Such as why another backend was not taken."""
    details: dict[str, Any] = field(default_factory=dict)
    """sha256 of its files, base model, method, test metrics with intervals, training data's name, created: from the
    run's manifest and metrics."""


@dataclass(frozen=True)
class Answer:
    """What a model says of one text."""

    probabilities: tuple[float, ...]
    """In the order of the model's labels."""
    tokens: int
    """Tokens of the whole text, special tokens counted."""
    truncated: bool
    """Whether some of them were not read."""


@dataclass(frozen=True)
class Timing:
    """Where a request's time went, in milliseconds."""

    tokenize_ms: float
    queue_ms: float
    infer_ms: float


@dataclass(frozen=True)
class Answered:
    """Answers to the texts of one request, in their order."""

    answers: tuple[Answer, ...]
    timing: Timing


class Overloaded(AfinaError):
    """More tokens wait than may; try again in `retry_after_s` seconds (429)."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("Too many texts are waiting", hint=f"try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class DeadlinePassed(AfinaError):
    """The request's time was up before its answer was there (504)."""


class Unavailable(AfinaError):
    """No worker can answer now: loading, draining or started anew (503)."""

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BackendFailure(AfinaError):
    """The model gave what is no probability; it is not asked again (500, type `backend`)."""


class Engine(Protocol):
    """Computes answers for all served models, in one or more worker processes."""

    @property
    def models(self) -> dict[str, ModelInfo]:
        """Served models by name, in the order they were given; the first is the default."""
        ...

    @property
    def ready(self) -> bool:
        """Whether every model answers as it should (a real probe matched), and none is draining."""
        ...

    async def answer(
        self, model: str, texts: Sequence[str], *, timeout_s: float, error_if_truncated: bool = False
    ) -> Answered:
        """Answer texts, none of which is blank or longer than `too_long` allows.

        Cancelling the awaiting task (the client left) drops what still waits of it.

        Raises:
            KeyError: No such model.
            Overloaded, DeadlinePassed, Unavailable, BackendFailure: As their names say.
            DataError: A text is truncated, and `error_if_truncated`.
        """
        ...

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
        """One explanation, as `afina.recipes.explain_texts` documents it.

        Raises:
            DataError: The target is no label of the model, or the method is unknown; all others as `answer`.
        """
        ...

    def statistics(self) -> dict[str, float]:
        """Gauges and counters for /metrics: queued_tokens, queued_texts, tokens_per_second, batches, dropped, ..."""
        ...

    async def start(self) -> None:
        """Start the workers; returns when all models are ready.

        Raises:
            AfinaError: A model cannot be loaded.
        """
        ...

    async def drain(self, timeout_s: float) -> None:
        """Take no new texts, answer those that wait, and stop the workers."""
        ...
