"""Files that are classified, as the database knows them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, Update, delete, func, select, update

from afina.serving.storage.clock import SteadyClock, iso
from afina.serving.storage.database import Database
from afina.serving.storage.errors import StorageError, not_found
from afina.serving.storage.folder import JobFolder
from afina.serving.storage.tables import Job

QUEUED, RUNNING, DONE, DONE_WITH_ERRORS = "queued", "running", "done", "done_with_errors"
FAILED, CANCELLED = "failed", "cancelled"
ACTIVE, WITH_RESULT = (QUEUED, RUNNING), (DONE, DONE_WITH_ERRORS)
MOST_KEPT = 64
"""Finished jobs of one client whose results are kept."""


@dataclass(frozen=True)
class Order:
    """What a client wants to have done."""

    id: str
    model: str
    upload: str
    """Name of the file in the job's folder."""
    format: str
    """Of the result."""
    text_column: str | None = None
    title_column: str | None = None
    rows_total: int | None = None
    """Rows of the file, where that is known."""


class JobStore:
    """Jobs whose files stand in one folder.

    Args:
        database: Where they are noted.
        folder: Where their files stand.
        clock: Seconds since 1970.
    """

    def __init__(self, database: Database, folder: JobFolder, *, clock: Callable[[], float] | None = None) -> None:
        self._database, self._folder = database, folder
        self._clock = clock or SteadyClock()

    @property
    def reason(self) -> str | None:
        """Why no job can be taken now; None where all is well."""
        return self._folder.reason or self._database.reason

    def check_room(self, owner: str, *, max_active: int) -> None:
        """See whether an owner may bring another file, before it is sent.

        Raises:
            StorageError: The owner has too many that wait or run, or no job can be taken.
        """
        active = select(func.count()).where(Job.place == self._place, Job.owner == owner, Job.state.in_(ACTIVE))
        with self._database.session() as session:
            n = session.scalar(active) or 0
        if n >= max_active:
            raise StorageError(
                429, "too_many_jobs", f"{max_active} of your files wait or are worked on", retry_after_s=60
            )

    def add(self, order: Order, *, owner: str, max_active: int) -> dict[str, Any]:
        """Put a job in the queue.

        Raises:
            StorageError: The owner has too many that wait or run, or nothing can be written.
        """
        self.check_room(owner, max_active=max_active)
        with self._database.session() as session:
            row = Job(
                id=order.id, place=self._place, owner=owner, model=order.model, upload=order.upload,
                format=order.format, text_column=order.text_column, title_column=order.title_column, state=QUEUED,
                attempts=0, rows_total=order.rows_total, rows_done=0, rows_failed=0, eta_s=None, reason=None,
                summary=None, created=self._clock(), ended=None,
            )  # fmt: skip
            session.add(row)
        return document_of(row)

    def get(self, id: str, *, owner: str | None = None) -> Job:
        """A job of this owner.

        Args:
            id: Which one.
            owner: Whose; None for anyone's.

        Raises:
            StorageError: There is none, or it is another's.
        """
        query = select(Job).where(Job.id == id, Job.place == self._place)
        if owner is not None:
            query = query.where(Job.owner == owner)
        with self._database.session() as session:
            row = session.scalar(query)
        if row is None:
            raise not_found("job")
        return row

    def of_owner(self, owner: str) -> list[dict[str, Any]]:
        """All jobs of an owner, the newest first."""
        query = select(Job).where(Job.place == self._place, Job.owner == owner).order_by(Job.created.desc())
        with self._database.session() as session:
            return [document_of(row) for row in session.scalars(query)]

    def take_next(self) -> Job | None:
        """The job that has waited longest, now running; None where none waits."""
        query = select(Job).where(Job.place == self._place, Job.state == QUEUED).order_by(Job.created).limit(1)
        with self._database.session() as session:
            row = session.scalar(query)
            if row is not None:
                row.state, row.attempts = RUNNING, row.attempts + 1
        return row

    def requeue(self, id: str | None = None) -> int:
        """Put running jobs back to the head of the queue, whose processes are no more.

        Args:
            id: Only this one, whose end was no fault of its own, so that the attempt does not count.

        Returns:
            How many there were.
        """
        change = update(Job).where(Job.place == self._place, Job.state == RUNNING).values(state=QUEUED, eta_s=None)
        if id is not None:
            change = change.where(Job.id == id).values(attempts=Job.attempts - 1)
        return self._change(change)

    def note(self, id: str, *, rows_total: int | None, rows_done: int, rows_failed: int, eta_s: float | None) -> bool:
        """Note how far a running job is; False where it is not to go on."""
        change = update(Job).where(Job.id == id, Job.state == RUNNING)
        return self._change(
            change.values(rows_total=rows_total, rows_done=rows_done, rows_failed=rows_failed, eta_s=eta_s)
        ) > 0  # fmt: skip

    def is_running(self, id: str) -> bool:
        """Whether a job is to go on."""
        with self._database.session() as session:
            return session.scalar(select(Job.state).where(Job.id == id)) == RUNNING

    def end(self, id: str, state: str, **values: Any) -> bool:
        """Note how a running job ended; False where it was cancelled in the meantime."""
        change = update(Job).where(Job.id == id, Job.state == RUNNING)
        return self._change(change.values(state=state, ended=self._clock(), eta_s=None, **values)) > 0

    def cancel(self, id: str, *, owner: str) -> bool:
        """Let a job not go on, or forget one that has ended.

        Returns:
            Whether its files can be removed; those of a job that runs are removed by whoever runs it.

        Raises:
            StorageError: There is none, or it is another's.
        """
        self.get(id, owner=owner)
        for state in ACTIVE:
            change = update(Job).where(Job.id == id, Job.state == state)
            if self._change(change.values(state=CANCELLED, ended=self._clock(), eta_s=None)):
                return state == QUEUED
        self.forget([id])
        return True

    def forget(self, ids: list[str]) -> None:
        """Remove jobs from the database."""
        with self._database.session() as session:
            session.execute(delete(Job).where(Job.id.in_(ids), Job.place == self._place))

    def ids(self) -> set[str]:
        """All that are known."""
        with self._database.session() as session:
            return set(session.scalars(select(Job.id).where(Job.place == self._place)))

    def expired(self, ttl_s: float) -> list[str]:
        """Jobs that ended longer ago than this, and the oldest of owners who have many."""
        ended = select(Job.id, Job.owner, Job.ended).where(Job.place == self._place, Job.ended.is_not(None))
        with self._database.session() as session:
            rows = session.execute(ended.order_by(Job.ended.desc())).all()
        kept: dict[str, int] = {}
        gone = []
        for id, owner, at in rows:
            kept[owner] = kept.get(owner, 0) + 1
            if kept[owner] > MOST_KEPT or (at is not None and at < self._clock() - ttl_s):
                gone.append(id)
        return gone

    @property
    def _place(self) -> str:
        return self._folder.place

    def _change(self, change: Update) -> int:
        with self._database.session() as session:
            result = session.execute(change)
            return result.rowcount if isinstance(result, CursorResult) else 0


def document_of(job: Job) -> dict[str, Any]:
    """A job as its owner sees it."""
    summary = job.summary or {}
    return {
        "id": job.id,
        "state": job.state,
        "rows_total": job.rows_total,
        "rows_done": job.rows_done,
        "rows_failed": job.rows_failed,
        "eta_s": None if job.eta_s is None else round(job.eta_s, 1),
        "model": job.model,
        "format": job.format,
        "created": iso(job.created),
        "ended": None if job.ended is None else iso(job.ended),
        "reason": job.reason,
        "labels": summary.get("labels"),
        "uncertain": summary.get("uncertain"),
        "messages": summary.get("messages", []),
    }


def new_id() -> str:
    """An id that nobody can guess."""
    return str(uuid.uuid4())
