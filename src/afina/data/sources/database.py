"""Tables and queries of SQLite and PostgreSQL, streamed through SQLAlchemy and only ever read.

A source is a URL, then `#` and a table or a SELECT statement. Passwords stay out of names and messages.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from afina.data.sources.cells import plain_cell
from afina.data.sources.file_notes import FileNotes, Row
from afina.errors import DataError
from afina.extras import require

_ROWS_PER_BATCH = 1000
_SECONDS_TO_ANSWER = 10
_SCHEME = re.compile(r"[a-z][a-z0-9.-]+(\+\w+)?://", re.IGNORECASE)
# A password ends at the last @ before a blank, so that one with an @, # or / in it stays hidden as well. One with a
# blank ends at the first @; what looks like a port there is none.
_USER = r"^(?P<scheme>[a-z][\w+.-]+://)(?P<user>[^:@/\s]*):"
_PASSWORDS = (
    re.compile(_USER + r"(?P<password>\S*)@", re.IGNORECASE),
    re.compile(_USER + r"(?!\d+(?:[/#?]|$))(?P<password>[^@]*)@", re.IGNORECASE),
)
_SECRET_SETTING = re.compile(r"([?&][^=&#\s]*(?:pass|pwd|secret|token)[^=&#\s]*=)[^&#\s]*", re.IGNORECASE)
_STATEMENT = re.compile(r"(select|with)\b", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_HIDDEN = "***"
_HINT = "write sqlite:///FILE#TABLE or postgresql://USER:PASSWORD@HOST/DATABASE#TABLE, or a SELECT behind the #"


def is_database(source: str) -> bool:
    """Whether a source is a URL, as only databases are."""
    return _SCHEME.match(source) is not None


def without_password(source: str) -> str:
    """A URL with `***` for its password; anything else as it stands."""
    if not is_database(source):
        return source
    found = _credentials(source)
    if found:
        source = f"{found['scheme']}{found['user']}:{_HIDDEN}@{source[found.end() :]}"
    return _SECRET_SETTING.sub(r"\1***", source)


def _credentials(source: str) -> re.Match[str] | None:
    """The part of a URL that holds scheme, user and password, if it has a password."""
    return next((found for pattern in _PASSWORDS if (found := pattern.match(source))), None)


@dataclass(frozen=True)
class DatabaseSource:
    """What a database source names."""

    url: Any = field(repr=False)
    """The SQLAlchemy URL, without what stands behind the `#`."""
    wanted: str
    """A table, a SELECT statement, or nothing."""
    public: str
    """The source without a password."""

    @classmethod
    def parse(cls, source: str) -> DatabaseSource:
        """Read a source.

        Raises:
            DataError: It is no URL of SQLite or PostgreSQL.
        """
        sqlalchemy = require("sqlalchemy", extra="data")
        public = without_password(source)
        found = _credentials(source)
        user, password = (unquote(found["user"]), unquote(found["password"])) if found else (None, None)
        if password == _HIDDEN:  # as recorded by an interrupted run: the driver then looks for PGPASSWORD and ~/.pgpass
            password = None
        rest = found["scheme"] + source[found.end() :] if found else source
        address, _, wanted = rest.partition("#")
        scheme, _, behind = address.partition("://")
        dialect = scheme.split("+")[0].lower()
        if dialect not in ("sqlite", "postgresql", "postgres"):
            raise DataError(f"Not a database that afina reads: {public}", hint=_HINT)
        driver = "sqlite" if dialect == "sqlite" else "postgresql+psycopg"
        try:
            url = sqlalchemy.make_url(f"{driver}://{behind}")
            if found:
                url = url.set(username=user, password=password)
        except (sqlalchemy.exc.ArgumentError, ValueError):
            raise DataError(f"Not the URL of a database: {public}", hint=_HINT) from None
        return cls(url, wanted.strip(), public)

    @property
    def told(self) -> str:
        """The source without a password, fit for one line."""
        line = " ".join(self.public.split())
        return line if len(line) <= 200 else f"{line[:200]}..."

    @property
    def name(self) -> str:
        """Short name: the table, or the database where a query is given."""
        if self.wanted and not _STATEMENT.match(self.wanted):
            return self.wanted
        return Path(self.url.database or "").stem or "database"

    def hide(self, message: str) -> str:
        """The first line of a message, without a password that may stand in it."""
        secrets = [self.url.password, *(value for key, value in self.url.query.items() if "pass" in key.lower())]
        line = (message.strip().splitlines() or ["no reason given"])[0]
        for secret in secrets:
            for written in (str(secret), quote(str(secret))) if secret else ():
                line = line.replace(written, _HIDDEN)
        return line


def open_database(source: str) -> tuple[Iterator[Row], list[FileNotes]]:
    """Rows of a table or a query.

    Args:
        source: `sqlite:///FILE#WANTED` or `postgresql://USER:PASSWORD@HOST/DATABASE#WANTED`, with a table or a SELECT
            statement as WANTED; nothing there means the only table.

    Raises:
        DataError: The database cannot be opened, or has no such table, or refuses the statement; what the server says
            shows when the first row is asked for.
        MissingExtraError: A package for databases is not installed.
    """
    database = DatabaseSource.parse(source)
    _check_statement(database)
    notes = FileNotes(Path(re.sub(r"[/\\]", "_", database.name)))
    if database.url.get_backend_name() == "sqlite":
        engine = _sqlite_engine(database, notes)
    else:
        engine = _postgresql_engine(database)
    return _rows(engine, database, notes), [notes]


def _check_statement(database: DatabaseSource) -> None:
    statement = _QUOTED.sub("", database.wanted.rstrip().rstrip(";"))
    if _STATEMENT.match(statement) and ";" in statement:
        raise DataError(f"More than one statement in {database.told}", hint="give one SELECT")


def _sqlite_engine(database: DatabaseSource, notes: FileNotes) -> Any:
    sqlalchemy = require("sqlalchemy", extra="data")
    given = database.url.database
    if not given or given == ":memory:":
        raise DataError(f"No file is named in {database.told}", hint="write sqlite:///FILE#TABLE")
    path = Path(given).expanduser()
    try:
        if not path.is_file():
            raise DataError(f"Not a regular file: {path}" if path.exists() else f"No such file: {path}")
    except OSError as error:
        raise DataError(f"The file {path} cannot be read: {error.strerror}") from None

    def decode(content: bytes) -> str:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            notes.damaged = True
            return content.decode("utf-8", errors="replace")

    def connect() -> sqlite3.Connection:
        # Opened for reading only: a file that is missing is not made, and no statement changes one.
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, check_same_thread=False)
        connection.text_factory = decode
        return connection

    return sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=sqlalchemy.pool.NullPool)


def _postgresql_engine(database: DatabaseSource) -> Any:
    sqlalchemy = require("sqlalchemy", extra="data")
    require("psycopg", extra="data")
    wait = {} if "connect_timeout" in database.url.query else {"connect_timeout": _SECONDS_TO_ANSWER}
    engine = sqlalchemy.create_engine(database.url, poolclass=sqlalchemy.pool.NullPool, connect_args=wait)
    return engine.execution_options(postgresql_readonly=True)


def _rows(engine: Any, database: DatabaseSource, notes: FileNotes) -> Iterator[Row]:
    sqlalchemy = require("sqlalchemy", extra="data")
    try:
        with engine.connect() as connection:
            result = _execute(connection, database)
            names = list(result.keys())
            if len(set(names)) != len(names):
                raise DataError(
                    f"Column names repeat in {database.told}: {', '.join(names)}", hint="name them apart with AS"
                )
            for cells in result:
                notes.rows += 1
                yield {name: plain_cell(cell) for name, cell in zip(names, cells, strict=True)}
    except (sqlalchemy.exc.SQLAlchemyError, OSError, UnicodeError) as error:
        reason = database.hide(str(getattr(error, "orig", None) or error))
        raise DataError(f"The database {database.told} cannot be read: {reason}") from None


def _execute(connection: Any, database: DatabaseSource) -> Any:
    sqlalchemy = require("sqlalchemy", extra="data")
    streamed = connection.execution_options(stream_results=True, max_row_buffer=_ROWS_PER_BATCH)
    if _STATEMENT.match(database.wanted):
        statement = database.wanted.rstrip().rstrip(";")
        # The driver takes a bare % for the place of a value.
        is_postgresql = connection.dialect.name == "postgresql"
        return streamed.exec_driver_sql(statement.replace("%", "%%") if is_postgresql else statement)
    schema, table = _find_table(sqlalchemy.inspect(connection), database)
    every = sqlalchemy.select(sqlalchemy.text("*")).select_from(sqlalchemy.table(table, schema=schema))
    return streamed.execute(every)


def _find_table(inspector: Any, database: DatabaseSource) -> tuple[str | None, str]:
    tables, views = sorted(inspector.get_table_names()), sorted(inspector.get_view_names())
    wanted = database.wanted
    if wanted in tables or wanted in views:
        return None, wanted
    names = tables + views
    listed = f"its tables are {', '.join(names)}" if names else "it has no tables"
    if not wanted:
        if len(tables) == 1:
            return None, tables[0]
        raise DataError(f"No table is named in {database.told}", hint=f"{listed}; write #TABLE behind the URL")
    schema, _, table = wanted.partition(".")
    if table and schema in inspector.get_schema_names():
        tables, views = inspector.get_table_names(schema=schema), inspector.get_view_names(schema=schema)
        if table in tables or table in views:
            return schema, table
    if re.search(r"\s", wanted):
        raise DataError(f"Not a SELECT statement and not a table: {wanted}", hint=f"afina only reads; {listed}")
    raise DataError(f"No table {wanted!r} in {database.told}", hint=listed)
