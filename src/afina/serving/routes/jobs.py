"""Files: brought to be classified, looked at, fetched and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import Field
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse, Response

from afina.serving.auth import Caller, require
from afina.serving.engine import Engine
from afina.serving.middleware.context import ClientLeft
from afina.serving.routes.stored import StoredJsonRoute, StoredRoute, owner_of
from afina.serving.schemas import Told, problems
from afina.serving.settings import ServingSettings
from afina.serving.storage import JobDesk
from afina.serving.storage.uploads import FORMATS

_PREFIX = "/v1/jobs"
_Owner = Annotated[Caller, Depends(require("jobs"))]
_ID = Annotated[str, Field(max_length=100)]
_BRINGING = problems(400, 401, 403, 404, 405, 406, 408, 411, 413, 415, 422, 429, 500, 503, 507)
_LOOKING = problems(401, 403, 404, 405, 406, 422, 429, 500, 503, 507)
_MEDIA_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
}
_FILE = {"type": "string", "format": "binary", "description": "csv, tsv, jsonl, json, txt or parquet, each also .gz"}
_FIELDS = {
    "text_column": {"type": "string", "description": "Column with the text; found by itself if not given"},
    "title_column": {"type": "string", "description": "Column put before the text; `none` for no title"},
    "model": {"type": "string", "description": "A name that /v1/models lists; the first of them if not given"},
    "format": {"type": "string", "enum": list(FORMATS), "description": "Of the result; that of the file if not given"},
}


class JobTold(Told):
    """A file that is classified."""

    id: str
    state: Literal["queued", "running", "done", "done_with_errors", "failed", "cancelled"]
    rows_total: int | None
    """Rows of the file; an estimate until it is done."""
    rows_done: int
    rows_failed: int
    """Rows without an answer, so far; `/errors` lists them when the job is done."""
    eta_s: float | None
    """Seconds it will still take, as far as that is known."""
    model: str
    format: str
    """Of the result."""
    created: str
    ended: str | None
    reason: str | None
    """Why it failed."""
    labels: dict[str, int] | None
    """When it is done: rows by the label they were given."""
    uncertain: int | None
    """When it is done: rows whose answer is not sure; null where the model has no threshold."""
    messages: list[str]
    """When it is done: what is to be said of the file."""


class JobList(Told):
    """Jobs, the newest first."""

    jobs: list[JobTold]


class Preview(Told):
    """What a file holds."""

    columns: list[str]
    rows: list[dict[str, Any]]
    """The first 20 rows, long cells cut."""
    text_column: str | None
    """Where the texts seem to be."""
    title_column: str | None
    rows_total: int | None
    """Rows of the file; an estimate where there are many."""
    format: str
    """Format of the result, unless another is asked for."""
    reason: str | None
    """Why it cannot be told where the texts are."""


def router(jobs: JobDesk, engine: Engine, settings: ServingSettings) -> APIRouter:
    """The routes under /v1/jobs; while the app runs, so does the queue.

    Args:
        jobs: Takes files in and gives results out.
        engine: Knows the models.
        settings: The limits.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        jobs.start()
        try:
            yield
        finally:
            await asyncio.to_thread(jobs.stop)

    routes = APIRouter(tags=["jobs"], lifespan=lifespan)
    answering = APIRouter(prefix=_PREFIX, route_class=StoredJsonRoute)
    files = APIRouter(prefix=_PREFIX, route_class=StoredRoute)
    _add_bringing(answering, jobs, engine)
    _add_looking(answering, jobs)
    _add_fetching(files, jobs)
    routes.include_router(answering)
    routes.include_router(files)
    return routes


def _form(**fields: Any) -> dict[str, Any]:
    """A form with a file, for the description of a route that reads its body as it comes."""
    schema = {
        "type": "object", "properties": {"file": _FILE, **fields}, "required": ["file"], "additionalProperties": False,
    }  # fmt: skip
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def _add_bringing(routes: APIRouter, jobs: JobDesk, engine: Engine) -> None:
    @routes.post("", status_code=202, responses={202: {"model": JobTold}, **_BRINGING}, openapi_extra=_form(**_FIELDS))
    async def bring(request: Request, caller: _Owner) -> JSONResponse:
        """Have a file classified. Its rows come back in their order, with answers in further columns."""
        models = engine.models
        with _while_there():
            job = await jobs.hand_in(
                request.headers.get("content-type", ""), request.stream(), owner=owner_of(caller, request),
                models=models, default=next(iter(models)), n_bytes=_length(request),
            )  # fmt: skip
        return JSONResponse(job, 202, headers={"Location": f"/v1/jobs/{job['id']}"})

    @routes.post("/preview", responses={200: {"model": Preview}, **_BRINGING}, openapi_extra=_form())
    async def preview(request: Request, caller: _Owner) -> JSONResponse:
        """Look at the first rows of a file; nothing of it is kept."""
        with _while_there():
            found = await jobs.preview(
                request.headers.get("content-type", ""), request.stream(), n_bytes=_length(request)
            )
        return JSONResponse(found)


def _add_looking(routes: APIRouter, jobs: JobDesk) -> None:
    @routes.get("", responses={200: {"model": JobList}, **_LOOKING})
    def all_jobs(request: Request, caller: _Owner) -> JSONResponse:
        """Your jobs, the newest first."""
        return JSONResponse({"jobs": jobs.all(owner=owner_of(caller, request))})

    @routes.get("/{id}", responses={200: {"model": JobTold}, **_LOOKING})
    def job(id: _ID, request: Request, caller: _Owner) -> JSONResponse:
        """How far a job is."""
        return JSONResponse(jobs.get(id, owner=owner_of(caller, request)))

    @routes.delete("/{id}", status_code=204, response_class=Response, responses=_LOOKING)
    def cancel(id: _ID, request: Request, caller: _Owner) -> Response:
        """Let a job not go on; of one that has ended, remove the result."""
        jobs.cancel(id, owner=owner_of(caller, request))
        return Response(status_code=204)


def _add_fetching(routes: APIRouter, jobs: JobDesk) -> None:
    content = {kind.split(";")[0]: {"schema": {"type": "string"}} for kind in _MEDIA_TYPES.values()}

    @routes.get(
        "/{id}/result", response_class=FileResponse,
        responses={200: {"content": content, "description": "The file with answers"}, **_LOOKING},
    )  # fmt: skip
    def result(id: _ID, request: Request, caller: _Owner) -> FileResponse:
        """The file with the answers."""
        return _as_download(jobs.result(id, owner=owner_of(caller, request)), "result")

    @routes.get(
        "/{id}/errors", response_class=FileResponse,
        responses={
            200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}, "description": "JSON lines"},
            **_LOOKING,
        },
    )  # fmt: skip
    def errors(id: _ID, request: Request, caller: _Owner) -> FileResponse:
        """The rows that have no answer, each with the reason and its place in the file."""
        return _as_download(jobs.errors(id, owner=owner_of(caller, request)), "errors")


def _as_download(path: Path, stem: str) -> FileResponse:
    return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix], filename=stem + path.suffix)


def _length(request: Request) -> int | None:
    given = request.headers.get("content-length", "")
    return int(given) if given.isascii() and given.isdigit() else None


@contextmanager
def _while_there() -> Iterator[None]:
    """Who leaves while bringing a file is not answered."""
    try:
        yield
    except ClientDisconnect:
        raise ClientLeft from None
