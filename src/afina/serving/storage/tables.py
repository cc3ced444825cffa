"""The tables of the database: what was said of answers, and files that are classified.

Times are seconds since 1970, UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION = 1
"""Raised with every change that an older afina could not work with."""


class Base(DeclarativeBase):
    """Base of all tables."""


class Meta(Base):
    """What is known of the database itself: the version of its tables, and its salt."""

    __tablename__ = "afina_meta"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class Feedback(Base):
    """What someone said of an answer."""

    __tablename__ = "afina_feedback"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    """Place in the order of arrival."""
    id: Mapped[str] = mapped_column(String(36), unique=True)
    """By which clients name it; nobody can guess it."""
    created: Mapped[float]
    text: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(200))
    revision: Mapped[str] = mapped_column(String(64))
    predicted: Mapped[str] = mapped_column(String(200))
    """The label that the model gave."""
    correct: Mapped[str] = mapped_column(String(200))
    """The label that the text has, as its sender says or, later, who reviewed it."""
    score: Mapped[float | None]
    """Probability of the predicted label."""
    comment: Mapped[str | None] = mapped_column(Text)
    client: Mapped[str] = mapped_column(String(64))
    """Tells clients apart; neither a token nor an address can be read from it."""
    undo_hash: Mapped[str] = mapped_column(String(64))
    """sha256 of the secret by which the sender takes it back."""
    status: Mapped[str] = mapped_column(String(10), index=True)
    """`pending`, `reviewed` or `rejected`."""
    reviewed: Mapped[float | None]

    __table_args__ = (Index("afina_feedback_client", "client", "created"),)


class Job(Base):
    """A file that is classified. Its files stand in a folder that is named by its id."""

    __tablename__ = "afina_jobs"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    place: Mapped[str] = mapped_column(String(36), index=True)
    """Which folder of jobs its files stand in: several machines may share a database."""
    owner: Mapped[str] = mapped_column(String(64), index=True)
    model: Mapped[str] = mapped_column(String(200))
    upload: Mapped[str] = mapped_column(String(40))
    """Name of the file in its folder, which the server chose."""
    format: Mapped[str] = mapped_column(String(10))
    """Of the result: `csv`, `jsonl` or `parquet`."""
    text_column: Mapped[str | None] = mapped_column(Text)
    title_column: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    """How often a process was started for it that did not come to an end."""
    rows_total: Mapped[int | None]
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_failed: Mapped[int] = mapped_column(default=0)
    eta_s: Mapped[float | None]
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it failed."""
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What came of it: rows by label, rows not sure, sentences to be told."""
    created: Mapped[float]
    ended: Mapped[float | None]
