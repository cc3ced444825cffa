"""The web application: routes, and what every request passes before them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse

import afina
from afina.serving.asking import Asker
from afina.serving.engine import Engine
from afina.serving.metrics import Metrics
from afina.serving.middleware import Access, Bodies, Origins, RequestContext
from afina.serving.middleware.access import is_public
from afina.serving.problems import add_handlers
from afina.serving.routes import compatible, health, native, page
from afina.serving.settings import ServingSettings

_DESCRIPTION = """Labels for texts, with calibrated probabilities and the words that moved them.

Every problem has the same form: `{"error", "error_type", "request_id"}`, and `detail` where a value is wrong.
`X-Timeout-Ms` sets how long an answer may take."""
_EXPOSED_HEADERS = ("X-Request-Id", "X-Model", "X-Compute-Tokens", "X-Truncated", "Server-Timing", "Retry-After")


def create_app(
    settings: ServingSettings,
    engine: Engine,
    *,
    runs: Mapping[str, Path] | None = None,
    store: Any = None,
    jobs: Any = None,
    static: Path = page.STATIC,
) -> FastAPI:
    """An application that answers with an engine; starting and draining the engine is the server's task.

    Args:
        settings: Who may come in, and the limits.
        engine: What computes.
        runs: Run folders by the names of their models, for reports and cards.
        store: Where feedback is kept; without it the server takes none.
        jobs: What classifies files; without it the server takes none.
        static: Folder of the web page.
    """
    metrics = Metrics(engine)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.settings = settings
    asker = Asker(engine, settings, metrics)
    features = [name for name, part in (("feedback", store), ("jobs", jobs)) if part is not None]
    app.include_router(native.router(asker, engine, settings))
    app.include_router(native.documents_router(runs or {}))
    app.include_router(compatible.router(asker))
    app.include_router(health.router(engine, settings, metrics, features=features))
    app.include_router(page.router(page.static_files(static), docs=settings.docs))
    _include_stored(app, settings, engine, store, jobs)
    if settings.docs:
        _add_openapi(app, settings)
    add_handlers(app)
    # The last one added is the first that a request passes.
    app.add_middleware(Bodies, settings=settings, large={"/v1/jobs": "jobs"})
    app.add_middleware(Access, settings=settings)
    app.add_middleware(Origins, settings=settings)
    app.add_middleware(RequestContext, settings=settings, metrics=metrics)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-Id", "X-Timeout-Ms"],
            expose_headers=_EXPOSED_HEADERS,
        )  # fmt: skip
    return app


def _include_stored(app: FastAPI, settings: ServingSettings, engine: Engine, store: Any, jobs: Any) -> None:
    if store is not None:
        from afina.serving.routes.feedback import router as feedback_router

        app.include_router(feedback_router(store, engine, settings))
    if jobs is not None:
        from afina.serving.routes.jobs import router as jobs_router

        app.include_router(jobs_router(jobs, engine, settings))


def _add_openapi(app: FastAPI, settings: ServingSettings) -> None:
    @functools.cache
    def document() -> dict[str, Any]:
        found = get_openapi(
            title="afina", version=afina.__version__, description=_DESCRIPTION, routes=app.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )  # fmt: skip
        _add_tokens(found, is_optional=settings.anonymous_scope is not None)
        return found

    # Not a coroutine: it takes a while the first time, and nobody else should wait for it.
    def openapi() -> JSONResponse:
        return JSONResponse(document())

    app.openapi = document  # type: ignore[method-assign]
    app.add_api_route("/openapi.json", openapi, include_in_schema=False)


def _add_tokens(document: dict[str, Any], *, is_optional: bool) -> None:
    """Say in a description of the API which of it needs a token."""
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "One that `afina serve --token` was given"}
    }
    document["security"] = [{"token": []}, *([{}] if is_optional else [])]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if is_public(method.upper(), path):
                operation["security"] = []
