"""What shows on a real connection: slow and odd clients, signals, and a client library of others."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
import time
from urllib.parse import urlsplit

import httpx
import pytest
from tests.serving.api.conftest import serving

from afina.errors import ConfigError
from afina.serving.server import bind, url_of
from afina.serving.settings import ServingSettings

GOOD = {"text": "good"}
HEAD = b"POST /v1/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def read(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


def say(address: str, *parts: bytes) -> tuple[int, dict]:
    """Send bytes, and the status and the envelope that come back."""
    with connect(address) as connection:
        for part in parts:
            connection.sendall(part)
        head, _, body = read(connection).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_answers_come_with_no_word_on_the_software(server):
    answer = httpx.post(f"{server}/v1/classify", json=GOOD, timeout=30)
    assert answer.status_code == 200
    assert "server" not in answer.headers


def test_slow_headers(server):
    status, told = say(server, b"GET / HTTP/1.1\r\nHost: 127")
    assert (status, told["error_type"]) == (408, "body_timeout")


def test_slow_body(server):
    status, told = say(server, HEAD + b"Content-Length: 100\r\n\r\n", b'{"text"')
    assert (status, told["error_type"]) == (408, "body_timeout")


def test_idle_connection_is_closed(server):
    with connect(server) as connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "garbage",
    [b"zanzibar\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/9\r\n\r\n", b"GET / HTTP/1.1\r\nA b: c\r\n\r\n"],
)
def test_what_is_no_request(server, garbage):
    status, told = say(server, garbage)
    assert (status, told["error_type"], set(told)) == (400, "bad_request", {"error", "error_type", "request_id"})


@pytest.mark.parametrize("headers", [b"X: " + b"a" * 100_000, b"X: y\r\n" * 20_000], ids=["long", "many"])
def test_large_headers(server, headers):
    status, told = say(server, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers)
    assert (status, told["error_type"]) == (431, "headers_too_large")


def test_two_lengths_are_refused(server):
    status, _ = say(server, HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert status == 400


def test_body_without_a_length(server):
    status, told = say(server, HEAD + b"Connection: close\r\n\r\n")
    assert (status, told["error_type"]) == (411, "length_required")


def test_large_body(server):
    started = time.perf_counter()
    head = HEAD + b"Connection: close\r\nContent-Length: 10000000\r\n\r\n"
    status, told = say(server, head)
    assert (status, told["error_type"]) == (413, "too_large")
    assert time.perf_counter() - started < 0.5


def test_idle_connections_give_way(server):
    with connect(server) as first:
        others = [connect(server) for _ in range(12)]
        try:
            assert first.recv(1) == b""
            assert httpx.post(f"{server}/v1/classify", json=GOOD, timeout=30).status_code == 200
        finally:
            for each in others:
                each.close()


def test_client_library_of_the_hub(server, monkeypatch):
    from huggingface_hub import InferenceClient

    # The tests may ask no hub; a server on this machine is none.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    for model in (server, f"{server}/models/tweets"):
        client = InferenceClient(model=model)
        found = client.text_classification("good film")
        assert [(each.label, each.score) for each in found] == [
            ("positive", pytest.approx(0.9)), ("negative", pytest.approx(0.1)),
        ]  # fmt: skip
        assert len(client.text_classification("good film", top_k=1)) == 1


def test_taken_port_is_a_sentence():
    with bind(ServingSettings(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} of 127.0.0.1 is taken") as refused:
            bind(ServingSettings(port=port))
    assert refused.value.hint == "--port 0 takes a free one"


def test_address_that_is_not_here():
    with pytest.raises(ConfigError, match="no address"):
        bind(ServingSettings(host="nowhere.invalid", anonymous="read"))


def test_url_of_all_addresses_can_be_opened():
    with bind(ServingSettings(host="0.0.0.0", port=0, anonymous="read")) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_what_was_begun_is_finished(sign):
    answers = []
    with serving() as (process, address):
        asking = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{address}/v1/classify", json={"text": "slow good"}, timeout=30))
        )
        with httpx.Client(base_url=address, timeout=30) as client:
            assert client.get("/health/ready").status_code == 200
            asking.start()
            time.sleep(0.2)
            process.send_signal(sign)
            time.sleep(0.2)
            assert client.get("/health/ready").status_code == 503
            late = client.post("/v1/classify", json=GOOD)
            assert (late.status_code, late.json()["error_type"]) == (503, "unavailable")
        asking.join()
        assert answers[0].status_code == 200
        assert process.wait(30) == 0
        # Its log is of requests alone, each line JSON.
        lines = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert {line["route"] for line in lines} == {"/health/ready", "/v1/classify"}


def test_second_signal_ends_at_once():
    with serving(drain_timeout_s=30) as (process, address):
        asking = threading.Thread(target=_ask, args=(address,))
        asking.start()
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        started = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert time.perf_counter() - started < 0.8
        asking.join()


def _ask(address: str) -> None:
    with contextlib.suppress(httpx.HTTPError):
        httpx.post(f"{address}/v1/classify", json={"text": "slow"}, timeout=30)
