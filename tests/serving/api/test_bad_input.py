"""Bodies no honest client sends: each is refused by its code, in one envelope, and never echoed."""

from __future__ import annotations

import json
import time

import pytest
from tests.serving.api.fake_engine import MAX_TOKENS

SECRET = "zanzibar"


def problem(answer, status: int, error_type: str | None = None) -> dict:
    """The envelope, checked."""
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert set(told) - {"detail"} == {"error", "error_type", "request_id"}
    assert told["request_id"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    if error_type is not None:
        assert told["error_type"] == error_type
    for place in told.get("detail", []):
        assert set(place) == {"loc", "msg"}
    return told


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"text": "zanzibar"', b"zanzibar", b"\xff\xfe{}", b'{"text": "\xff zanzibar"}', b"\x80",
        '{"text": "zanzibar"}'.encode("utf-16"), b'{"text": NaN}', b'{"text": "good", "threshold": Infinity}',
        b'{"text": "good", "threshold": -Infinity}', b'{"text": "good", "threshold": 1e400}',
        b'{"text": "good", "top_k": ' + b"9" * 10_000 + b"}", b'{"text": "good", "text": "zanzibar"}',
        b"[" * 100_000, b'{"text":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"text": ' + b"[],[]," * 20_000,
        b'{"text": "' + b"\\" * 99_999, b"'text'", b'{"text": "good"} zanzibar', b'{"text": "\x00"}',
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_json(client, engine, body):
    started = time.perf_counter()
    problem(client.raw(body), 400 if body else 422, "invalid_json" if body else "validation")
    assert time.perf_counter() - started < 1
    assert engine.asked == []


def test_brackets_in_texts_are_no_levels(client):
    assert client.post("/v1/classify", json={"text": "[{" * 5_000 + '"'}).status_code == 200


def test_byte_order_mark_is_passed_over(client):
    assert client.raw(b'\xef\xbb\xbf{"text": "good"}').status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        5, None, [], {}, "zanzibar", True, {"text": 5}, {"text": None}, {"text": []}, {"text": ["good", 5]},
        {"text": [["zanzibar"]]}, {"text": {"zanzibar": 1}}, {"text": "good", "zanzibar" * 50: 1},
        {"text": "good", "top_k": 0}, {"text": "good", "top_k": "1"}, {"text": "good", "top_k": 1.5},
        {"text": "good", "threshold": 1.1}, {"text": "good", "explain": "zanzibar"}, {"text": "good", "explain": 1},
        {"text": "good", "long_text": "zanzibar"}, {"text": "good", "model": 5}, {"text": "good", "model": ["good"]},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_types(client, engine, given):
    answer = client.raw(json.dumps(given).encode())
    assert answer.json()["detail"]
    assert "zanzibarzanzibarzanzibarzanzibarzanzibarz" not in answer.text
    assert answer.status_code == 422
    assert engine.asked == []


@pytest.mark.parametrize(
    "inputs", [5, None, [], {}, [5], ["good", None], {"text": 5}, [["good"], ["good", "bad"]], [[]]]
)
@pytest.mark.parametrize("path", ["/", "/models/reviews", "/predict"])
def test_wrong_inputs_of_compatible_routes(client, path, inputs):
    problem(client.post(path, json={"inputs": inputs}), 422, "validation")


def test_field_that_is_unknown_is_named_but_cut(client):
    told = problem(client.post("/v1/classify", json={"text": "good", "x" * 500: SECRET}), 422)
    assert told["detail"] == [{"loc": ["x" * 40], "msg": "there is no such field"}]


def test_too_many_and_too_long_texts(client, engine):
    problem(client.post("/v1/classify", json={"text": ["good"] * 129}), 413, "too_many_texts")
    problem(client.post("/", json={"inputs": ["good"] * 129}), 413, "too_many_texts")
    problem(client.post("/v1/classify", json={"text": "a" * (250 * MAX_TOKENS + 1)}), 413, "text_too_long")
    problem(client.post("/v1/explain", json={"text": "a" * (250 * MAX_TOKENS + 1)}), 413, "text_too_long")
    assert client.post("/v1/classify", json={"text": ["good"] * 128}).status_code == 200
    assert len(engine.asked) == 1


def test_large_body_is_refused_before_it_is_read(client):
    body = b'{"text": "' + b"a" * 10_000_000 + b'"}'
    started = time.perf_counter()
    problem(client.raw(body), 413, "too_large")
    assert time.perf_counter() - started < 0.2


def test_large_body_without_a_length_is_counted(client):
    async def parts():
        for _ in range(100):
            yield b"a" * 50_000

    headers = {"content-type": "application/json"}
    problem(client.post("/v1/classify", content=parts(), headers=headers), 413, "too_large")


def test_body_without_a_length(make_client):
    from tests.serving.api.fake_engine import FakeEngine

    from afina.serving.app import create_app
    from afina.serving.settings import ServingSettings

    messages = []
    scope = {
        "type": "http", "method": "POST", "path": "/v1/classify", "raw_path": b"/v1/classify", "query_string": b"",
        "root_path": "", "scheme": "http", "http_version": "1.1", "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        messages.append(message)

    import asyncio

    asyncio.run(create_app(ServingSettings(), FakeEngine())(scope, receive, send))
    assert messages[0]["status"] == 411


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "multipart/form-data",
        "json",
    ],
)
def test_other_types_of_body(client, kind):
    problem(client.raw(b'{"text": "good"}', **{"content-type": kind}), 415, "unsupported_media_type")


def test_body_without_a_type(client):
    problem(client.post("/v1/classify", content=b'{"text": "good"}'), 415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json;charset=UTF-8", "application/vnd.api+json", "APPLICATION/JSON"])
def test_types_that_are_json(client, kind):
    assert client.raw(b'{"text": "good"}', **{"content-type": kind}).status_code == 200


def test_packed_body(client):
    problem(client.raw(b"\x1f\x8b", **{"content-encoding": "gzip"}), 415, "unsupported_encoding")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("image/*, text/plain", 406),
        ("application/*", 200),
        ("text/html, */*;q=0.1", 200),
        ("", 200),
    ],
)
def test_accept(client, accept, status):
    assert client.raw(b'{"text": "good"}', accept=accept).status_code == status


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "reviews/..",
        "http://example.org/model",
        "reviews\x00",
        "",
        "C:\\",
        "REVIEWS",
        "%2e%2e",
        "x" * 10_000,
    ],
)
def test_model_is_looked_up_by_name_alone(client, name):
    problem(client.post("/v1/classify", json={"text": "good", "model": name}), 404, "unknown_model")


@pytest.mark.parametrize(
    "name", ["%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f", "http%3A%2F%2Fexample.org", "reviews%00", "nobody"]
)
@pytest.mark.parametrize("path", ["/models/{}", "/v1/models/{}", "/v1/models/{}/report", "/v1/models/{}/card"])
def test_model_in_the_path(client, path, name):
    ask = client.get if path.startswith("/v1") else client.post
    arguments = {} if path.startswith("/v1") else {"json": {"inputs": "good"}}
    problem(ask(path.format(name), **arguments), 404)


def test_odd_characters_are_read(client, engine):
    odd = [
        "nul \x00 good",
        "\u202egood",
        "👩‍👩‍👧 good",
        "e" + "\u0301" * 10_000,
        "\ufeffgood",
        "<script>good</script>{{7*7}}\x1b[31m",
    ]
    answer = client.post("/v1/classify", json={"text": odd})
    assert answer.status_code == 200
    assert engine.asked[0][1] == odd


def test_half_of_an_emoji_becomes_the_replacement_character(client, engine):
    assert client.raw(b'{"text": ["good \\ud83d", "\\ude00 good", "good \\ud83d\\ude00"]}').status_code == 200
    assert engine.asked[0][1] == ["good \ufffd", "\ufffd good", "good \U0001f600"]


def test_unknown_address_and_method(client):
    problem(client.get("/zanzibar"), 404, "not_found")
    answer = client.delete("/v1/classify")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("given", ["", "-1", "0", "1.5", "zanzibar", "1" * 20, "²"])
def test_time_limit_that_is_none(client, given):
    answer = client.raw(b'{"text": "good"}', **{"x-timeout-ms": given.encode()})
    problem(answer, 422, "validation")
