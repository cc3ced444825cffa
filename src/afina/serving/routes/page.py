"""The web page and the page of the API: files of this package, held in memory, and no others."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from afina.serving.problems import Problem
from afina.serving.schemas import problems

STATIC = Path(__file__).parent.parent / "static"
INDEX, DOCS_INDEX = "index.html", "docs/index.html"
_TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".json": "application/json", ".svg": "image/svg+xml"}
_PACKED_TYPES = ("text/", "application/json", "image/svg+xml", "application/javascript")

_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {}}, "description": "The page"},
    304: {"description": "It has not changed"},
    **problems(403, 405, 500),
}


@dataclass(frozen=True)
class StaticFile:
    """A file of the page, as it is sent."""

    content: bytes
    media_type: str
    etag: str
    packed: bytes | None
    """Compressed with gzip, where that makes it smaller."""

    @classmethod
    def read(cls, path: Path) -> StaticFile:
        """Read a file; a large one may lie there compressed."""
        stored = path.read_bytes()
        if path.suffix == ".gz":
            path, packed, content = path.with_suffix(""), stored, gzip.decompress(stored)
        else:
            packed, content = gzip.compress(stored, mtime=0), stored
        guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        packs = guessed.startswith(_PACKED_TYPES) and len(packed) < len(content)
        return cls(content, guessed, f'"{hashlib.sha256(content).hexdigest()[:20]}"', packed if packs else None)

    def response(self, request: Request) -> Response:
        """The file, or that it is the same as before (304)."""
        # `no-cache`: kept by the browser, and asked for again only by its tag, so that a new version is seen at once.
        headers = {"ETag": self.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if self.etag in (
            each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")
        ):
            return Response(status_code=304, headers=headers)
        content = self.content
        if self.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["Content-Encoding"] = self.packed, "gzip"
        return Response(content, media_type=self.media_type, headers=headers)


def static_files(folder: Path) -> Mapping[str, StaticFile]:
    """All files below a folder, by their paths in it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix().removesuffix(".gz"): StaticFile.read(path) for path in paths}


def router(files: Mapping[str, StaticFile], *, docs: bool) -> APIRouter:
    """The page at /, what it is made of below /static/, and the page of the API at /docs."""
    routes = APIRouter(tags=["server"])

    def find(name: str) -> StaticFile:
        if name not in files or (name.startswith("docs/") and not docs):
            raise Problem(404, "not_found", "There is nothing at this address")
        return files[name]

    @routes.head("/", include_in_schema=True, responses=_PAGE, response_class=Response)
    @routes.get("/", include_in_schema=True, responses=_PAGE, response_class=Response)
    async def page(request: Request) -> Response:
        """The web page."""
        return find(INDEX).response(request)

    @routes.api_route("/docs", methods=["GET", "HEAD"], include_in_schema=False)
    async def docs_page(request: Request) -> Response:
        return find(DOCS_INDEX).response(request)

    @routes.api_route("/static/{name:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def static(name: str, request: Request) -> Response:
        return find(name).response(request)

    return routes
