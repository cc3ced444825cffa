"""afina's own routes: classify, explain, compare, and what is known of the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from afina.run_folder import RunFolder
from afina.serving.answers import comparison_of, result_of
from afina.serving.asking import Asker, header_value
from afina.serving.engine import Engine, ModelInfo
from afina.serving.json_route import JsonRoute
from afina.serving.problems import Problem, invalid, unknown_model
from afina.serving.schemas import (
    ClassifyRequest,
    ClassifyResponse,
    CompareRequest,
    CompareResponse,
    ExplainRequest,
    ExplainResponse,
    ModelsResponse,
    ModelTold,
    problems,
)
from afina.serving.settings import ServingSettings

_EXPLAINED = (
    "label",
    "score",
    "target",
    "words",
    "method",
    "evals",
    "completeness",
    "comprehensiveness",
    "sufficiency",
)
_EMPTY = {"error": "empty"}
_READING = problems(400, 401, 403, 404, 405, 406, 408, 411, 413, 415, 422, 429, 500, 503, 504)
_LOOKING = problems(401, 403, 404, 405, 406, 422, 429, 500)
# A report is a page of its own: it may style itself and run nothing.
_REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


def router(asker: Asker, engine: Engine, settings: ServingSettings) -> APIRouter:
    """The routes under /v1 that answer with JSON.

    Args:
        asker: Asks the engine.
        engine: Knows the models.
        settings: The limits.
    """
    routes = APIRouter(prefix="/v1", route_class=JsonRoute, tags=["classify"])
    _add_questions(routes, asker, settings)
    _add_models(routes, asker, engine)
    return routes


def documents_router(runs: Mapping[str, Path]) -> APIRouter:
    """The reports and cards of models.

    Args:
        runs: Run folders by the names of their models.
    """
    routes = APIRouter(prefix="/v1", tags=["models"])
    _add_documents(routes, runs)
    return routes


def _add_questions(routes: APIRouter, asker: Asker, settings: ServingSettings) -> None:
    @routes.post("/classify", responses={200: {"model": ClassifyResponse}, **_READING})
    async def classify(given: ClassifyRequest, request: Request) -> JSONResponse:
        """Classify texts. A blank text in a list gets `{"error": "empty"}` in its place."""
        return await _classify(asker, settings, given, request)

    @routes.post("/explain", responses={200: {"model": ExplainResponse}, **_READING})
    async def explain(given: ExplainRequest, request: Request) -> JSONResponse:
        """Tell by how much each word of a text moved the answer."""
        model = asker.model(given.model)
        asker.check([given.text], model)
        found = await asker.explain(request, given.text, model, target=given.target, method=given.method)
        content = {"model": model.name, **{key: found.get(key) for key in _EXPLAINED}}
        return JSONResponse(content, headers={"X-Model": header_value(model.name)})

    @routes.post("/compare", responses={200: {"model": CompareResponse}, **_READING})
    async def compare(given: CompareRequest, request: Request) -> JSONResponse:
        """Classify texts with several models, and tell where these disagree."""
        return await _compare(asker, given, request)


async def _classify(asker: Asker, settings: ServingSettings, given: ClassifyRequest, request: Request) -> JSONResponse:
    model = asker.model(given.model)
    texts = _listed(given.text)
    asker.check(texts, model)
    if given.long_text == "chunk" and model.long_text != "windows":
        raise invalid("this model does not read long texts in pieces", "long_text")
    if given.explain and len(texts) > settings.max_explained:
        raise invalid(f"at most {settings.max_explained} texts of a request are explained", "explain")
    [answered] = await asker.answer(
        request, texts, [model], blank_allowed=not isinstance(given.text, str),
        error_if_truncated=given.long_text != "truncate",
    )  # fmt: skip
    results: list[dict[str, Any]] = []
    for text, answer in zip(texts, answered.answers, strict=True):
        if answer is None:
            results.append(_EMPTY)
            continue
        result = result_of(answer, model, top_k=given.top_k, threshold=given.threshold)
        if given.explain:
            result["words"] = (await asker.explain(request, text, model))["words"]
        results.append(result)
    content = {
        "model": model.name, "revision": model.revision, "results": results,
        "timing": {name: round(ms, 3) for name, ms in asdict(answered.timing).items()},
    }  # fmt: skip
    return JSONResponse(content, headers=answered.headers())


async def _compare(asker: Asker, given: CompareRequest, request: Request) -> JSONResponse:
    if len(set(given.models)) < len(given.models):
        raise invalid("a model is named twice", "models")
    models = [asker.model(name) for name in given.models]
    texts = _listed(given.text)
    for model in models:
        asker.check(texts, model)
    by_model = await asker.answer(request, texts, models, blank_allowed=not isinstance(given.text, str))
    results = []
    for answers in zip(*(answered.answers for answered in by_model), strict=True):
        pairs = [(model, answer) for model, answer in zip(models, answers, strict=True) if answer is not None]
        results.append(comparison_of(pairs) if pairs else _EMPTY)
    tokens = sum(each.tokens for each in by_model)
    return JSONResponse({"results": results}, headers={"X-Compute-Tokens": str(tokens)})


def _add_models(routes: APIRouter, asker: Asker, engine: Engine) -> None:
    @routes.get("/models", responses={200: {"model": ModelsResponse}, **_LOOKING}, tags=["models"])
    async def models() -> JSONResponse:
        """All models that are served; the first is the default."""
        return JSONResponse(models_document(engine))

    @routes.get("/models/{name}", responses={200: {"model": ModelTold}, **_LOOKING}, tags=["models"])
    async def model(name: str) -> JSONResponse:
        """One model."""
        return JSONResponse(_model_document(asker.model(name)))


def _add_documents(routes: APIRouter, runs: Mapping[str, Path]) -> None:
    @routes.get(
        "/models/{name}/report", response_class=Response,
        responses={200: {"content": {"text/html": {}}, "description": "A page"}, **_LOOKING},
    )  # fmt: skip
    def report(name: str) -> Response:
        """The report of a model's run, as a page."""
        content = _read(RunFolder(_run(runs, name)).report)
        headers = {"Content-Security-Policy": _REPORT_POLICY, "X-Frame-Options": "SAMEORIGIN"}
        return Response(content, media_type="text/html", headers=headers)

    @routes.get(
        "/models/{name}/card", response_class=Response,
        responses={200: {"content": {"text/markdown": {}}, "description": "Markdown"}, **_LOOKING},
    )  # fmt: skip
    def card(name: str) -> Response:
        """The card of a model: what it is for, how good it is, and what it was made of."""
        return Response(_read(RunFolder(_run(runs, name)).model / "README.md"), media_type="text/markdown")


def models_document(engine: Engine) -> dict[str, Any]:
    """All models, as /v1/models tells of them."""
    models = engine.models
    return {"models": [_model_document(model) for model in models.values()], "default": next(iter(models), None)}


def _model_document(model: ModelInfo) -> dict[str, Any]:
    return asdict(model)


def _listed(text: str | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else text


def _run(runs: Mapping[str, Path], name: str) -> Path:
    if name not in runs:
        raise unknown_model()
    return runs[name]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise Problem(404, "not_found", "The run of this model has no such document") from None
