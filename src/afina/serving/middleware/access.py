"""Who may come in, and how often."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from afina.serving.auth import Doorkeeper
from afina.serving.problems import Problem
from afina.serving.settings import ServingSettings

_PUBLIC_PATHS = frozenset({"/health", "/health/live", "/health/ready", "/docs", "/openapi.json"})
_MOST_CLIENTS = 10_000


class Access:
    """Names the caller of each request; without one only the page, its documentation and the health are shown.

    Args:
        app: What answers.
        settings: Tokens, and requests of one client in a minute.
        clock: Seconds that only go forward.
    """

    def __init__(self, app: ASGIApp, *, settings: ServingSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._doorkeeper = Doorkeeper(settings)
        self._rates = Rates(settings.rate_per_minute, clock) if settings.rate_per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in, with `caller` in its state.

        Raises:
            Problem: A token is missing or wrong (401), or the client asks too often (429).
        """
        if scope["type"] == "http" and not is_public(scope["method"], scope["path"]):
            caller = self._doorkeeper.caller(Headers(scope=scope).get("authorization"))
            scope["state"]["caller"] = caller
            if self._rates is not None:
                address = (scope.get("client") or ("",))[0]
                wait_s = self._rates.take(f"{caller.name} {address}")
                if wait_s:
                    raise Problem(429, "rate", "Too many requests of one client", retry_after_s=wait_s)
        await self._app(scope, receive, send)


@dataclass
class _Bucket:
    left: float
    filled_at: float


class Rates:
    """A bucket of requests for each client, refilled as time passes; it holds those of ten seconds.

    Args:
        per_minute: Requests.
        clock: Seconds that only go forward.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_s = per_minute / 60
        self._most = max(1.0, 10 * self._per_s)
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, client: str) -> float:
        """Take a request out of a client's bucket: 0 if there was one, else the seconds until there is."""
        now = self._clock()
        bucket = self._buckets.setdefault(client, _Bucket(self._most, now))
        self._buckets.move_to_end(client)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        bucket.left = min(self._most, bucket.left + self._per_s * (now - bucket.filled_at))
        bucket.filled_at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_s
        bucket.left -= 1
        return 0.0


def is_public(method: str, path: str) -> bool:
    """Whether a request needs no token: it shows the page, its documentation or the health."""
    return (
        path in _PUBLIC_PATHS
        or path.startswith("/static/")
        or (path == "/" and method in ("GET", "HEAD"))
        or method == "OPTIONS"
    )
