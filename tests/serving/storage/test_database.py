from __future__ import annotations

import stat
import threading

import pytest
from tests.small_disk import fill, make_read_only, small_disk

from afina.errors import ConfigError
from afina.serving.storage import StorageError
from afina.serving.storage.database import Database
from afina.serving.storage.tables import Meta


def set_version(database, version):
    with database.session() as session:
        session.get(Meta, "schema_version").value = version


def write_much(database):
    with database.session() as session:
        session.add_all(Meta(name=f"{i}", value="y" * 200) for i in range(2_000))


def test_the_file_is_its_owners_alone_and_readers_need_not_wait(tmp_path):
    database = Database.in_file(tmp_path / "new" / "x.sqlite")
    assert database.reason is None
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "x.sqlite").stat().st_mode) == 0o600
    with database.session() as session:
        connection = session.connection()
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                 ("journal_mode", "busy_timeout", "foreign_keys")]  # fmt: skip
    assert found == ["wal", 5000, 1]


def test_two_that_open_at_once_share_one_salt(tmp_path):
    databases = [Database.in_file(tmp_path / "x.sqlite") for _ in range(4)]
    reasons: list[str | None] = []
    threads = [threading.Thread(target=lambda each=each: reasons.append(each.reason)) for each in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reasons == [None] * 4
    assert len({database.salt for database in databases}) == 1


def test_a_newer_database_is_left_alone_and_told_in_a_sentence(tmp_path):
    set_version(Database.in_file(tmp_path / "x.sqlite"), "9")
    newer = Database.in_file(tmp_path / "x.sqlite")
    assert newer.reason == (
        "The database was written by a newer afina (its tables have version 9, this afina knows 1): update afina, or "
        "give it another database"
    )
    with pytest.raises(StorageError) as told, newer.session():
        pass
    assert told.value.status == 507


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "x.sqlite").write_bytes(b"no database at all" * 100)
    assert Database.in_file(tmp_path / "x.sqlite").reason == "The database of the server is damaged"


def test_a_folder_that_cannot_be_written_is_told_and_tried_again(tmp_path):
    now = [0.0]
    with small_disk(tmp_path / "disk", 2_000) as disk:
        make_read_only(disk)
        database = Database(f"sqlite:///{disk}/state/x.sqlite", steady=lambda: now[0])
        assert database.reason == "The server cannot write to its folder"
    # The disk is gone, and its folder can be written.
    assert database.reason == "The server cannot write to its folder"
    now[0] = 10.0
    assert database.reason is None


def test_a_full_disk_is_told_and_goes_on_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk", 500) as disk:
        database = Database.in_file(disk / "x.sqlite")
        assert database.reason is None
        filling = fill(disk)
        with pytest.raises(StorageError, match="full") as told:
            write_much(database)
        assert told.value.status == 507
        filling.unlink()
        set_version(database, "1")
        database.close()


@pytest.mark.parametrize("url", ["nonsense", "oracle9://x", "://"])
def test_what_is_no_database_is_refused(url):
    with pytest.raises(ConfigError):
        Database(url)


def test_a_server_that_does_not_answer_is_told_without_its_password():
    pytest.importorskip("psycopg")
    database = Database("postgres://me:se%40cret@127.0.0.1:9/x?connect_timeout=2")
    assert database.reason == "The database does not answer"
    with pytest.raises(StorageError) as told, database.session():
        pass
    assert told.value.status == 503
