"""The outermost part: an id for each request, headers for each response, an envelope for each error, a line of log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afina.serving import logs
from afina.serving.metrics import Metrics
from afina.serving.problems import problem_of
from afina.serving.settings import ServingSettings

_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_CLIENT_LEFT = 499
"""Not sent to anyone; as other servers note it."""


class ClientLeft(Exception):
    """The client closed the connection before its answer was there."""


class RequestContext:
    """Gives a request its id, and its response the headers that every response has.

    Args:
        app: What answers.
        settings: Names the pages that may show this one.
        metrics: Told of each answer.
    """

    def __init__(self, app: ASGIApp, *, settings: ServingSettings, metrics: Metrics) -> None:
        self._app = app
        self._headers = _headers(settings)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status: int | None = None

        async def stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    *(header for header in self._headers if header[0] not in given),
                ]
            await send(message)

        try:
            await self._app(scope, receive, stamped)
        except ClientLeft:
            status = status or _CLIENT_LEFT
        except Exception as error:
            problem = problem_of(error)
            if problem.error_type == "internal":
                logs.ERRORS.error("failed", exc_info=error, extra={"fields": {"request_id": request_id}})
            if status is None:  # else half of an answer is sent, and all that is left is to close the connection
                await problem.response(request_id)(scope, receive, stamped)
        finally:
            seconds = time.perf_counter() - started
            route = route_of(scope)
            self._metrics.answered(scope["method"], route, status or _CLIENT_LEFT, seconds)
            if logs.ACCESS.isEnabledFor(logging.INFO):
                entry = _entry(scope, route, status or _CLIENT_LEFT, seconds)
                logs.ACCESS.info("answered", extra={"fields": entry})


def route_of(scope: Scope) -> str:
    """The template of the route that answered, such as `/v1/jobs/{id}`; the path itself may be anything."""
    return str(getattr(scope.get("route"), "path", None) or "none")


def _entry(scope: Scope, route: str, status: int, seconds: float) -> Mapping[str, str | int | float]:
    return {
        "method": scope["method"] if scope["method"].isalpha() else "other",
        "route": route,
        "status": status,
        "ms": round(1000 * seconds, 2),
        "request_id": scope["state"]["request_id"],
    }


def _request_id(scope: Scope) -> str:
    """The client's own id where it is a plain one, else a new one."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _headers(settings: ServingSettings) -> list[tuple[bytes, bytes]]:
    framed_by = " ".join(settings.frame_ancestors) or "'none'"
    policy = (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {framed_by}"
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cache-control": "no-store",
    }
    if not settings.frame_ancestors:
        headers["x-frame-options"] = "DENY"
    return [(name.encode(), value.encode()) for name, value in headers.items()]
