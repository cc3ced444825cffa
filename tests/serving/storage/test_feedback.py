from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest
from tests.conftest import train_tiny
from tests.postgresql import PASSWORD, postgresql_server
from tests.small_disk import fill, small_disk

from afina.serving.storage import FeedbackStore, Opinion, StorageError
from afina.serving.storage import feedback as module
from afina.serving.storage.clock import SteadyClock
from afina.serving.storage.database import Database

WHOM = "local 192.168.1.77"


class Now:
    def __init__(self, seconds=1_767_323_045.9):  # 2026-01-02T03:04:05Z
        self.seconds = seconds

    def __call__(self):
        return self.seconds


def opinion(text="not bad at all", correct="positive", **changed):
    known = {"model": "reviews", "revision": "0123", "predicted": "negative", "score": 0.7, "comment": "irony"}
    return Opinion(text=text, correct=correct, **{**known, **changed})


@pytest.fixture(scope="module")
def postgresql():
    pytest.importorskip("psycopg")
    with postgresql_server() as port:
        yield f"postgresql://me:{PASSWORD.replace('@', '%40')}@127.0.0.1:{port}/postgres"


@pytest.fixture
def now():
    return Now()


@pytest.fixture
def store(tmp_path, now):
    return FeedbackStore(Database.in_file(tmp_path / "x.sqlite"), clock=now)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request, tmp_path, now):
    if request.param == "sqlite":
        database = Database.in_file(tmp_path / "x.sqlite")
    else:
        database = Database(request.getfixturevalue("postgresql"))
    yield FeedbackStore(database, clock=now)
    database.close()


def test_feedback_waits_until_it_is_reviewed_and_is_then_exported(any_store, now):
    store = any_store
    first, _ = store.add(opinion(), client=WHOM)
    second, undo = store.add(opinion("half an emoji \ud83d and a zero \0"), client=WHOM)
    third, _ = store.add(opinion("meh", correct="negative"), client=WHOM)
    assert store.counts() == {"pending": 3, "reviewed": 0, "rejected": 0}
    assert list(store.export()) == []
    now.seconds += 3600
    store.review(third, "rejected")
    store.review(second, "reviewed", correct="negative")
    store.review(first, "reviewed")
    assert list(store.export()) == [
        {
            "text": text, "label": label, "predicted": "negative", "score": 0.7, "model": "reviews",
            "revision": "0123", "created": "2026-01-02T03:04:05Z", "reviewed": "2026-01-02T04:04:05Z",
        }
        for text, label in (("not bad at all", "positive"), ("half an emoji � and a zero �", "negative"))
    ]  # fmt: skip
    assert list(store.export("other")) == []
    assert [row["id"] for row in store.page()] == [third, second, first]
    assert [row["id"] for row in store.page("reviewed", limit=1, offset=1)] == [first]
    assert {row["comment"] for row in store.page()} == {"irony"}
    with pytest.raises(StorageError):
        store.undo(second, undo)  # it is reviewed


def test_only_the_secret_takes_feedback_back(store):
    first, undo = store.add(opinion(), client=WHOM)
    second, _ = store.add(opinion("another"), client=WHOM)
    for id, secret in ((second, undo), (first, ""), (first, undo + "x"), ("nothing", undo)):
        with pytest.raises(StorageError, match="no such feedback") as told:
            store.undo(id, secret)
        assert told.value.status == 404
    store.undo(first, undo)
    assert [row["id"] for row in store.page()] == [second]


def test_no_address_and_no_secret_stands_in_the_file(store, tmp_path):
    _, undo = store.add(opinion(), client=WHOM)
    [row] = store.page()
    assert row["client"]
    held = b"".join(path.read_bytes() for path in tmp_path.glob("x.sqlite*"))
    assert b"not bad at all" in held
    assert b"192.168" not in held
    assert undo.encode() not in held


def test_senders_are_told_apart_in_one_database_and_not_across_two(store, tmp_path):
    for client in (WHOM, WHOM, "local ::1"):
        store.add(opinion(client), client=client)
    other = FeedbackStore(Database.in_file(tmp_path / "y.sqlite"))
    other.add(opinion(), client=WHOM)
    third, second, first = (row["client"] for row in store.page())
    assert first == second != third
    assert other.page()[0]["client"] != first


def test_a_sender_who_sends_much_has_to_wait(store, now):
    for i in range(module.PER_MINUTE):
        store.add(opinion(str(i)), client=WHOM)
    with pytest.raises(StorageError) as told:
        store.add(opinion(), client=WHOM)
    assert (told.value.status, told.value.retry_after_s) == (429, 60)
    store.add(opinion(), client="someone else")
    now.seconds += 61
    store.add(opinion(), client=WHOM)


def test_a_flood_fills_no_disk(store, monkeypatch):
    monkeypatch.setattr(module, "MOST_PENDING", 2)
    ids = [store.add(opinion(str(i)), client=f"{i}")[0] for i in range(2)]
    with pytest.raises(StorageError, match="reviewed") as told:
        store.add(opinion(), client=WHOM)
    assert told.value.status == 507
    store.review(ids[0], "rejected")
    store.add(opinion(), client=WHOM)
    monkeypatch.setattr(module, "MOST_PENDING", 100)
    monkeypatch.setattr(module, "MOST_PENDING_CHARS", 10)
    with pytest.raises(StorageError, match="reviewed"):
        store.add(opinion(), client=WHOM)


def test_a_long_export_comes_in_order_and_whole(store, monkeypatch):
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(module, "PER_MINUTE", 100)
    for i in range(10):
        id, _ = store.add(opinion(f"text {i}"), client=WHOM)
        if i != 4:
            store.review(id, "reviewed")
    assert [row["text"] for row in store.export()] == [f"text {i}" for i in range(10) if i != 4]


_WRITER = """
import sys
from pathlib import Path
from afina.serving.storage import FeedbackStore, Opinion
from afina.serving.storage.database import Database
store = FeedbackStore(Database.in_file(Path(sys.argv[1])))
for i in range(25):
    text = f"{sys.argv[2]} {i}"
    id, _ = store.add(Opinion(text, "m", "r", "negative", "positive"), client=text)
    store.review(id, "reviewed")
"""


def test_two_servers_on_one_file_lose_nothing(store, tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, tmp_path / "x.sqlite", name]) for name in ("one", "two")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert {row["text"] for row in store.export()} == {f"{name} {i}" for name in ("one", "two") for i in range(25)}


def test_a_writer_who_holds_the_file_too_long_is_told_as_busy(store, tmp_path, monkeypatch):
    store.add(opinion(), client=WHOM)
    store._database.close()
    monkeypatch.setattr("afina.serving.storage.database._BUSY_SECONDS", 0)
    other = FeedbackStore(Database.in_file(tmp_path / "x.sqlite"))
    assert other.reason is None
    with sqlite3.connect(tmp_path / "x.sqlite") as connection:
        connection.execute("BEGIN IMMEDIATE")
        other._database.close()
        with pytest.raises(StorageError, match="busy") as told:
            other.add(opinion(), client=WHOM)
        connection.execute("COMMIT")
    connection.close()
    assert told.value.status == 503


def test_a_full_disk_refuses_feedback_and_keeps_what_is_there(tmp_path):
    with small_disk(tmp_path / "disk", 400) as disk:
        store = FeedbackStore(Database.in_file(disk / "x.sqlite"))
        store.add(opinion(), client=WHOM)
        filling = fill(disk)
        with pytest.raises(StorageError, match="full") as told:
            store.add(opinion("x" * 200_000), client=WHOM)
        assert told.value.status == 507
        assert [row["text"] for row in store.page()] == ["not bad at all"]
        filling.unlink()
        store.add(opinion("again"), client=WHOM)
        store._database.close()


def test_a_jump_of_the_systems_clock_moves_no_time():
    wall, steady = Now(1000.0), Now(50.0)
    clock = SteadyClock(wall, steady)
    wall.seconds, steady.seconds = 5.0, 60.0
    assert clock() == 1010.0


def test_what_was_reviewed_makes_a_better_model(store, tiny_model, tmp_path, monkeypatch):
    """The whole loop: a model is wrong about a word, people say so, and the next one is right."""
    monkeypatch.setattr(module, "PER_MINUTE", 100)
    lines = [f"the {word} film number {i} was {word}" for i in range(30) for word in ("lovely", "awful")]
    source = tmp_path / "source.csv"
    source.write_text("text,label\n" + "".join(
        f"{line},{'positive' if 'lovely' in line else 'negative'}\n" for line in lines))  # fmt: skip
    for i in range(24):
        for word, label in (("stale", "positive"), ("fresh", "negative")):
            text = f"this {word} room and the {word} number {i} it was {word}"
            id, _ = store.add(opinion(text, label), client=WHOM)
            store.review(id, "reviewed")
    feedback = tmp_path / "feedback.jsonl"
    feedback.write_text("".join(json.dumps(row) + "\n" for row in store.export()))
    probes = ["a stale room it was stale", "a fresh room it was fresh"]
    settings = {"training.max_steps": 120}
    tuned = train_tiny(tiny_model, source, tmp_path / "after", {**settings, "data.add": str(feedback)})
    assert tuned.run.read_manifest()["data"]["add"]["given"] == 48
    assert [answer.label for answer in tuned.classifier.classify(probes)] == ["positive", "negative"]
