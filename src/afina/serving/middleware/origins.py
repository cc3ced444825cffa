"""Under which names the server may be asked, and which web pages may ask it."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from afina.serving.problems import Problem
from afina.serving.settings import ServingSettings

_SAFE_METHODS = ("GET", "HEAD")


class Origins:
    """Refuses other host names than its own, and requests that another web page makes a browser send.

    Args:
        app: What answers.
        settings: Names the hosts and the other pages.
    """

    def __init__(self, app: ASGIApp, *, settings: ServingSettings) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in settings.host_names if not name.startswith("*."))
        self._parents = tuple(name[1:].lower() for name in settings.host_names if name.startswith("*."))
        self._any_name = not settings.host_names
        self._pages = frozenset(origin.lower().rstrip("/") for origin in settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in.

        Raises:
            Problem: The host or the page is not allowed (403).
        """
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host = headers.get("host", "").lower()
            if not (self._any_name or self._is_known(_without_port(host))):
                raise Problem(403, "host", "The server does not answer under this host name (see --allowed-host)")
            origin = headers.get("origin")
            if origin is not None and scope["method"] not in _SAFE_METHODS and not self._may_ask(origin.lower(), host):
                raise Problem(403, "origin", "Pages of other origins may not ask this server (see --cors-origin)")
        await self._app(scope, receive, send)

    def _is_known(self, name: str) -> bool:
        return name in self._names or name.endswith(self._parents)

    def _may_ask(self, origin: str, host: str) -> bool:
        if origin in self._pages:
            return True
        try:
            # The scheme is not compared: before a proxy it is another one.
            return bool(host) and urlsplit(origin).netloc == host
        except ValueError:
            return False


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
