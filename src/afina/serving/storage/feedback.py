"""What people say of answers: kept apart until someone reviewed it, then given to training."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import func, select

from afina.serving.storage.clock import SteadyClock, iso
from afina.serving.storage.database import Database
from afina.serving.storage.errors import StorageError, not_found
from afina.serving.storage.mending import mended
from afina.serving.storage.tables import Feedback

Status = Literal["pending", "reviewed", "rejected"]
STATUSES: tuple[Status, ...] = get_args(Status)
MOST_COMMENT_CHARS = 2_000
PER_MINUTE = 30
"""What one client may send in a minute."""
MOST_PENDING = 100_000
"""What may wait for a review, so that a flood fills no disk."""
MOST_PENDING_CHARS = 200_000_000
"""The same in characters of texts."""
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Opinion:
    """What someone says of an answer."""

    text: str
    model: str
    revision: str
    """Which weights answered."""
    predicted: str
    correct: str
    score: float | None = None
    comment: str | None = None


class FeedbackStore:
    """Opinions in the database.

    Args:
        database: Where they are kept.
        clock: Seconds since 1970.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] | None = None) -> None:
        self._database = database
        self._clock = clock or SteadyClock()

    @property
    def reason(self) -> str | None:
        """Why nothing can be kept now; None where all is well."""
        return self._database.reason

    def add(self, opinion: Opinion, *, client: str) -> tuple[str, str]:
        """Keep an opinion until it is reviewed.

        Args:
            opinion: What is said; its texts are kept as they stand, but for characters that no database can hold.
            client: Tells clients apart, such as an address; only a hash of it is kept.

        Returns:
            Its id, and the secret by which it can be taken back.

        Raises:
            StorageError: The client sends too much, too much waits for a review, or nothing can be written.
        """
        undo, now, who = secrets.token_urlsafe(24), self._clock(), self._hash_of_client(client)
        with self._database.session() as session:
            recent = select(func.count()).where(Feedback.client == who, Feedback.created > now - 60)
            if (session.scalar(recent) or 0) >= PER_MINUTE:
                raise StorageError(429, "too_much_feedback", "This is a lot in one minute", retry_after_s=60)
            waiting, chars = session.execute(
                select(func.count(), func.coalesce(func.sum(func.length(Feedback.text)), 0)).where(
                    Feedback.status == "pending"
                )
            ).one()
            if waiting >= MOST_PENDING or chars >= MOST_PENDING_CHARS:
                raise StorageError(507, "feedback_full", "Nothing more is taken until what is there has been reviewed")
            row = Feedback(
                id=str(uuid.uuid4()), created=now, text=mended(opinion.text), model=opinion.model,
                revision=opinion.revision, predicted=opinion.predicted, correct=opinion.correct, score=opinion.score,
                comment=None if opinion.comment is None else mended(opinion.comment), client=who,
                undo_hash=_hash(undo), status="pending", reviewed=None,
            )  # fmt: skip
            session.add(row)
        return row.id, undo

    def undo(self, id: str, secret: str) -> None:
        """Take an opinion back that has not been reviewed.

        Raises:
            StorageError: There is none of this id that waits, or the secret is another one's.
        """
        with self._database.session() as session:
            row = _find(session, id)
            if row.status != "pending" or not hmac.compare_digest(row.undo_hash, _hash(secret)):
                raise not_found("feedback")
            session.delete(row)

    def review(self, id: str, status: Status, *, correct: str | None = None) -> dict[str, Any]:
        """Decide whether an opinion is to be learned from.

        Args:
            id: Which one.
            status: `reviewed` or `rejected`; `pending` puts it back.
            correct: The right label, where the sender was wrong.

        Returns:
            The opinion, as `page` gives it.

        Raises:
            StorageError: There is none of this id.
        """
        with self._database.session() as session:
            row = _find(session, id)
            row.status = status
            row.reviewed = None if status == "pending" else self._clock()
            if correct is not None:
                row.correct = correct
        return _document(row)

    def page(self, status: Status | None = None, *, limit: int = 100, offset: int = 0) -> list[dict[str, Any]]:
        """Opinions, the newest first.

        Args:
            status: Only those of this status.
            limit: How many at most.
            offset: How many to pass over.

        Raises:
            StorageError: The database cannot be read.
        """
        query = select(Feedback).order_by(Feedback.number.desc()).limit(limit).offset(offset)
        if status is not None:
            query = query.where(Feedback.status == status)
        with self._database.session() as session:
            return [_document(row) for row in session.scalars(query)]

    def counts(self) -> dict[str, int]:
        """How many opinions there are of each status.

        Raises:
            StorageError: The database cannot be read.
        """
        with self._database.session() as session:
            query = select(Feedback.status, func.count()).group_by(Feedback.status)
            found = {status: n for status, n in session.execute(query)}
        return {status: found.get(status, 0) for status in STATUSES}

    def export(self, model: str | None = None) -> Iterator[dict[str, Any]]:
        """Reviewed texts with their labels, in order of arrival, and where they come from: what `--add` takes.

        Args:
            model: Only what was said of this model.

        Raises:
            StorageError: The database cannot be read.
        """
        after = 0
        while True:
            query = select(Feedback).where(Feedback.status == "reviewed", Feedback.number > after)
            if model is not None:
                query = query.where(Feedback.model == model)
            with self._database.session() as session:
                rows = session.scalars(query.order_by(Feedback.number).limit(_ROWS_AT_ONCE)).all()
            yield from map(_exported, rows)
            if len(rows) < _ROWS_AT_ONCE:
                return
            after = rows[-1].number

    def _hash_of_client(self, client: str) -> str:
        return hmac.new(self._database.salt, client.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def _find(session: Any, id: str) -> Feedback:
    row: Feedback | None = session.scalar(select(Feedback).where(Feedback.id == id))
    if row is None:
        raise not_found("feedback")
    return row


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _document(row: Feedback) -> dict[str, Any]:
    return {
        "id": row.id,
        "text": row.text,
        "model": row.model,
        "revision": row.revision,
        "predicted": row.predicted,
        "correct": row.correct,
        "score": row.score,
        "comment": row.comment,
        "client": row.client[:8],
        "status": row.status,
        "created": iso(row.created),
        "reviewed": None if row.reviewed is None else iso(row.reviewed),
    }


def _exported(row: Feedback) -> dict[str, Any]:
    document = _document(row)
    names = ("predicted", "score", "model", "revision", "created", "reviewed")
    return {"text": row.text, "label": row.correct, **{name: document[name] for name in names}}
