"""What people say of answers: given by anyone who may ask, reviewed and exported by those who may do all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from afina.data import clean_text, is_blank
from afina.serving.auth import Caller, require
from afina.serving.engine import Engine, ModelInfo
from afina.serving.problems import Problem, invalid, unknown_model
from afina.serving.routes.stored import StoredJsonRoute, StoredRoute, address_of
from afina.serving.schemas import Given, Name, Told, problems
from afina.serving.settings import ServingSettings
from afina.serving.storage import FeedbackStore, Opinion
from afina.serving.storage.feedback import MOST_COMMENT_CHARS, Status

_PREFIX = "/v1/feedback"
_Reader = Annotated[Caller, Depends(require("read"))]
_Reviewer = Annotated[Caller, Depends(require("admin"))]
_ID = Annotated[str, Field(max_length=100)]
_GIVING = problems(400, 401, 403, 404, 405, 406, 408, 411, 413, 415, 422, 429, 500, 503, 507)
_LOOKING = problems(401, 403, 404, 405, 406, 422, 429, 500, 503, 507)


class FeedbackRequest(Given):
    """What someone says of an answer."""

    text: str = Field(min_length=1, examples=["Not bad at all."])
    """The text that was classified."""
    model: Name
    """The model that answered."""
    predicted: str = Field(examples=["negative"])
    """The label it gave."""
    correct: str = Field(examples=["positive"])
    """The label that is right; the same one where the answer was."""
    score: float | None = Field(None, ge=0, le=1)
    """The probability it gave."""
    comment: str | None = Field(None, max_length=MOST_COMMENT_CHARS)
    """Anything to be said beside it, for who reviews it."""


class FeedbackTaken(Told):
    """Feedback that waits for a review."""

    id: str
    undo: str
    """The secret by which it can be taken back until then: `DELETE /v1/feedback/{id}?undo=SECRET`."""


class FeedbackTold(Told):
    """What was said of an answer."""

    id: str
    text: str
    model: str
    revision: str
    """Which weights of the model answered."""
    predicted: str
    correct: str
    score: float | None
    comment: str | None
    client: str
    """Tells senders apart, and not who they are."""
    status: Status
    created: str
    reviewed: str | None


class FeedbackList(Told):
    """Feedback, the newest first."""

    feedback: list[FeedbackTold]
    counts: dict[Status, int]
    """How much there is of each status."""


class ReviewRequest(Given):
    """What is to become of feedback."""

    status: Literal["reviewed", "rejected"]
    """Only reviewed texts are exported."""
    correct: str | None = None
    """The right label, where it is not the one that was sent."""


def router(store: FeedbackStore, engine: Engine, settings: ServingSettings) -> APIRouter:
    """The routes under /v1/feedback.

    Args:
        store: Where feedback is kept.
        engine: Knows the models and their labels.
        settings: The limits.
    """
    routes = APIRouter(tags=["feedback"])
    answering = APIRouter(prefix=_PREFIX, route_class=StoredJsonRoute)
    _add_giving(answering, store, engine, settings)
    _add_reviewing(answering, store, engine)
    files = APIRouter(prefix=_PREFIX, route_class=StoredRoute)
    _add_export(files, store)
    routes.include_router(files)
    routes.include_router(answering)
    return routes


def _add_giving(routes: APIRouter, store: FeedbackStore, engine: Engine, settings: ServingSettings) -> None:
    @routes.post("", status_code=201, responses={201: {"model": FeedbackTaken}, **_GIVING})
    def give(given: FeedbackRequest, request: Request, caller: _Reader) -> JSONResponse:
        """Say whether an answer was right. The text is kept; it is learned from only once someone reviewed it."""
        model = engine.models.get(given.model)
        if model is None:
            raise unknown_model()
        _check(given, model, settings)
        opinion = Opinion(
            given.text, model.name, model.revision, given.predicted, given.correct, given.score, given.comment
        )
        id, undo = store.add(opinion, client=f"{caller.name} {address_of(request)}")
        return JSONResponse({"id": id, "undo": undo}, 201)

    @routes.delete("/{id}", status_code=204, response_class=Response, responses=_LOOKING)
    def undo(id: _ID, caller: _Reader, undo: Annotated[str, Query(max_length=100)]) -> Response:
        """Take feedback back that has not been reviewed."""
        store.undo(id, undo)
        return Response(status_code=204)


def _add_reviewing(routes: APIRouter, store: FeedbackStore, engine: Engine) -> None:
    @routes.get("", responses={200: {"model": FeedbackList}, **_LOOKING})
    def page(
        caller: _Reviewer,
        status: Status | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> JSONResponse:
        """Feedback, the newest first."""
        found = store.page(status, limit=limit, offset=offset)
        return JSONResponse({"feedback": found, "counts": store.counts()})

    @routes.post("/{id}/review", responses={200: {"model": FeedbackTold}, **_GIVING})
    def review(id: _ID, given: ReviewRequest, caller: _Reviewer) -> JSONResponse:
        """Decide whether feedback is to be learned from."""
        if given.correct is not None:
            known = {label for model in engine.models.values() for label in model.labels}
            if given.correct not in known:
                raise _unknown_label("correct")
        return JSONResponse(store.review(id, given.status, correct=given.correct))


def _add_export(routes: APIRouter, store: FeedbackStore) -> None:
    @routes.get(
        "/export", response_class=Response,
        responses={
            200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}, "description": "JSON lines"},
            **_LOOKING,
        },
    )  # fmt: skip
    def export(
        caller: _Reviewer,
        model: Annotated[str | None, Query(max_length=200)] = None,
    ) -> StreamingResponse:
        """Reviewed texts with their labels, as `afina train SOURCE --add feedback.jsonl` takes them."""
        lines = _lines(store.export(model))
        # What cannot be read shows with the first line, while there still can be a problem.
        first = next(lines, None)
        headers = {"Content-Disposition": 'attachment; filename="feedback.jsonl"'}
        return StreamingResponse(
            chain([] if first is None else [first], lines), media_type="application/jsonl", headers=headers
        )


def _lines(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _check(given: FeedbackRequest, model: ModelInfo, settings: ServingSettings) -> None:
    if is_blank(clean_text(given.text)):
        raise Problem(422, "empty", "The text is empty", detail=[{"loc": ["text"], "msg": "the text is empty"}])
    most = settings.max_chars_per_token * model.max_tokens
    if len(given.text) > most:
        raise Problem(413, "text_too_long", f"The text has more than {most:,} characters")
    for name, label in (("predicted", given.predicted), ("correct", given.correct)):
        if label not in model.labels:
            raise _unknown_label(name)


def _unknown_label(name: str) -> Problem:
    return invalid("this is no label of the model", name)
