from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.serving.forms import chunks_of, form_of, run
from tests.serving.storage.conftest import wait_for
from tests.serving.storage.planned_score import COMMAND

from afina.serving.settings import ServingSettings
from afina.serving.storage import StorageError, open_storage

OWNER = "me"


def rows_of(n, word="good"):
    return b"text,n\n" + b"".join(f"{word} number {i},{i}\n".encode() for i in range(n))


def hand_in(storage, content, name="a.csv", owner=OWNER, **fields):
    content_type, body = form_of(content, name, **fields)
    return run(storage.jobs.hand_in(content_type, chunks_of(body), owner=owner, models=["reviews"], default="reviews"))


def state_of(storage, id):
    return storage.jobs.get(id, owner=OWNER)["state"]


def ended(storage, id, seconds=60.0):
    """A job when it has ended."""
    wait_for(lambda: state_of(storage, id) not in ("queued", "running"), seconds)
    return storage.jobs.get(id, owner=OWNER)


def children():
    """Processes of this one that score a file."""
    command = ["pgrep", "-P", str(os.getpid()), "-f", "--", " ".join(COMMAND[-2:])]
    found = subprocess.run(command, capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def test_a_file_comes_back_with_answers_and_a_list_of_rows_without(opened):
    storage = opened()
    storage.jobs.start()
    id = hand_in(storage, rows_of(25) + b",no text\nragged,1,2\n=1+1,5\n")["id"]
    job = ended(storage, id)
    assert (job["state"], job["rows_done"], job["rows_failed"], job["eta_s"]) == ("done_with_errors", 27, 2, None)
    assert job["labels"] == {"negative": 1, "positive": 25}
    assert job["uncertain"] == 1
    assert not any("--raw-cells" in message for message in job["messages"])
    lines = storage.jobs.result(id, owner=OWNER).read_text().splitlines()
    assert lines[0].startswith("text,n,predicted_label,predicted_score,uncertain,probability_negative")
    assert lines[1] == "good number 0,0,positive,0.9,False,0.1,0.9"
    assert lines[27].startswith("'=1+1,5,negative")
    errors = [json.loads(line) for line in storage.jobs.errors(id, owner=OWNER).read_text().splitlines()]
    assert {(error["place"], error["file"]) for error in errors} == {
        ("row 26", "upload.csv"),
        ("line 28", "upload.csv"),
    }
    folder = storage.jobs.result(id, owner=OWNER).parent
    assert sorted(path.name for path in folder.iterdir()) == ["result.csv", "result.errors.jsonl", "summary.json"]
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_the_result_has_the_format_that_was_asked_for(format, opened):
    storage = opened()
    storage.jobs.start()
    id = hand_in(storage, rows_of(3), format=format)["id"]
    assert ended(storage, id)["state"] == "done"
    result = storage.jobs.result(id, owner=OWNER)
    if format == "parquet":
        import pyarrow.parquet as pq

        assert pq.read_table(result)["predicted_label"].to_pylist() == ["positive"] * 3
    else:
        assert [json.loads(line)["n"] for line in result.read_text().splitlines()] == ["0", "1", "2"]
    with pytest.raises(StorageError, match="no such file"):
        storage.jobs.errors(id, owner=OWNER)


@pytest.mark.slow
def test_a_file_mostly_unreadable_fails_with_the_reason(opened):
    storage = opened()
    storage.jobs.start()
    # What is wrong behind the first rows shows only as it is read.
    id = hand_in(storage, rows_of(4_100) + b"too,many,cells\n" * 1_100)["id"]
    job = ended(storage, id)
    assert job["state"] == "failed"
    assert "1,100 of 5,200 rows of upload.csv could not be understood" in job["reason"]
    with pytest.raises(StorageError, match="failed") as told:
        storage.jobs.result(id, owner=OWNER)
    assert told.value.status == 404


def test_jobs_run_one_after_the_other_and_strangers_do_not_see_them(opened):
    storage = opened(max_jobs=2)
    first, second = (hand_in(storage, rows_of(20, "slow"))["id"] for _ in range(2))
    with pytest.raises(StorageError, match="2 of your files") as told:
        hand_in(storage, rows_of(1))
    assert told.value.status == 429
    other = hand_in(storage, rows_of(1), owner="other")["id"]
    storage.jobs.start()
    wait_for(lambda: state_of(storage, first) == "running")
    assert state_of(storage, second) == "queued"
    for ask in (storage.jobs.get, storage.jobs.result, storage.jobs.errors, storage.jobs.cancel):
        with pytest.raises(StorageError, match="no such job") as told:
            ask(other, owner=OWNER)
        assert told.value.status == 404
    assert [job["id"] for job in storage.jobs.all(owner=OWNER)] == [second, first]
    assert ended(storage, second)["state"] == ended(storage, first)["state"] == "done"


def test_a_job_whose_process_is_killed_goes_on_and_ends_with_the_same_bytes(opened):
    storage = opened()
    storage.jobs.start()
    id = hand_in(storage, rows_of(45, "slow"))["id"]
    for least in (10, 30):
        wait_for(lambda least=least: storage.jobs.get(id, owner=OWNER)["rows_done"] >= least)
        for process in children():
            os.kill(process, signal.SIGKILL)
    assert ended(storage, id)["state"] == "done"
    straight = hand_in(storage, rows_of(45, "slow"))["id"]
    ended(storage, straight)
    assert storage.jobs.result(id, owner=OWNER).read_bytes() == storage.jobs.result(straight, owner=OWNER).read_bytes()


@pytest.mark.slow
def test_a_job_that_kills_its_process_each_time_fails(opened):
    storage = opened()
    storage.jobs.start()
    id = hand_in(storage, rows_of(10, "slow") + b"deadly,1\n")["id"]
    job = ended(storage, id)
    assert (job["state"], job["reason"]) == ("failed", "The process that worked on the file was killed, each time")


def test_a_job_goes_on_after_the_server_was_stopped(opened):
    storage = opened()
    storage.jobs.start()
    id = hand_in(storage, rows_of(40, "slow"))["id"]
    wait_for(lambda: storage.jobs.get(id, owner=OWNER)["rows_done"] >= 10)
    storage.jobs.stop()
    assert state_of(storage, id) == "queued"
    assert children() == []
    again = opened()
    again.jobs.start()
    assert ended(again, id)["state"] == "done"


_SERVER = """
import sys, time
from pathlib import Path
from afina.serving.settings import ServingSettings
from afina.serving.storage import open_storage
from tests.serving.storage.planned_score import COMMAND
storage = open_storage(ServingSettings(state_dir=Path(sys.argv[1])), {"reviews": Path("run")}, score_command=COMMAND)
storage.jobs.start()
time.sleep(600)
"""


@pytest.mark.slow
def test_a_job_outlives_a_server_that_is_killed_and_another_takes_it_over(opened, tmp_path):
    storage = opened()  # it keeps the database open, and waits
    id = hand_in(storage, rows_of(60, "slow"))["id"]
    with subprocess.Popen([sys.executable, "-c", _SERVER, tmp_path / "state"], cwd=tmp_path) as server:
        try:
            wait_for(lambda: storage.jobs.get(id, owner=OWNER)["rows_done"] >= 20)
            storage.jobs.start()
            time.sleep(1.2)  # while the other holds the lock, this one starts nothing
            assert children() == []
            done_before = storage.jobs.get(id, owner=OWNER)["rows_done"]
        finally:
            server.kill()
    assert ended(storage, id)["state"] == "done"
    assert done_before >= 20
    assert len(storage.jobs.result(id, owner=OWNER).read_text().splitlines()) == 61


def test_a_cancelled_job_ends_at_once_and_leaves_no_file(opened, tmp_path):
    storage = opened()
    running, waiting = (hand_in(storage, rows_of(200, "slow"))["id"] for _ in range(2))
    storage.jobs.start()
    wait_for(lambda: storage.jobs.get(running, owner=OWNER)["rows_done"] >= 10)
    storage.jobs.cancel(waiting, owner=OWNER)
    storage.jobs.cancel(running, owner=OWNER)
    assert {job["state"] for job in storage.jobs.all(owner=OWNER)} == {"cancelled"}
    wait_for(lambda: not [path for path in (tmp_path / "state" / "jobs").iterdir() if path.is_dir()])
    wait_for(lambda: not children())
    storage.jobs.cancel(waiting, owner=OWNER)
    with pytest.raises(StorageError):
        storage.jobs.get(waiting, owner=OWNER)


@pytest.mark.slow
def test_what_ended_long_ago_is_removed(opened, tmp_path):
    storage = opened(job_ttl_s=3600)
    storage.jobs.start()
    id = hand_in(storage, rows_of(2))["id"]
    ended(storage, id)
    storage.jobs.stop()
    stray = tmp_path / "state" / "jobs" / "stray"
    stray.mkdir()
    os.utime(stray, (0, 0))
    again = opened(job_ttl_s=0.001)
    again.jobs.start()
    wait_for(lambda: again.jobs.all(owner=OWNER) == [])
    wait_for(lambda: not [path for path in (tmp_path / "state" / "jobs").iterdir() if path.is_dir()])


def test_a_model_that_is_served_no_more_fails_its_jobs(opened, tmp_path):
    id = hand_in(opened(), rows_of(2))["id"]
    other = open_storage(ServingSettings(state_dir=tmp_path / "state"), {}, score_command=COMMAND)
    other.jobs.start()
    assert ended(other, id)["reason"] == "The model of this job is not served any more"
    other.close()


def test_a_folder_of_another_machine_is_not_touched(opened, tmp_path):
    url = f"sqlite:///{tmp_path}/shared.sqlite"
    one, two = (opened(tmp_path / name, database_url=url) for name in ("one", "two"))
    id = hand_in(one, rows_of(2))["id"]
    assert two.jobs.all(owner=OWNER) == []
    two.jobs.start()
    time.sleep(0.3)
    assert state_of(one, id) == "queued"


@pytest.mark.slow
def test_a_real_run_answers_as_the_command_line_does(trained_run, tmp_path, monkeypatch, afina_command):
    storage = open_storage(ServingSettings(state_dir=tmp_path / "state", backend="torch"), {"reviews": trained_run})
    storage.jobs.start()
    source = Path(trained_run.parent / "source.csv")
    id = hand_in(storage, source.read_bytes())["id"]
    assert ended(storage, id, 240)["state"] == "done"
    copy = shutil.copy(source, tmp_path / "source.csv")
    assert afina_command("predict", trained_run, "--file", copy, "--out", tmp_path / "out.csv")[0] == 0
    assert storage.jobs.result(id, owner=OWNER).read_bytes() == (tmp_path / "out.csv").read_bytes()
    storage.close()
