"""From the texts of a request to an engine's answers: what all routes check, and how they wait."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request

from afina.data import clean_text, is_blank
from afina.errors import DataError
from afina.serving.computing import RequestTooLarge
from afina.serving.engine import Answer, Answered, Engine, ModelInfo, Timing, Unavailable
from afina.serving.metrics import Metrics
from afina.serving.middleware.context import ClientLeft
from afina.serving.problems import Problem, invalid, unknown_model
from afina.serving.settings import ServingSettings

_GRACE_S = 1.0
"""An engine keeps its deadlines itself; so much later nobody waits for it any more."""
_NOTHING = Answered((), Timing(0.0, 0.0, 0.0))
T = TypeVar("T")


@dataclass(frozen=True)
class AnsweredTexts:
    """Answers in the order of a request's texts; None where a text is blank."""

    model: ModelInfo
    answers: tuple[Answer | None, ...]
    timing: Timing

    @property
    def tokens(self) -> int:
        """Tokens of all texts."""
        return sum(answer.tokens for answer in self.answers if answer)

    @property
    def n_truncated(self) -> int:
        """Texts of which some part was not read."""
        return sum(answer.truncated for answer in self.answers if answer)

    def headers(self) -> dict[str, str]:
        """What the response tells of them beside its body."""
        return {
            "Server-Timing": server_timing(self.timing),
            "X-Compute-Tokens": str(self.tokens),
            "X-Model": header_value(self.model.name),
            "X-Truncated": str(self.n_truncated),
        }


class Asker:
    """Asks an engine on behalf of requests.

    Args:
        engine: What computes.
        settings: The limits.
        metrics: Told of the texts.
    """

    def __init__(self, engine: Engine, settings: ServingSettings, metrics: Metrics) -> None:
        self._engine = engine
        self._settings = settings
        self._metrics = metrics

    def model(self, name: str | None) -> ModelInfo:
        """A model by its name, or the first one.

        Raises:
            Problem: There is no such model (404).
            Unavailable: None is loaded yet (503).
        """
        models = self._engine.models
        if not models:
            raise Unavailable("The server is loading its models")
        if name is None:
            return next(iter(models.values()))
        if name not in models:
            raise unknown_model()
        return models[name]

    def check(self, texts: Sequence[str], model: ModelInfo) -> None:
        """Refuse more or longer texts than a request may have; before anything is done with them.

        Raises:
            Problem: There are too many, or one is too long (413).
        """
        if len(texts) > self._settings.max_texts:
            raise Problem(413, "too_many_texts", f"A request has at most {self._settings.max_texts} texts")
        most = self._settings.max_chars_per_token * model.max_tokens
        for i, text in enumerate(texts):
            if len(text) > most:
                raise Problem(
                    413, "text_too_long", f"Text {i + 1} has more than {most:,} characters",
                    detail=[{"loc": [i], "msg": f"more than {most:,} characters"}],
                )  # fmt: skip

    async def answer(
        self,
        request: Request,
        texts: Sequence[str],
        models: Sequence[ModelInfo],
        *,
        blank_allowed: bool,
        error_if_truncated: bool = False,
    ) -> list[AnsweredTexts]:
        """Answer texts that `check` let pass, with each of several models.

        Raises:
            Problem: A text is blank and must not be, or is longer than its model reads and must not be (422).
            ClientLeft: The client did not stay.
        """
        blank = [is_blank(clean_text(text)) for text in texts]
        if any(blank) and not blank_allowed:
            raise empty(blank.index(True) if len(texts) > 1 else None)
        readable = list(itertools.compress(texts, (not each for each in blank)))
        timeout_s = self.timeout_s(request)
        answered = [_NOTHING] * len(models)
        if readable:
            asked = [
                self._engine.answer(model.name, readable, timeout_s=timeout_s, error_if_truncated=error_if_truncated)
                for model in models
            ]
            try:
                answered = await self.wait(request, _all(asked), timeout_s)
            except RequestTooLarge as error:
                raise Problem(413, "too_many_tokens", str(error)) from None
            except DataError:
                raise Problem(422, "too_long", "A text has more tokens than the model reads") from None
        return [self._placed(model, blank, each) for model, each in zip(models, answered, strict=True)]

    def _placed(self, model: ModelInfo, blank: Sequence[bool], answered: Answered) -> AnsweredTexts:
        """Answers at the places of their texts."""
        found = iter(answered.answers)
        result = AnsweredTexts(model, tuple(None if each else next(found) for each in blank), answered.timing)
        self._metrics.classified(
            model.name, texts=len(answered.answers), tokens=result.tokens, truncated=result.n_truncated
        )
        return result

    async def explain(
        self, request: Request, text: str, model: ModelInfo, *, target: str | None = None, method: str = "occlusion"
    ) -> dict[str, Any]:
        """Explain the answer to a text that `check` let pass, as `Engine.explain` does.

        Raises:
            Problem: The text is blank, or there is no such label (422).
        """
        if is_blank(clean_text(text)):
            raise empty()
        if target is not None and target not in model.labels:
            raise invalid(f"the labels of this model are {', '.join(model.labels)}", "target")
        timeout_s = self.timeout_s(request)
        return await self.wait(
            request,
            self._engine.explain(model.name, text, target=target, method=method, timeout_s=timeout_s),
            timeout_s,
        )

    def timeout_s(self, request: Request) -> float:
        """Seconds that are left until a request must be answered: `X-Timeout-Ms` says how many there were.

        Raises:
            Problem: The header is no number of milliseconds (422).
        """
        now = time.monotonic()
        if not hasattr(request.state, "deadline"):
            request.state.deadline = now + self._asked_timeout_s(request.headers.get("x-timeout-ms"))
        return max(0.001, float(request.state.deadline) - now)

    def _asked_timeout_s(self, given: str | None) -> float:
        if given is None:
            return self._settings.default_timeout_s
        if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given)):
            raise invalid("X-Timeout-Ms is a number of milliseconds, 1 or more", "header", "x-timeout-ms")
        return min(int(given) / 1000, self._settings.max_timeout_s)

    async def wait(self, request: Request, coroutine: Coroutine[Any, Any, T], timeout_s: float) -> T:
        """What a coroutine gives; it is cancelled when the client leaves.

        Raises:
            ClientLeft: It left.
            Problem: The engine did not keep its deadline (504).
        """
        work = asyncio.ensure_future(coroutine)
        left = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait((work, left), timeout=timeout_s + _GRACE_S, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            if left.done():
                raise ClientLeft
            raise Problem(504, "deadline", "The time for an answer was up")
        finally:
            left.cancel()
            if not work.done():
                work.cancel()
                await asyncio.wait((work,), timeout=_GRACE_S)


def empty(place: int | None = None) -> Problem:
    """A text with nothing to read (422)."""
    if place is None:
        return Problem(422, "empty", "The text has nothing to read")
    return Problem(
        422, "empty", f"Text {place + 1} has nothing to read", detail=[{"loc": [place], "msg": "nothing to read"}]
    )


def server_timing(timing: Timing) -> str:
    """A `Server-Timing` header: a browser's developer tools show it."""
    return f"tok;dur={timing.tokenize_ms:.2f}, queue;dur={timing.queue_ms:.2f}, infer;dur={timing.infer_ms:.2f}"


def header_value(name: str) -> str:
    """A name as a header can hold it."""
    return name.encode("ascii", errors="replace").decode()


async def _all(coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """What all of them give; when one fails the others are cancelled, and its error is raised."""
    if len(coroutines) == 1:
        return [await coroutines[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in coroutines]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
