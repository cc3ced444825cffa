"""Where files are handed in and fetched: checks what comes, and leaves the work to the runner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from afina.data.columns import NO_COLUMN
from afina.serving.storage import jobs as states
from afina.serving.storage.errors import StorageError
from afina.serving.storage.folder import JobFolder
from afina.serving.storage.inspecting import Inspection, inspect
from afina.serving.storage.jobs import JobStore, Order, document_of, new_id
from afina.serving.storage.receiving import Received, receive, too_large
from afina.serving.storage.running import Runner
from afina.serving.storage.uploads import FORMATS, Kind, settle

_FIELDS = ("text_column", "title_column", "model", "format")
_MOST_ARRIVING = 4
"""Files that may be on their way at once."""
_MOST_INSPECTED = 2
_ARRIVING = "arriving"


class JobDesk:
    """Takes files in and gives results out.

    Args:
        store: The jobs.
        folder: Where their files stand.
        runner: What works on them.
        max_bytes: Most bytes of a form with a file.
        max_jobs: Jobs of one owner that may wait or run.
    """

    def __init__(self, store: JobStore, folder: JobFolder, runner: Runner, *, max_bytes: int, max_jobs: int) -> None:
        self._store, self._folder, self._runner = store, folder, runner
        self._max_bytes, self._max_jobs = max_bytes, max_jobs
        self._n_arriving = 0
        self._inspections = asyncio.Semaphore(_MOST_INSPECTED)

    @property
    def reason(self) -> str | None:
        """Why no job can be taken now; None where all is well."""
        return self._store.reason

    def start(self) -> None:
        """Begin with what waits, and what an earlier server left unfinished."""
        self._runner.start()

    def stop(self) -> None:
        """Stop working; what is unfinished goes on with the next start."""
        self._runner.stop()

    async def hand_in(
        self,
        content_type: str,
        stream: AsyncIterator[bytes],
        *,
        owner: str,
        models: Collection[str],
        default: str,
        n_bytes: int | None = None,
    ) -> dict[str, Any]:
        """Take a file in to be classified.

        Args:
            content_type: That of the request.
            stream: Its body, a multipart form.
            owner: Who may see the job.
            models: Names of the models that are served.
            default: The one that is meant where none is named.
            n_bytes: Bytes of the body, where its headers tell.

        Returns:
            The job, as `get` gives it.

        Raises:
            StorageError: The file or a field is not as it should be, there is no room for it, or the disk is full.
        """
        await asyncio.to_thread(self._store.check_room, owner, max_active=self._max_jobs)
        id = new_id()
        with self._place_for(n_bytes):
            try:
                received, upload, found = await self._take(id, content_type, stream, fields=_FIELDS)
                order = _order(id, received, upload, found, models=models, default=default)
                document = await asyncio.to_thread(self._store.add, order, owner=owner, max_active=self._max_jobs)
            except BaseException:
                self._folder.remove(id)
                raise
        self._runner.wake()
        return document

    async def preview(
        self, content_type: str, stream: AsyncIterator[bytes], *, n_bytes: int | None = None
    ) -> dict[str, Any]:
        """Columns and first rows of a file, of which nothing is kept.

        Raises:
            StorageError: As `hand_in`.
        """
        id = new_id()
        with self._place_for(n_bytes):
            try:
                received, _, found = await self._take(id, content_type, stream, fields=())
            finally:
                self._folder.remove(id)
        return {**asdict(found), "format": received.kind.result}

    def get(self, id: str, *, owner: str) -> dict[str, Any]:
        """A job of this owner.

        Raises:
            StorageError: There is none, or it is another's.
        """
        return document_of(self._store.get(id, owner=owner))

    def all(self, *, owner: str) -> list[dict[str, Any]]:
        """All jobs of this owner, the newest first."""
        return self._store.of_owner(owner)

    def result(self, id: str, *, owner: str) -> Path:
        """The file with the answers.

        Raises:
            StorageError: There is no such job, or no result of it.
        """
        job = self._store.get(id, owner=owner)
        return _there(self._folder.result(job), job.state)

    def errors(self, id: str, *, owner: str) -> Path:
        """The list of the rows without an answer, as JSON lines.

        Raises:
            StorageError: There is no such job, or no such rows.
        """
        job = self._store.get(id, owner=owner)
        return _there(self._folder.errors(job), job.state)

    def cancel(self, id: str, *, owner: str) -> None:
        """Let a job not go on, or remove one that has ended.

        Raises:
            StorageError: There is no such job.
        """
        if self._store.cancel(id, owner=owner):
            self._folder.remove(id)
        self._runner.wake()

    @contextmanager
    def _place_for(self, n_bytes: int | None) -> Iterator[None]:
        """A place among the files that are on their way."""
        if n_bytes is not None and n_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        if self._n_arriving >= _MOST_ARRIVING:
            raise StorageError(429, "too_many_uploads", "Other files are just being sent", retry_after_s=5)
        self._n_arriving += 1
        try:
            yield
        finally:
            self._n_arriving -= 1

    async def _take(
        self, id: str, content_type: str, stream: AsyncIterator[bytes], *, fields: Collection[str]
    ) -> tuple[Received, Path, Inspection]:
        """Receive a file, and look into it."""
        folder = await asyncio.to_thread(self._folder.make, id)
        received = await receive(content_type, stream, folder / _ARRIVING, fields=fields, max_bytes=self._max_bytes)
        packed_bytes = received.path.stat().st_size
        async with self._inspections:
            upload = await asyncio.to_thread(settle, received.path, received.kind)
            found = await asyncio.to_thread(inspect, upload, packed_bytes=packed_bytes)
        return received, upload, found


def _order(
    id: str, received: Received, upload: Path, found: Inspection, *, models: Collection[str], default: str
) -> Order:
    fields = received.fields
    model = fields.get("model", default)
    if model not in models:
        raise StorageError(404, "unknown_model", "No model of this name is served; GET /v1/models lists those that are")
    format = fields.get("format", Kind(upload.suffix[1:]).result)
    if format not in FORMATS:
        raise StorageError(422, "validation", f"Formats of results are {', '.join(FORMATS)}", loc=("format",))
    for name in ("text_column", "title_column"):
        column = fields.get(name)
        if column is not None and column not in found.columns and not (name != "text_column" and column == NO_COLUMN):
            columns = ", ".join(found.columns[:20])
            raise StorageError(422, "unknown_column", f"The file has no such column; it has {columns}", loc=(name,))
    text_column = fields.get("text_column", found.text_column)
    if text_column is None:
        reason = found.reason or "It cannot be told which column holds the texts"
        raise StorageError(422, "unknown_column", reason, loc=("text_column",))
    title_column = fields.get("title_column", found.title_column or NO_COLUMN)
    return Order(
        id, model, upload.name, format, text_column, NO_COLUMN if title_column == text_column else title_column,
        found.rows_total,
    )  # fmt: skip


def _there(path: Path, state: str) -> Path:
    if state not in states.WITH_RESULT:
        raise StorageError(
            404, "no_result", f"This job is {state}: it has no result" + (" yet" * (state in states.ACTIVE))
        )
    if not path.is_file():
        raise StorageError(404, "no_result", "This job has no such file")
    return path
