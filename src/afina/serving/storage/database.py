"""The database behind feedback and jobs: SQLite in a file, or any other that SQLAlchemy knows."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from afina.errors import ConfigError, MissingExtraError
from afina.extras import missing
from afina.serving.storage import errors
from afina.serving.storage.tables import SCHEMA_VERSION, Base, Meta

_BUSY_SECONDS = 5
_SECONDS_BETWEEN_TRIES = 5.0
_TRIES_TO_CREATE = 8
_VERSION, _SALT = "schema_version", "salt"


class Database:
    """Opens the database when it is first needed, and again, from time to time, where that failed.

    Args:
        url: Any SQLAlchemy URL.
        steady: A clock that only moves on, in seconds.

    Raises:
        ConfigError: It is no URL of a database.
        MissingExtraError: Its driver is not installed.
    """

    def __init__(self, url: str, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._url = _parse(url)
        self._engine = _engine(self._url)
        self._steady = steady
        self._lock = threading.Lock()
        self._failed: tuple[float, errors.StorageError] | None = None
        self._salt: bytes | None = None

    @classmethod
    def in_file(cls, path: Path) -> Database:
        """A SQLite database in a file, which only its owner may read."""
        return cls(URL.create("sqlite", database=str(path)).render_as_string())

    @property
    def reason(self) -> str | None:
        """Why nothing can be kept now; None where all is well."""
        try:
            self._open()
        except errors.StorageError as error:
            return str(error)
        return None

    @property
    def salt(self) -> bytes:
        """Random bytes of this database, that make what is hashed with them mean nothing elsewhere.

        Raises:
            StorageError: The database cannot be used.
        """
        return self._open()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session whose changes are written when the block ends, or not at all.

        Raises:
            StorageError: The database cannot be used: it is full, read-only, busy, away, or of a newer version.
        """
        self._open()
        with _told(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _open(self) -> bytes:
        with self._lock:
            if self._salt is not None:
                return self._salt
            now = self._steady()
            if self._failed is not None and now < self._failed[0]:
                raise self._failed[1]
            try:
                with _told():
                    self._salt = self._set_up()
            except errors.StorageError as error:
                self._failed = (now + _SECONDS_BETWEEN_TRIES, error)
                raise
            return self._salt

    def _set_up(self) -> bytes:
        _make_private(self._url)
        for attempt in range(_TRIES_TO_CREATE):
            try:
                Base.metadata.create_all(self._engine)
                break
            except DBAPIError as error:
                # Another server may just be making the file or its tables.
                is_theirs = "locked" in str(error.orig) or self._is_there()
                if attempt == _TRIES_TO_CREATE - 1 or not is_theirs:
                    raise
                time.sleep(0.05 * attempt)
        for name, value in ((_VERSION, str(SCHEMA_VERSION)), (_SALT, secrets.token_hex(16))):
            self._set_if_missing(name, value)
        with Session(self._engine) as session:
            known = {row.name: row.value for row in session.query(Meta)}
        if int(known[_VERSION]) > SCHEMA_VERSION:
            raise errors.off(
                f"The database was written by a newer afina (its tables have version {known[_VERSION]}, this afina "
                f"knows {SCHEMA_VERSION}): update afina, or give it another database"
            )
        return bytes.fromhex(known[_SALT])

    def _is_there(self) -> bool:
        """Whether someone has begun to make the tables."""
        return inspect(self._engine).has_table(Meta.__tablename__)

    def _set_if_missing(self, name: str, value: str) -> None:
        try:
            with Session(self._engine) as session, session.begin():
                if session.get(Meta, name) is None:
                    session.add(Meta(name=name, value=value))
        except IntegrityError:
            pass  # another server was first


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the database and of the disk as sentences for clients."""
    with errors.told():
        try:
            yield
        except DBAPIError as error:
            problem = _of_database(error)
            if problem is None:
                raise
            raise problem from error


def _of_database(error: DBAPIError) -> errors.StorageError | None:
    """What a client is told of a database that did not do what it was asked; None for a mistake of ours."""
    told = str(error.orig).lower()
    if "full" in told or "no space" in told:
        return errors.disk_full()
    if "locked" in told:
        return errors.StorageError(503, "storage_busy", "The database is busy", retry_after_s=1)
    if any(words in told for words in ("readonly", "read-only", "unable to open", "permission denied", "disk i/o")):
        return errors.off("The server cannot write to its database")
    if "malformed" in told or "not a database" in told:
        return errors.off("The database of the server is damaged")
    if isinstance(error, OperationalError):
        return errors.StorageError(503, "storage_unavailable", "The database does not answer", retry_after_s=5)
    return None


def _parse(given: str) -> URL:
    try:
        url = make_url(given)
    except ArgumentError:
        raise ConfigError(
            "The database's address is no SQLAlchemy URL", hint="such as postgresql://user:password@host/name"
        ) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return url


def _engine(url: URL) -> Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {"connect_args": {"timeout": _BUSY_SECONDS}} if is_sqlite else {"pool_pre_ping": True}
    try:
        engine = create_engine(url, hide_parameters=True, **options)
    except NoSuchModuleError:
        raise ConfigError(f"Unknown kind of database: {url.drivername}") from None
    except ModuleNotFoundError as error:
        raise _missing_driver(error) from None
    if is_sqlite:
        event.listen(engine, "connect", _set_pragmas)
    return engine


def _missing_driver(error: ModuleNotFoundError) -> MissingExtraError:
    return missing(error.name or "driver", extra="data")


def _set_pragmas(connection: Any, _record: object) -> None:
    """Readers do not wait for the writer, a writer waits for the other, and a loss of power harms nothing."""
    for pragma in (f"busy_timeout = {_BUSY_SECONDS * 1000}", "journal_mode = WAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _make_private(url: URL) -> None:
    """Make the file of a SQLite database before SQLite does, for its owner alone."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    make_private_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner may read, unless it is there.

    Raises:
        OSError: It cannot be made.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
