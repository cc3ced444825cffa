"""How much a client may send, and how slowly; counted as it arrives, before anything is parsed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afina.serving.auth import Caller, check_scope
from afina.serving.problems import Problem
from afina.serving.settings import Scope as CallerScope
from afina.serving.settings import ServingSettings

_WITH_BODY = ("POST", "PUT", "PATCH")


class Bodies:
    """Refuses bodies that are too large, too slow, or packed.

    Args:
        app: What answers.
        settings: The limits.
        large: Scope by the beginning of the paths that take files: only its callers may send larger bodies.
    """

    def __init__(self, app: ASGIApp, *, settings: ServingSettings, large: Mapping[str, CallerScope]) -> None:
        self._app = app
        self._settings = settings
        self._large = large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request; its body is counted while it is read.

        Raises:
            Problem: The body is packed (415), has no end (411), is too large (413) or too slow (408).
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise Problem(415, "unsupported_encoding", "The body must not be packed: send it without Content-Encoding")
        limit = self._limit(scope)
        _check_length(scope["method"], headers, limit)
        await self._app(scope, _counted(receive, limit, self._settings), send)

    def _limit(self, scope: Scope) -> int:
        if scope["method"] in _WITH_BODY:
            for beginning, needed in self._large.items():
                if scope["path"].startswith(beginning):
                    caller: Caller = scope["state"]["caller"]
                    check_scope(caller, needed)
                    return self._settings.max_job_bytes
        return self._settings.max_body_bytes


def _check_length(method: str, headers: Headers, limit: int) -> None:
    length = headers.get("content-length")
    if length is None:
        if method in _WITH_BODY and "chunked" not in headers.get("transfer-encoding", "").lower():
            raise Problem(411, "length_required", "The length of the body is missing")
        return
    if not (length.isascii() and length.isdigit()):
        raise Problem(400, "bad_request", "Content-Length is no number")
    if len(length) > 18 or int(length) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"The body is larger than {limit:,} bytes")


def _counted(receive: Receive, limit: int, settings: ServingSettings) -> Receive:
    received, more = 0, True
    started: float | None = None

    async def counted() -> Message:
        nonlocal received, more, started
        if not more:
            return await receive()
        now = asyncio.get_running_loop().time()
        started = now if started is None else started
        seconds = settings.body_timeout_s + received / settings.body_bytes_per_s
        try:
            async with asyncio.timeout_at(started + seconds):
                message = await receive()
        except TimeoutError:
            raise Problem(
                408, "body_timeout", "The body did not arrive in time", headers={"Connection": "close"}
            ) from None
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            more = message.get("more_body", False)
            if received > limit:
                raise _too_large(limit)
        return message

    return counted
