"""What clients are told when the engine fails, is late or is left."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest
from tests.serving.api.fake_engine import FakeEngine
from tests.serving.api.test_bad_input import SECRET, problem

from afina.errors import DataError
from afina.serving.app import create_app
from afina.serving.computing import RequestTooLarge
from afina.serving.engine import BackendFailure, DeadlinePassed, Overloaded, Unavailable
from afina.serving.logs import JsonLines
from afina.serving.settings import ServingSettings


@pytest.mark.parametrize(
    ("failure", "status", "error_type", "retry_after"),
    [
        (Overloaded(7), 429, "overloaded", "7"),
        (Unavailable("The server is draining", retry_after_s=3), 503, "unavailable", "3"),
        (DeadlinePassed("late"), 504, "deadline", None),
        (BackendFailure(f"NaN of {SECRET}"), 500, "backend", None),
        (RequestTooLarge("The request has 99,999 tokens"), 413, "too_many_tokens", None),
        (RuntimeError(SECRET), 500, "internal", None),
        (MemoryError(SECRET), 500, "internal", None),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else str(each),
)
@pytest.mark.parametrize("path", ["/v1/classify", "/v1/explain", "/", "/predict", "/v1/compare"])
def test_failures_of_the_engine(client, engine, path, failure, status, error_type, retry_after):
    if path == "/v1/explain" and isinstance(failure, DataError):
        pytest.skip("explains one text, which is checked before")
    engine.failure = failure
    body = {"inputs": SECRET} if path in ("/", "/predict") else {"text": SECRET}
    if path == "/v1/compare":
        body["models"] = ["reviews", "tweets"]
    answer = client.post(path, json=body)
    problem(answer, status, error_type)
    assert answer.headers.get("retry-after") == retry_after


def test_time_limit_of_a_request(client, engine):
    def given(**headers):
        client.raw(b'{"text": "good"}', **headers)
        return engine.asked[-1][2]

    assert given() == pytest.approx(10, abs=0.5)
    assert given(**{"x-timeout-ms": "250"}) == pytest.approx(0.25, abs=0.05)
    assert given(**{"x-timeout-ms": "999999"}) == pytest.approx(60, abs=0.5)


def test_engine_that_never_answers_is_not_waited_for(client, engine, monkeypatch):
    monkeypatch.setattr("afina.serving.asking._GRACE_S", 0.05)
    engine.delay_s = 30
    problem(client.raw(b'{"text": "good"}', **{"x-timeout-ms": "20"}), 504, "deadline")
    assert engine.cancelled == 1


def test_client_that_leaves_cancels_its_texts():
    engine = FakeEngine(delay_s=30)
    app = create_app(ServingSettings(), engine)
    body = json.dumps({"text": "good"}).encode()
    left = asyncio.Event()
    scope = {
        "type": "http", "method": "POST", "path": "/v1/classify", "raw_path": b"/v1/classify", "query_string": b"",
        "root_path": "", "scheme": "http", "http_version": "1.1", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "headers": [
            (b"host", b"127.0.0.1"), (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
    }  # fmt: skip
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent = []

    async def receive():
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    async def ask_and_leave():
        asked = asyncio.create_task(app(scope, receive, send))
        while not engine.asked:
            await asyncio.sleep(0.001)
        left.set()
        await asyncio.wait_for(asked, 1)

    asyncio.run(ask_and_leave())
    assert engine.cancelled == 1
    assert sent == []


def test_one_of_two_models_that_fails_cancels_the_other():
    class Half(FakeEngine):
        async def answer(self, model, texts, **options):
            if model == "tweets":
                await asyncio.sleep(0.01)
                raise Overloaded(2)
            self.delay_s = 30
            return await super().answer(model, texts, **options)

    engine = Half()

    async def ask():
        transport = httpx.ASGITransport(app=create_app(ServingSettings(), engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/v1/compare", json={"text": "good", "models": ["reviews", "tweets"]})

    assert asyncio.run(ask()).status_code == 429
    assert engine.cancelled == 1


@pytest.fixture
def lines(monkeypatch):
    """What the server logs, each line as its fields."""
    written = []

    class Keep(logging.Handler):
        def emit(self, record):
            written.append(json.loads(self.format(record)))

    handler = Keep()
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("afina.serving")
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.INFO)
    logging.getLogger("afina.serving.access").setLevel(logging.INFO)
    return written


def test_log_holds_nothing_of_a_request(client, engine, lines):
    engine.failure = RuntimeError(SECRET)
    answer = client.post(f"/v1/classify?{SECRET}", json={"text": SECRET})
    client.get(f"/{SECRET}%0A{SECRET}")
    failed, answered, unknown = lines
    assert answered["request_id"] == failed["request_id"] == answer.headers["x-request-id"]
    assert (answered["method"], answered["route"], answered["status"]) == ("POST", "/v1/classify", 500)
    assert answered["ms"] > 0
    assert failed["error"] == "builtins.RuntimeError"
    assert any("fake_engine.py" in frame for frame in failed["frames"])
    assert (unknown["route"], unknown["status"]) == ("none", 404)
    assert SECRET not in json.dumps(lines)
