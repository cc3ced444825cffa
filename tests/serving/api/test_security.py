"""Who may ask what, from where, and how often."""

from __future__ import annotations

import pytest
from tests.serving.api.conftest import ADMIN, JOBS, READ
from tests.serving.api.test_bad_input import problem

from afina.errors import ConfigError
from afina.serving.auth import hash_of, read_token
from afina.serving.middleware.access import Rates
from afina.serving.server import bind
from afina.serving.settings import ServingSettings

GOOD = {"text": "good"}


def as_(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_without_tokens_all_is_open_on_this_machine(client):
    assert client.get("/info").json()["scopes"] == ["read", "jobs", "admin"]
    assert client.get("/info", headers=as_("whatever a client's library sends")).status_code == 200


@pytest.mark.parametrize("path", ["/v1/models", "/info", "/metrics", "/v1/models/reviews/card", "/anything"])
def test_token_is_needed(guarded, path):
    answer = guarded.get(path)
    problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="afina"'


@pytest.mark.parametrize("path", ["/v1/classify", "/", "/predict", "/v1/jobs", "/v1/feedback"])
def test_token_is_needed_before_a_body_is_read(guarded, path):
    problem(guarded.post(path, content=b"{"), 401, "unauthorized")


@pytest.mark.parametrize(
    "path", ["/", "/static/app.js", "/health", "/health/live", "/health/ready", "/docs", "/openapi.json"]
)
def test_page_and_health_need_none(guarded, path):
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer wrong-secret-0123456789",
        "Bearer",
        "Bearer ",
        f"Basic {ADMIN}",
        ADMIN,
        "",
        f"Bearer {ADMIN[:-1]}",
        f"Bearer {ADMIN}x",
        "Bearer \xe9",
    ],
)
def test_wrong_tokens(guarded, header):
    answer = guarded.get("/info", headers={"authorization": header.encode("latin-1")})
    problem(answer, 401, "unauthorized")
    assert "invalid_token" in answer.headers["www-authenticate"]


def test_scopes(guarded):
    scopes = {token: guarded.get("/info", headers=as_(token)).json()["scopes"] for token in (READ, JOBS, ADMIN)}
    assert scopes == {READ: ["read"], JOBS: ["read", "jobs"], ADMIN: ["read", "jobs", "admin"]}
    assert guarded.post("/v1/classify", json=GOOD, headers=as_(READ)).status_code == 200


def test_reader_may_not_bring_files(guarded):
    answer = guarded.post("/v1/jobs", content=b"x" * 3_000_000, headers=as_(READ))
    problem(answer, 403, "forbidden")
    assert 'error="insufficient_scope", scope="jobs"' in answer.headers["www-authenticate"]


def test_anonymous_readers(make_client):
    client = make_client(host="0.0.0.0", anonymous="read", tokens=(read_token(ADMIN),))
    assert client.get("/info").json()["scopes"] == ["read"]
    assert client.get("/info", headers=as_(ADMIN)).json()["scopes"] == ["read", "jobs", "admin"]
    assert client.get("/info", headers=as_(READ)).status_code == 401


def test_settings_hold_no_token():
    token = read_token(ADMIN)
    assert token.hash.get_secret_value() == hash_of(ADMIN)
    assert hash_of(ADMIN) not in repr(ServingSettings(tokens=(token,)))


@pytest.mark.parametrize("given", ["short", "", "read:short", "read:", "secret with blanks 0123", "sécrèt-0123456789"])
def test_tokens_that_are_none(given):
    with pytest.raises(ConfigError, match="token"):
        read_token(given)


def test_server_for_others_needs_a_token():
    with pytest.raises(ConfigError, match="no token is set"):
        bind(ServingSettings(host="0.0.0.0", port=0))
    bind(ServingSettings(host="0.0.0.0", port=0, anonymous="read")).close()
    bind(ServingSettings(host="0.0.0.0", port=0, tokens=(read_token(ADMIN),))).close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LOCALHOST", "[::1]:8000"])
def test_own_names(client, host):
    assert client.get("/info", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil", "", "169.254.169.254"]
)
def test_names_an_attacker_lets_point_here(client, host):
    problem(client.get("/info", headers={"host": host}), 403, "host")
    problem(client.get("/", headers={"host": host}), 403, "host")


def test_names_that_are_allowed(make_client):
    client = make_client(host="0.0.0.0", anonymous="read", allowed_hosts=("shop.example", "*.hf.space"))
    known = [client.get("/info", headers={"host": host}).status_code for host in ("shop.example", "me.hf.space:443")]
    others = [
        client.get("/info", headers={"host": host}).status_code for host in ("evil.example", "hf.space", "ahf.space")
    ]
    assert (known, others) == ([200, 200], [403, 403, 403])
    without = make_client(host="0.0.0.0", anonymous="read")
    assert without.get("/info", headers={"host": "any.example"}).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8000", 200),
        ("https://127.0.0.1:8000", 200),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://127.0.0.1:9000", 403),
        ("http://127.0.0.1:8000.evil", 403),
        ("http://[", 403),
        ("", 403),
    ],
)
def test_other_pages_may_not_ask(client, origin, status):
    assert client.post("/v1/classify", json=GOOD, headers={"origin": origin}).status_code == status


def test_cors_is_off(client):
    answer = client.get("/info", headers={"origin": "https://shop.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    problem(client.options("/v1/classify", headers=preflight), 403, "origin")


def test_pages_that_are_allowed(make_client):
    client = make_client(cors_origins=("https://shop.example",))
    answer = client.post("/v1/classify", json=GOOD, headers={"origin": "https://shop.example"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in answer.headers
    preflight = {
        "origin": "https://shop.example", "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }  # fmt: skip
    asked = client.options("/v1/classify", headers=preflight)
    assert asked.status_code == 200
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    assert client.options("/v1/classify", headers={**preflight, "origin": "https://evil.example"}).status_code == 400
    assert client.post("/v1/classify", json=GOOD, headers={"origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/info", "/nothing", "/docs", "/static/app.js"])
def test_headers_of_every_response(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-store" if path in ("/info", "/nothing") else "no-cache")
    assert "server" not in headers


def test_frames_that_are_allowed(make_client):
    headers = make_client(frame_ancestors=("https://huggingface.co",)).get("/").headers
    assert "frame-ancestors https://huggingface.co" in headers["content-security-policy"]
    assert "x-frame-options" not in headers


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abcdefgh-1234", True),
        ("short", False),
        ("x" * 65, False),
        ("<script>alert</script>", False),
        ("-leading-dash", False),
        ("with blank 1", False),
    ],
)
def test_request_ids(client, given, kept):
    assert (client.get("/info", headers={"x-request-id": given}).headers["x-request-id"] == given) is kept


def test_rate_of_one_client(make_client):
    client = make_client(requests_per_minute=12)
    statuses = [client.get("/info").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    late = client.get("/info")
    problem(late, 429, "rate")
    assert 1 <= int(late.headers["retry-after"]) <= 5
    assert client.get("/health").status_code == 200


def test_rates_refill():
    now = [0.0]
    rates = Rates(60, lambda: now[0])
    assert [rates.take("a") for _ in range(10)] == [0.0] * 10
    assert rates.take("a") == pytest.approx(1)
    assert rates.take("b") == 0
    now[0] = 1.0
    assert rates.take("a") == 0
    assert rates.take("a") > 0
    now[0] = 1_000.0
    assert [rates.take("a") for _ in range(11)].count(0.0) == 10


def test_rate_is_limited_beyond_this_machine_alone():
    assert ServingSettings().rate_per_minute == 0
    assert ServingSettings(host="0.0.0.0").rate_per_minute == 6_000
