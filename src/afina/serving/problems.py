"""What a client is told when something goes wrong: one envelope, without the input and without a traceback."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from afina.errors import AfinaError, DataError
from afina.serving.engine import BackendFailure, DeadlinePassed, Overloaded, Unavailable

_TYPES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request", 413: "too_large", 500: "internal"}
_MESSAGES = {
    404: "There is nothing at this address",
    405: "This address does not answer to this method",
    400: "The request cannot be read",
}
_MOST_DETAILS = 20


class Problem(HTTPException):
    """A request that cannot be answered, and what its client is told.

    Args:
        status: HTTP status.
        error_type: What programs tell problems apart by, such as `unknown_model`.
        message: A sentence for people; nothing of the request's texts is in it.
        detail: Places in the request, and what is wrong there.
        retry_after_s: When it may be worth trying again.
        headers: Further headers of the response.
    """

    def __init__(
        self,
        status: int,
        error_type: str,
        message: str,
        *,
        detail: Sequence[Mapping[str, Any]] | None = None,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        retry = {} if retry_after_s is None else {"Retry-After": str(max(1, math.ceil(retry_after_s)))}
        super().__init__(status, message, headers={**retry, **(headers or {})})
        self.error_type = error_type
        self.places = detail

    def response(self, request_id: str) -> JSONResponse:
        """The envelope as a response."""
        content: dict[str, Any] = {"error": self.detail, "error_type": self.error_type, "request_id": request_id}
        if self.places:
            content["detail"] = [dict(place) for place in self.places]
        return JSONResponse(content, self.status_code, headers=self.headers)


def unknown_model() -> Problem:
    """A model that is not served; its name is not repeated, it may be anything."""
    return Problem(404, "unknown_model", "No model of this name is served; GET /v1/models lists those that are")


def invalid(message: str, *loc: str | int, error_type: str = "validation") -> Problem:
    """A value that is well-formed and yet makes no sense (422)."""
    return Problem(422, error_type, message, detail=[{"loc": list(loc), "msg": message}])


def problem_of(error: Exception) -> Problem:
    """What a client is told of an error that was raised while answering."""
    match error:
        case Problem():
            return error
        case HTTPException():
            status = error.status_code
            message = _MESSAGES.get(status, "The request cannot be answered")
            return Problem(status, _TYPES.get(status, "bad_request"), message, headers=error.headers)
        case RequestValidationError():
            return _invalid_fields(error)
        case Overloaded():
            return Problem(429, "overloaded", str(error), retry_after_s=error.retry_after_s)
        case DeadlinePassed():
            return Problem(504, "deadline", "The time for an answer was up")
        case Unavailable():
            return Problem(503, "unavailable", str(error), retry_after_s=error.retry_after_s)
        case BackendFailure():
            return Problem(500, "backend", "The model gave no valid answer; it is not asked again")
        case DataError():
            return Problem(422, "validation", str(error))
        case AfinaError():
            return Problem(500, "internal", "The server failed")
    return Problem(500, "internal", "The server failed; its log names the request")


def add_handlers(app: FastAPI) -> None:
    """Let an app answer every error with the envelope."""

    def answer(request: Request, error: Exception) -> JSONResponse:
        return problem_of(error).response(request.state.request_id)

    for kind in (HTTPException, RequestValidationError, AfinaError):
        app.add_exception_handler(kind, answer)


def _invalid_fields(error: RequestValidationError) -> Problem:
    """Where values are wrong and how; pydantic's own list repeats the values, which may be private and long."""
    errors = error.errors()
    places = [{"loc": _place(each["loc"]), "msg": _sentence(each)} for each in errors[:_MOST_DETAILS]]
    first = errors[0]
    where = ".".join(map(str, _place(first["loc"])))
    message = f"{where}: {_sentence(first)}" if where else _sentence(first)
    return Problem(422, "validation", message, detail=places)


def _place(loc: Sequence[str | int]) -> list[str | int]:
    # A key that was made up by the client is cut: it is input as well.
    return [each if isinstance(each, int) else each[:40] for each in loc if each != "body"]


def _sentence(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such field"
    return str(error["msg"]).removeprefix("Value error, ")
