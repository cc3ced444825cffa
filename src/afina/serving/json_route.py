"""Routes that take and give JSON."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from afina.serving import strict_json
from afina.serving.problems import Problem


class JsonRoute(APIRoute):
    """A route that answers with JSON, and reads a JSON body strictly; see `afina.serving.strict_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind what is checked before it."""
        handler = super().get_route_handler()
        takes_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            if not _accepts_json(request.headers.get("accept", "*/*")):
                raise Problem(406, "not_acceptable", "The answer is JSON, which the request does not accept")
            if takes_body:
                _check_content_type(request.headers.get("content-type"))
                request = _StrictRequest(request.scope, request.receive)
            return await handler(request)

        return strict


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body as JSON, each time anew: it is asked for once."""
        return strict_json.parse(await self.body(), max_depth=self.app.state.settings.max_json_depth)


def _check_content_type(given: str | None) -> None:
    kind, _, parameters = (given or "").partition(";")
    kind = kind.strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Problem(415, "unsupported_media_type", "The body must be JSON, and Content-Type say so: application/json")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise Problem(415, "unsupported_media_type", "The body must be UTF-8")


def _accepts_json(accept: str) -> bool:
    for given in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in given.split(";"))
        refused = any(each.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for each in parameters)
        if kind in ("", "*/*", "application/*", "application/json") and not refused:
            return True
    return False
