"""Whether the server is well, what it counts, and what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

import afina
from afina.serving.engine import Engine
from afina.serving.json_route import JsonRoute
from afina.serving.metrics import CONTENT_TYPE, Metrics
from afina.serving.problems import Problem
from afina.serving.routes.native import models_document
from afina.serving.schemas import problems
from afina.serving.settings import ServingSettings

_ALIVE = problems(403, 405, 406, 500)
_LOOKING = problems(401, 403, 405, 406, 429, 500)


def router(engine: Engine, settings: ServingSettings, metrics: Metrics, *, features: Sequence[str]) -> APIRouter:
    """Health, /metrics and /info.

    Args:
        engine: What computes.
        settings: The limits, which /info tells.
        metrics: What was counted.
        features: What else the server has: `feedback`, `jobs`.
    """
    routes = APIRouter(tags=["server"])
    told = APIRouter(route_class=JsonRoute)

    @told.get("/health/live", responses=_ALIVE)
    async def live() -> JSONResponse:
        """Whether the process answers at all."""
        return JSONResponse({"status": "alive"})

    @told.get("/health/ready", responses={**_ALIVE, **problems(503)})
    @told.get("/health", responses={**_ALIVE, **problems(503)})
    async def ready() -> JSONResponse:
        """Whether every model answers texts as it did when it was made."""
        if not engine.ready:
            raise Problem(503, "unavailable", "The server is loading or draining", retry_after_s=1)
        return JSONResponse({"status": "ready"})

    @told.get("/info", responses=_LOOKING)
    async def info(request: Request) -> JSONResponse:
        """What is served, within which limits, and what the caller may do."""
        document = _info(engine, settings, features)
        return JSONResponse({**document, "scopes": list(request.state.caller.scopes)})

    @routes.get(
        "/metrics", response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' format"}, **_LOOKING},
    )  # fmt: skip
    async def numbers() -> Response:
        """Counters and gauges for Prometheus."""
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    routes.include_router(told)
    return routes


def _info(engine: Engine, settings: ServingSettings, features: Sequence[str]) -> dict[str, Any]:
    """The names of some keys are those of Text Embeddings Inference."""
    document = models_document(engine)
    default = engine.models.get(document["default"])
    return {
        "server": "afina",
        "version": afina.__version__,
        **document,
        "features": list(features),
        "model_id": document["default"],
        "model_sha": default.revision if default else None,
        "max_input_length": default.max_tokens if default else None,
        "max_client_batch_size": settings.max_texts,
        "max_batch_tokens": settings.batch_tokens,
        "limits": {
            "body_bytes": settings.max_body_bytes,
            "job_bytes": settings.max_job_bytes,
            "texts": settings.max_texts,
            "chars_per_token": settings.max_chars_per_token,
            "explained_texts": settings.max_explained,
            "queue_tokens": settings.queue_tokens,
            "timeout_s": settings.default_timeout_s,
            "longest_timeout_s": settings.max_timeout_s,
        },
    }
