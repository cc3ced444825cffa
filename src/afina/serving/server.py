"""From an application to a process that serves: the socket, the signals, and the way out."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from afina.errors import ConfigError
from afina.serving.connection import connection_class
from afina.serving.engine import Engine
from afina.serving.settings import ServingSettings

_BACKLOG = 1_024
_FLUSH_S = 2


def bind(settings: ServingSettings) -> socket.socket:
    """The socket to listen at; bound before any model is loaded, so that a taken port is noticed at once.

    Raises:
        ConfigError: The port is taken, needs more rights, or the address is not this machine's; or strangers could
            reach a server that asks nobody for a token.
    """
    if not settings.is_loopback and settings.anonymous_scope is None and not settings.tokens:
        raise ConfigError(
            f"Others can reach {settings.host}, and no token is set",
            hint="give --token, or --anonymous read to let everyone ask the models",
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"There is no address {settings.host}: {error.strerror or error}") from None
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Only listening tells a port that another process has bound and not yet opened.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"Port {settings.port} of {settings.host} is taken", hint="--port 0 takes a free one"
            ) from None
        raise ConfigError(
            f"Cannot listen at port {settings.port} of {settings.host}: {error.strerror or error}",
            hint="try another --port, 1024 or more",
        ) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds the page."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(
    app: ASGIApp,
    engine: Engine,
    settings: ServingSettings,
    listener: socket.socket,
    *,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until the process is told to stop.

    The first SIGTERM or Ctrl-C lets the server finish what it has begun: it is no longer ready, takes no new texts,
    and returns when all is answered or `drain_timeout_s` is over. A second one ends it at once.

    Args:
        app: The application.
        engine: What computes for it; it is started here, and drained.
        settings: The limits.
        listener: What `bind` gave.
        on_ready: Called when the first text can be answered.

    Raises:
        AfinaError: The engine cannot start.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(app, engine, settings, listener, on_ready))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


class _Server(uvicorn.Server):
    """uvicorn, which leaves to others when to stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stop_asked, self.hurry = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note a signal; the handler runs between any two instructions, and wakes the loop."""
        asked = self.hurry if self.stop_asked.is_set() else self.stop_asked
        self._loop.call_soon_threadsafe(asked.set)


async def _serve(
    app: ASGIApp,
    engine: Engine,
    settings: ServingSettings,
    listener: socket.socket,
    on_ready: Callable[[], None],
) -> None:
    server = _Server(_config(app, settings))
    # Named, since a task that nobody holds may be collected.
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        if await _unless(server.stop_asked, engine.start()):
            on_ready()
            await _first(server.stop_asked.wait(), serving)
    finally:
        await _unless(server.hurry, engine.drain(settings.drain_timeout_s))
        if server.hurry.is_set():
            await engine.drain(0)
            server.force_exit = True
        server.should_exit = True
        await serving
        if server.hurry.is_set():
            # Threads that still compute would hold the process.
            sys.stderr.flush()
            os._exit(0)


async def _unless(event: asyncio.Event, coroutine: Any) -> bool:
    """Run a coroutine until an event; whether it came to its end."""
    work = asyncio.ensure_future(coroutine)
    await _first(event.wait(), work)
    if work.done():
        work.result()
        return True
    work.cancel()
    await asyncio.wait((work,))
    return False


async def _first(coroutine: Any, task: asyncio.Future[Any]) -> None:
    """Wait for either."""
    other = asyncio.ensure_future(coroutine)
    try:
        await asyncio.wait((other, task), return_when=asyncio.FIRST_COMPLETED)
    finally:
        other.cancel()


def _config(app: ASGIApp, settings: ServingSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app, http=connection_class(settings), ws="none", lifespan="on", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, backlog=_BACKLOG, timeout_graceful_shutdown=_FLUSH_S,
        timeout_keep_alive=max(1, round(settings.idle_timeout_s)),
    )  # fmt: skip
