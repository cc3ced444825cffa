"""Routes for clients of other servers: Hugging Face's inference API, and Text Embeddings Inference."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from afina.serving.answers import ranked
from afina.serving.asking import AnsweredTexts, Asker
from afina.serving.json_route import JsonRoute
from afina.serving.schemas import HubRequest, HubResponse, PredictRequest, PredictResponse, problems

_READING = problems(400, 401, 403, 404, 405, 406, 408, 411, 413, 415, 422, 429, 500, 503, 504)


def router(asker: Asker) -> APIRouter:
    """The routes at / and below /models, and /predict."""
    routes = APIRouter(route_class=JsonRoute, tags=["compatible"])

    async def hub(given: HubRequest, request: Request, name: str | None) -> JSONResponse:
        model = asker.model(name)
        asker.check(given.inputs, model)
        [answered] = await asker.answer(request, given.inputs, [model], blank_allowed=False)
        parameters = given.parameters
        lists = _ranked(
            answered,
            top_k=parameters.top_k if parameters else None,
            function=(parameters.function_to_apply if parameters else None) or "softmax",
        )
        return JSONResponse(lists, headers=answered.headers())

    @routes.post("/", responses={200: {"model": HubResponse}, **_READING})
    async def default_model(given: HubRequest, request: Request) -> JSONResponse:
        """As Hugging Face's inference API: one list of labels per text, also for a single text."""
        return await hub(given, request, None)

    @routes.post("/models/{name}", responses={200: {"model": HubResponse}, **_READING})
    async def named_model(name: str, given: HubRequest, request: Request) -> JSONResponse:
        """As Hugging Face's inference API, of the model with this name."""
        return await hub(given, request, name)

    @routes.post("/predict", responses={200: {"model": PredictResponse}, **_READING})
    async def predict(given: PredictRequest, request: Request) -> JSONResponse:
        """As Text Embeddings Inference: a flat list for a single text, and one list per text for several."""
        model = asker.model(None)
        texts = [given.inputs] if isinstance(given.inputs, str) else given.inputs
        asker.check(texts, model)
        [answered] = await asker.answer(
            request, texts, [model], blank_allowed=False, error_if_truncated=not given.truncate
        )
        lists = _ranked(answered, top_k=None, function="none" if given.raw_scores else "softmax")
        content: Any = lists[0] if isinstance(given.inputs, str) else lists
        return JSONResponse(content, headers=answered.headers())

    return routes


def _ranked(answered: AnsweredTexts, *, top_k: int | None, function: str) -> list[list[dict[str, Any]]]:
    return [
        ranked(answer, answered.model, top_k=top_k, function=function)
        for answer in answered.answers
        if answer is not None
    ]
