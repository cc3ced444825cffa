import sqlite3

import pytest
from tests.postgresql import postgresql_server

from afina.data import load_dataset, open_source, public_name, source_name
from afina.errors import DataError

pytest.importorskip("sqlalchemy")


def read(source):
    rows, notes = open_source(source)
    return list(rows), notes[0]


@pytest.fixture
def database(tmp_path):
    """A database with two tables and a view."""
    path = tmp_path / "reviews of 100%.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE reviews (text TEXT, stars INTEGER)")
        connection.executemany("INSERT INTO reviews VALUES (?, ?)", [(f"film {i} :x 5%", i % 5 + 1) for i in range(30)])
        connection.execute('CREATE TABLE "odd ""name""" (text TEXT, share DECIMAL, seen DATE, note BLOB)')
        connection.execute("INSERT INTO \"odd \"\"name\"\"\" VALUES ('a', 1.5, '2020-01-02', x'c3a9')")
        connection.execute("CREATE VIEW best AS SELECT text FROM reviews WHERE stars = 5")
    connection.close()
    return path


def test_a_table_and_a_view_are_read(database):
    rows, notes = read(f"sqlite:///{database}#reviews")
    assert len(rows) == notes.rows == 30
    assert rows[7] == {"text": "film 7 :x 5%", "stars": 3}
    assert (notes.path.name, notes.messages) == ("reviews", [])
    assert len(read(f"sqlite:///{database}#best")[0]) == 6


def test_a_table_whose_name_needs_quoting_gives_plain_cells(database):
    rows, _ = read(f'sqlite:///{database}#odd "name"')
    assert rows == [{"text": "a", "share": 1.5, "seen": "2020-01-02", "note": "é"}]


def test_a_query_is_read_as_it_stands(database):
    statement = "SELECT text AS review, stars FROM reviews WHERE text LIKE '%:x 5%' AND text <> ';' AND stars > 3;"
    rows, notes = read(f"sqlite:///{database}#{statement}")
    assert len(rows) == 12
    assert set(rows[0]) == {"review", "stars"}
    assert notes.path.name == "reviews of 100%"
    with_first = "with best as (select text from reviews limit 2)\nselect * from best"
    assert len(read(f"sqlite:///{database}#{with_first}")[0]) == 2


def test_the_only_table_need_not_be_named_and_of_several_one_must(tmp_path, database):
    with pytest.raises(DataError, match="No table is named") as told:
        read(f"sqlite:///{database}")
    assert told.value.hint == 'its tables are odd "name", reviews, best; write #TABLE behind the URL'
    with sqlite3.connect(tmp_path / "one.db") as connection:
        connection.execute("CREATE TABLE t (text TEXT)")
        connection.execute("INSERT INTO t VALUES ('a')")
    connection.close()
    assert read("sqlite:///one.db")[0] == [{"text": "a"}]
    assert read("sqlite:///one.db#main.t")[0] == [{"text": "a"}]


def test_a_database_can_be_learned_from(database):
    dataset, _ = load_dataset(f"sqlite:///{database}#reviews", drop_duplicates=False)
    assert dataset.labels.names == ("negative", "positive")
    assert len(dataset) == 24


def test_texts_that_are_no_utf_8_are_mended_and_told(tmp_path):
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE t (text TEXT)")
        connection.execute("INSERT INTO t VALUES (CAST(x'636166e9' AS TEXT))")
    connection.close()
    rows, notes = read("sqlite:///x.db#t")
    assert rows == [{"text": "caf\N{REPLACEMENT CHARACTER}"}]
    assert "no text" in notes.messages[0]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("nope", "No table 'nope'"),
        ("DELETE FROM reviews", "Not a SELECT statement and not a table: DELETE FROM reviews"),
        ("SELECT 1; DELETE FROM reviews", "More than one statement"),
        ("WITH x AS (SELECT 1) DELETE FROM reviews", "attempt to write a readonly database"),
        ("SELECT nope FROM reviews", "no such column: nope"),
        ("SELECT text, stars AS text FROM reviews", "Column names repeat .*: text, text"),
        ("SELECT\n\n", "incomplete input"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence_and_nothing_changes(database, wanted, message):
    before = database.read_bytes()
    with pytest.raises(DataError, match=message) as told:
        read(f"sqlite:///{database}#{wanted}")
    assert "\n" not in str(told.value)
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sqlite:///gone.db#t", "No such file: gone.db"),
        ("sqlite:///.#t", "Not a regular file"),
        ("sqlite://", "No file is named"),
        ("sqlite:///:memory:", "No file is named"),
        ("sqlite:///text.csv", "file is not a database"),
        ("mysql://me:secret@host/db", r"Not a database that afina reads: mysql://me:\*\*\*@host/db"),
        ("https://host/a.csv", "Not a database that afina reads"),
        ("postgresql://me:secret@host:port/db", "Not the URL of a database"),
    ],
)
def test_what_is_no_database_is_told_and_none_is_made(tmp_path, source, message):
    (tmp_path / "text.csv").write_text("text,label\n" * 100)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=message):
        read(source)
    assert sorted(tmp_path.iterdir()) == before


# Passwords

PASSWORDS = ["secret", "s%40cret", "se@cret", "se#cret", "se/cret", "se:cret", "12345", "my secret", "1/2"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_is_in_no_name_and_no_message(password):
    source = f"postgresql://me:{password}@127.0.0.1:9/shop#reviews"
    assert public_name(source) == "postgresql://me:***@127.0.0.1:9/shop#reviews"
    assert source_name(source) == "reviews"
    with pytest.raises(DataError, match=r"The database postgresql://me:\*\*\*@127.0.0.1:9/shop#reviews") as told:
        read(source)
    assert password not in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("postgresql://host/db?user=me&password=secret&sslmode=require#t", "password=***&sslmode=require#t"),
        ("postgresql://host:5432/db#SELECT a FROM t WHERE b = 'c@d'", "host:5432/db#SELECT a FROM t WHERE b = 'c@d'"),
        (
            "postgresql://me:secret@host/db#SELECT a FROM t WHERE b = 'c@d'",
            "me:***@host/db#SELECT a FROM t WHERE b = 'c@d'",
        ),
        ("postgresql://me@host/db#t", "me@host/db#t"),
    ],
)
def test_only_the_password_is_hidden(source, public):
    assert public_name(source).endswith(public)
    assert "secret" not in public_name(source)


# PostgreSQL


@pytest.fixture(scope="module")
def server():
    """Address of a PostgreSQL server with a database `shop`."""
    with postgresql_server() as port:
        fill(port)
        yield f"postgres://me:se%40cret@127.0.0.1:{port}/shop"


def fill(port):
    psycopg = pytest.importorskip("psycopg")
    address = f"host=127.0.0.1 port={port} user=me password=se@cret"
    with psycopg.connect(f"{address} dbname=postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE shop")
    with psycopg.connect(f"{address} dbname=shop") as connection:
        connection.execute("CREATE SCHEMA old CREATE TABLE texts (text text)")
        connection.execute("INSERT INTO old.texts VALUES ('an old film')")
        connection.execute("CREATE SEQUENCE counter")
        connection.execute("CREATE TABLE reviews (text text, stars numeric, at timestamp, more jsonb, tags text[])")
        row = "'film ' || i || ' 5% :x', i % 5 + 1, '2020-01-02 03:04', '{\"a\": 1}', ARRAY['b']"
        connection.execute(f"INSERT INTO reviews SELECT {row} FROM generate_series(0, 4999) AS i")


def test_a_table_of_postgresql_is_read(server):
    rows, notes = read(server)
    assert len(rows) == notes.rows == 5000
    assert rows[6] == {
        "text": "film 6 5% :x", "stars": 2, "at": "2020-01-02 03:04:00", "more": '{"a": 1}', "tags": '["b"]',
    }  # fmt: skip
    assert read(f"{server}#reviews")[0] == rows
    assert read(f"{server}#old.texts")[0] == [{"text": "an old film"}]


def test_rows_of_postgresql_are_streamed(server):
    # A row far behind divides by zero: who holds all rows before giving the first never gives one.
    rows, _ = open_source(f"{server}#SELECT text, 1 / (4990 - split_part(text, ' ', 2)::int) AS x FROM reviews")
    assert next(rows)["text"] == "film 0 5% :x"
    with pytest.raises(DataError, match="division by zero"):
        list(rows)


def test_a_query_of_postgresql_is_read_as_it_stands(server):
    rows, _ = read(
        f"{server}#SELECT text, stars::int AS label FROM reviews WHERE text LIKE '%9 5\\%%' AND text <> ':y'"
    )
    assert len(rows) == 500
    assert rows[0] == {"text": "film 9 5% :x", "label": 5}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("nope", "No table 'nope'"),
        ("SELECT nope FROM reviews", 'column "nope" does not exist'),
        ("WITH x AS (DELETE FROM reviews RETURNING text) SELECT * FROM x", "DECLARE CURSOR must not contain"),
        ("SELECT nextval('counter')", r"cannot execute nextval\(\) in a read-only transaction"),
        ("SELECT text INTO stolen FROM reviews", "INTO"),
        ("SELECT 1; DROP TABLE reviews", "More than one statement"),
    ],
)
def test_postgresql_is_only_read_and_what_it_refuses_is_one_sentence(server, wanted, message):
    with pytest.raises(DataError, match=message) as told:
        read(f"{server}#{wanted}")
    assert "cret" not in str(told.value)
    assert "\n" not in str(told.value)
    assert len(read(f"{server}#reviews")[0]) == 5000


def test_a_wrong_password_is_told_without_it(server):
    with pytest.raises(DataError, match="password authentication failed") as told:
        read(server.replace("se%40cret", "wr%40ng"))
    assert "wr@ng" not in str(told.value)
    assert "wr%40ng" not in str(told.value)


def test_an_unknown_database_is_told(server):
    with pytest.raises(DataError, match='database "nope" does not exist'):
        read(server.replace("/shop", "/nope"))
