"""What the routes of feedback and jobs share: whose a request is, and the problems of what cannot be kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from afina.serving.auth import Caller
from afina.serving.json_route import JsonRoute
from afina.serving.problems import Problem
from afina.serving.storage import StorageError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StoredRoute(APIRoute):
    """A route whose storage errors become problems; for forms and files."""

    def get_route_handler(self) -> Handler:
        """The handler, whose errors are told."""
        return _telling(super().get_route_handler())


class StoredJsonRoute(JsonRoute):
    """The same for JSON."""

    def get_route_handler(self) -> Handler:
        """The handler, whose errors are told."""
        return _telling(super().get_route_handler())


def owner_of(caller: Caller, request: Request) -> str:
    """Whose jobs a request is about: those of its token, or, where strangers are let in, of its address."""
    if caller.name != "anonymous":
        return caller.name
    return "anonymous " + hashlib.sha256(address_of(request).encode()).hexdigest()[:32]


def address_of(request: Request) -> str:
    """The address a request came from."""
    return request.client.host if request.client else ""


def problem_of_storage(error: StorageError) -> Problem:
    """What a client is told of it."""
    detail = None if error.loc is None else [{"loc": list(error.loc), "msg": str(error)}]
    return Problem(error.status, error.error_type, str(error), detail=detail, retry_after_s=error.retry_after_s)


def _telling(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except StorageError as error:
            raise problem_of_storage(error) from error

    return handle
