from __future__ import annotations

import json

import pytest
from pydantic import SecretStr
from tests.serving.api.fake_engine import FakeEngine
from tests.serving.forms import form_of
from tests.serving.storage.conftest import ROOT, wait_for
from tests.serving.storage.planned_score import COMMAND
from tests.small_disk import fill, make_read_only, small_disk

pytest.importorskip("fastapi")

from starlette.testclient import TestClient

from afina.serving.app import create_app
from afina.serving.auth import hash_of
from afina.serving.settings import AccessToken, ServingSettings
from afina.serving.storage import open_storage

TOKENS = {scope: f"a-long-secret-of-{scope}" for scope in ("read", "jobs", "other", "admin")}
SCOPES = {"read": ("read",), "jobs": ("read", "jobs"), "other": ("read", "jobs"), "admin": ("read", "jobs", "admin")}
ROWS = b"text,n\n" + b"".join(b"good number %d,%d\n" % (i, i) for i in range(30))


def tokens():
    return tuple(AccessToken(hash=SecretStr(hash_of(TOKENS[name])), scopes=SCOPES[name]) for name in TOKENS)


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Open a client of a server with these settings; its storage is `client.storage`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    opened = []

    def open_(folder=None, **settings):
        given = ServingSettings(state_dir=folder or tmp_path / "state", **settings)
        storage = open_storage(given, dict.fromkeys(FakeEngine().models, tmp_path / "run"), score_command=COMMAND)
        app = create_app(given, FakeEngine(), store=storage.feedback, jobs=storage.jobs)
        client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
        client.storage = storage
        client.__enter__()
        opened.append(client)
        return client

    yield open_
    for each in opened:
        each.__exit__(None, None, None)
        each.storage.close()


def as_(name):
    return {"Authorization": f"Bearer {TOKENS[name]}"}


def bring(client, content=ROWS, name="../../etc/évil.csv", *, path="/v1/jobs", headers=None, **fields):
    content_type, body = form_of(content, name, **fields)
    return client.post(path, content=body, headers={"Content-Type": content_type, **(headers or {})})


def ended(client, id, **options):
    wait_for(lambda: client.get(f"/v1/jobs/{id}", **options).json()["state"] not in ("queued", "running"))
    return client.get(f"/v1/jobs/{id}", **options).json()


def test_a_file_is_brought_watched_and_fetched(client, tmp_path):
    client = client()
    answer = bring(client, ROWS + b"=cmd(),5\n,6\n", text_column="text", model="tweets")
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
    assert {name: job[name] for name in ("state", "rows_total", "rows_done", "rows_failed", "eta_s", "model")} == {
        "state": "queued", "rows_total": 32, "rows_done": 0, "rows_failed": 0, "eta_s": None, "model": "tweets",
    }  # fmt: skip
    done = ended(client, job["id"])
    assert (done["state"], done["rows_done"], done["rows_failed"]) == ("done_with_errors", 32, 1)
    assert client.get("/v1/jobs").json() == {"jobs": [done]}
    result = client.get(f"/v1/jobs/{job['id']}/result")
    assert result.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert result.headers["Content-Disposition"] == 'attachment; filename="result.csv"'
    assert "\n'=cmd(),5," in result.text
    [error] = [json.loads(line) for line in client.get(f"/v1/jobs/{job['id']}/errors").text.splitlines()]
    assert (error["row"], error["file"]) == (32, "upload.csv")
    names = [path.name for path in (tmp_path / "state").rglob("*")]
    assert not any("vil" in name or "passwd" in name for name in names)
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.get(f"/v1/jobs/{job['id']}").status_code == 404
    assert not (tmp_path / "state" / "jobs" / job["id"]).exists()


def test_a_preview_keeps_nothing(client, tmp_path):
    client = client()
    found = bring(client, path="/v1/jobs/preview").json()
    assert (found["columns"], found["text_column"], found["rows_total"]) == (["text", "n"], "text", 30)
    assert found["rows"][:2] == [{"text": "good number 0", "n": "0"}, {"text": "good number 1", "n": "1"}]
    assert len(found["rows"]) == 20
    assert client.get("/v1/jobs").json() == {"jobs": []}
    assert not [path for path in (tmp_path / "state" / "jobs").iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("content", "name", "fields", "status", "kind"),
    [
        (ROWS, "a.zip", {}, 415, "unsupported_media_type"),
        (b"PK\x03\x04" + bytes(100), "a.csv", {}, 415, "unsupported_media_type"),
        (ROWS, "a.csv", {"text_column": "nope"}, 422, "unknown_column"),
        pytest.param(ROWS, "a.csv", {"title_column": "nope"}, 422, "unknown_column", marks=pytest.mark.slow),
        pytest.param(b"n,m\n1,2\n3,4\n", "a.csv", {}, 422, "unknown_column", marks=pytest.mark.slow),
        (ROWS, "a.csv", {"model": "../../etc/passwd"}, 404, "unknown_model"),
        pytest.param(ROWS, "a.csv", {"format": "xlsx"}, 422, "validation", marks=pytest.mark.slow),
        (ROWS, "a.csv", {"url": "file:///etc/passwd"}, 422, "validation"),
        (b"", "a.csv", {}, 422, "empty"),
        (b"x" * 60_000, "a.csv", {}, 413, "too_large"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_no_file(content, name, fields, status, kind, client, tmp_path):
    client = client(max_job_bytes=50_000)
    answer = bring(client, content, name, **fields)
    assert (answer.status_code, answer.json()["error_type"]) == (status, kind)
    assert "request_id" in answer.json()
    assert not [word for word in ("nope", "passwd", str(tmp_path)) if word in answer.text]
    assert not [path for path in (tmp_path / "state" / "jobs").glob("*") if path.is_dir()]


def test_only_callers_of_its_scope_and_its_own_token_see_a_job(client):
    client = client(tokens=tokens())
    assert bring(client).status_code == 401
    assert bring(client, headers=as_("read")).status_code == 403
    id = bring(client, headers=as_("jobs")).json()["id"]
    for name in ("other", "admin"):
        for path in ("", "/result", "/errors"):
            assert client.get(f"/v1/jobs/{id}{path}", headers=as_(name)).status_code == 404
        assert client.delete(f"/v1/jobs/{id}", headers=as_(name)).status_code == 404
        assert client.get("/v1/jobs", headers=as_(name)).json() == {"jobs": []}
    assert ended(client, id, headers=as_("jobs"))["state"] == "done"


@pytest.mark.parametrize("id", ["x", "..", "%2e%2e%2fplace", "00000000-0000-4000-8000-000000000000", "a" * 90])
def test_ids_are_looked_up_and_are_no_paths(id, client):
    client = client()
    for path in ("", "/result", "/errors"):
        assert client.get(f"/v1/jobs/{id}{path}").status_code == 404


def test_results_that_are_not_there_are_told(client):
    client = client()
    client.storage.jobs.stop()
    id = bring(client).json()["id"]
    answer = client.get(f"/v1/jobs/{id}/result")
    assert (answer.status_code, answer.json()["error_type"]) == (404, "no_result")


def test_one_may_not_bring_without_end(client):
    client = client(max_jobs=1)
    client.storage.jobs.stop()
    assert bring(client).status_code == 202
    answer = bring(client)
    assert (answer.status_code, answer.json()["error_type"], answer.headers["Retry-After"]) == (
        429, "too_many_jobs", "60",
    )  # fmt: skip


def test_feedback_is_given_taken_back_reviewed_and_exported(client):
    client = client(tokens=tokens())
    given = {"text": "not bad", "model": "reviews", "predicted": "negative", "correct": "positive", "score": 0.7}
    answer = client.post("/v1/feedback", json={**given, "comment": "irony"}, headers=as_("read"))
    assert answer.status_code == 201
    first, undo = answer.json()["id"], answer.json()["undo"]
    second = client.post("/v1/feedback", json={**given, "text": "meh"}, headers=as_("read")).json()["id"]
    assert client.delete(f"/v1/feedback/{first}?undo=wrong", headers=as_("read")).status_code == 404
    assert client.delete(f"/v1/feedback/{first}?undo={undo}", headers=as_("read")).status_code == 204
    for path in ("/v1/feedback", "/v1/feedback/export"):
        assert client.get(path, headers=as_("jobs")).status_code == 403
    page = client.get("/v1/feedback?status=pending", headers=as_("admin")).json()
    assert [row["id"] for row in page["feedback"]] == [second]
    assert page["counts"] == {"pending": 1, "reviewed": 0, "rejected": 0}
    assert client.get("/v1/feedback/export", headers=as_("admin")).text == ""
    review = {"status": "reviewed", "correct": "negative"}
    answer = client.post(f"/v1/feedback/{second}/review", json=review, headers=as_("admin"))
    assert (answer.json()["status"], answer.json()["correct"]) == ("reviewed", "negative")
    exported = client.get("/v1/feedback/export", headers=as_("admin"))
    assert exported.headers["Content-Disposition"] == 'attachment; filename="feedback.jsonl"'
    row = json.loads(exported.text)
    assert (row["text"], row["label"], row["revision"]) == ("meh", "negative", "0123456789ab")
    assert set(row) == {"text", "label", "predicted", "score", "model", "revision", "created", "reviewed"}


@pytest.mark.parametrize(
    ("changed", "status", "kind"),
    [
        ({"model": "nope"}, 404, "unknown_model"),
        ({"correct": "nope"}, 422, "validation"),
        ({"predicted": "nope"}, 422, "validation"),
        ({"text": " \u200b\n"}, 422, "empty"),
        ({"text": "nope " * 10_000}, 413, "text_too_long"),
        ({"comment": "x" * 2_001}, 422, "validation"),
        ({"score": 1.5}, 422, "validation"),
        ({"status": "reviewed"}, 422, "validation"),
    ],
)
def test_feedback_that_makes_no_sense_is_refused(changed, status, kind, client):
    client = client()
    given = {"text": "not bad", "model": "reviews", "predicted": "negative", "correct": "positive", **changed}
    answer = client.post("/v1/feedback", json=given)
    assert (answer.status_code, answer.json()["error_type"]) == (status, kind)
    assert "nope" not in answer.text
    assert client.get("/v1/feedback").json()["feedback"] == []


def test_texts_that_look_like_code_come_back_as_they_were(client):
    client = client()
    text = "<script>alert(1)</script> {{7*7}} \x1b[31m =1+1 \U0001f468\u200d\U0001f469"
    given = {"text": text, "model": "reviews", "predicted": "negative", "correct": "positive"}
    id = client.post("/v1/feedback", json=given).json()["id"]
    client.post(f"/v1/feedback/{id}/review", json={"status": "reviewed"})
    answer = client.get("/v1/feedback")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["feedback"][0]["text"] == text
    assert json.loads(client.get("/v1/feedback/export").text)["text"] == text


def all_of_storage(client):
    given = {"text": "not bad", "model": "reviews", "predicted": "negative", "correct": "positive"}
    return [bring(client, ROWS * 3_000), client.post("/v1/feedback", json={**given, "comment": "x" * 2_000})]


def test_a_full_disk_takes_nothing_and_texts_are_classified_all_the_same(client, tmp_path):
    with small_disk(tmp_path / "disk", 2_000) as disk:
        client = client(disk / "state")
        assert client.storage.reason is None
        filling = fill(disk, but_kilobytes=100)
        assert bring(client, ROWS * 3_000).status_code == 507
        assert client.post("/v1/classify", json={"text": "good"}).status_code == 200
        filling.unlink()
        assert bring(client).status_code == 202
        client.storage.close()


def test_a_folder_that_is_read_only_turns_feedback_and_files_off_and_no_more(client, tmp_path):
    with small_disk(tmp_path / "disk", 2_000) as disk:
        make_read_only(disk)
        client = client(disk / "state")
        for answer in all_of_storage(client):
            assert (answer.status_code, answer.json()["error_type"]) == (507, "storage_off")
            assert str(tmp_path) not in answer.text
        assert client.post("/v1/classify", json={"text": "good"}).status_code == 200
        client.storage.close()
