"""A client's connection: uvicorn's, with limits on what comes before a request has arrived."""

from __future__ import annotations

import asyncio
import json
import uuid
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from afina.serving.settings import ServingSettings

_LAST_WORDS_S = 1.0


class Connection(HttpToolsProtocol):
    """Closes connections that are idle too long or send too slowly, and refuses headers that are too large.

    When there are as many as there may be, the one that has been idle longest gives way to a new one.
    """

    settings: ClassVar[ServingSettings]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._in_request = self._in_headers = False
        self._header_bytes = self._parsed_bytes = self._body_bytes = 0
        self._earned_s = 0.0
        self._idle_since: float | None = None
        self._refusal = (400, "The request is not HTTP")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a new connection, if there is room for it."""
        full = len(self.connections) >= self.settings.max_connections and not self._make_room()
        super().connection_made(transport)
        if full:
            self._refuse(503, "Too many connections are open", "Retry-After: 1")
            return
        self._idle_since = self.loop.time()
        self._set_timer(self.settings.idle_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._unset_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, unless the headers of a request have no end."""
        if not self._in_request:
            self._in_request = self._in_headers = True
            self._header_bytes = self._parsed_bytes = self._body_bytes = 0
            self._earned_s, self._idle_since = 0.0, None
            self._set_timer(self.settings.body_timeout_s)
        super().data_received(data)
        if self._in_headers:
            self._header_bytes += len(data)
            if self._header_bytes > self.settings.max_header_bytes and not self.transport.is_closing():
                self._refuse(431, "The headers are too large")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; an error makes the parser give up, and the request is refused."""
        super().on_header(name, value)
        self._parsed_bytes += len(name) + len(value)
        if self._parsed_bytes > self.settings.max_header_bytes:
            self._refusal = (431, "The headers are too large")
            raise ValueError(self._refusal[1])

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._in_headers = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request has arrived; whatever comes now belongs to the next one."""
        self._in_request = False
        self._unset_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if not self._in_request:
            self._idle_since = self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request; `msg` of the parser is not repeated."""
        self._refuse(*self._refusal)

    def _make_room(self) -> bool:
        idle = [each for each in self.connections if isinstance(each, Connection) and each._idle_since is not None]
        if not idle:
            return False
        oldest = min(idle, key=lambda each: each._idle_since or 0.0)
        oldest.transport.close()
        return True

    def _set_timer(self, seconds: float) -> None:
        self._unset_timer()
        self._timer = self.loop.call_later(seconds, self._time_is_up)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_up(self) -> None:
        earned_s = self._body_bytes / self.settings.body_bytes_per_s
        if self._in_request and earned_s > self._earned_s:
            # A large body that keeps coming is given the time it needs.
            self._timer = self.loop.call_later(earned_s - self._earned_s, self._time_is_up)
            self._earned_s = earned_s
            return
        if self._in_request and self._in_headers:
            self._refuse(408, "The request did not arrive in time")
        elif self._in_request and not self.cycle.response_complete:
            # Who reads the body says so; the connection must not outlive that.
            self._timer = self.loop.call_later(_LAST_WORDS_S, self.transport.close)
        else:
            self.transport.close()

    def _refuse(self, status: int, message: str, *headers: str) -> None:
        """Say why in the envelope of all problems, and close the connection."""
        problem = {"error": message, "error_type": _ERROR_TYPES[status], "request_id": uuid.uuid4().hex}
        body = json.dumps(problem).encode()
        lines = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Content-Type: application/json",
            f"Content-Length: {len(body)}", f"X-Request-Id: {problem['request_id']}", "Connection: close", *headers,
        )  # fmt: skip
        self.transport.write("\r\n".join((*lines, "", "")).encode() + body)
        self.transport.close()


_ERROR_TYPES = {400: "bad_request", 408: "body_timeout", 431: "headers_too_large", 503: "unavailable"}


def connection_class(settings: ServingSettings) -> type[Connection]:
    """Connections with the limits of these settings; uvicorn makes them itself, out of a class."""
    return type("LimitedConnection", (Connection,), {"settings": settings})
