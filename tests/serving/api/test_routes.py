"""What the routes answer."""

from __future__ import annotations

import math

import pytest
from tests.serving.api.fake_engine import MAX_TOKENS


def test_one_text(client):
    answer = client.post("/v1/classify", json={"text": "good film"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"model", "revision", "results", "timing"}
    [result] = answer.json()["results"]
    assert (result["label"], result["score"], result["tokens"]) == ("positive", 0.9, 4)
    assert [each["label"] for each in result["scores"]] == ["positive", "negative"]
    assert result["uncertain"] is False
    assert result["truncated"] is False
    assert answer.json()["timing"] == {"tokenize_ms": 0.1, "queue_ms": 0.2, "infer_ms": 0.3}
    assert answer.headers["x-model"] == "reviews"
    assert answer.headers["x-compute-tokens"] == "4"
    assert answer.headers["server-timing"] == "tok;dur=0.10, queue;dur=0.20, infer;dur=0.30"


def test_blank_text_among_others_keeps_its_place(client, engine):
    answer = client.post("/v1/classify", json={"text": ["good", " \u200b\n", "bad"]})
    first, blank, last = answer.json()["results"]
    assert blank == {"error": "empty"}
    assert (first["label"], last["label"]) == ("positive", "negative")
    assert engine.asked[0][1] == ["good", "bad"]


@pytest.mark.parametrize("text", ["", "  ", "\u200b\u200d", "\ufeff", "<br>", "&nbsp;"])
def test_single_blank_text(client, engine, text):
    answer = client.post("/v1/classify", json={"text": text})
    assert (answer.status_code, answer.json()["error_type"]) == (422, "empty")
    assert engine.asked == []


def test_only_blank_texts_ask_no_model(client, engine):
    assert client.post("/v1/classify", json={"text": ["", " "]}).json()["results"] == [{"error": "empty"}] * 2
    assert engine.asked == []


def test_options(client):
    given = {"text": ["good", "bad"], "model": "stars", "top_k": 2, "threshold": 0.95, "explain": True}
    results = client.post("/v1/classify", json=given).json()["results"]
    assert [len(each["scores"]) for each in results] == [2, 2]
    assert [each["uncertain"] for each in results] == [True, True]
    assert results[0]["words"] == [{"text": "good", "start": 0, "end": 4, "weight": 1.5, "read": True}]


def test_model_without_threshold_is_never_called_unsure(client):
    [result] = client.post("/v1/classify", json={"text": "bad", "model": "tweets"}).json()["results"]
    assert result["uncertain"] is None


def test_long_texts(client):
    long = "word " * MAX_TOKENS
    [cut] = client.post("/v1/classify", json={"text": long}).json()["results"]
    assert (cut["truncated"], cut["tokens"]) == (True, MAX_TOKENS + 2)
    refused = client.post("/v1/classify", json={"text": long, "long_text": "error"})
    assert (refused.status_code, refused.json()["error_type"]) == (422, "too_long")
    not_in_pieces = client.post("/v1/classify", json={"text": "good", "long_text": "chunk"})
    assert not_in_pieces.status_code == 422
    in_pieces = client.post("/v1/classify", json={"text": "good", "long_text": "chunk", "model": "tweets"})
    assert in_pieces.status_code == 200


def test_explain(client):
    answer = client.post("/v1/explain", json={"text": "good film", "target": "negative"})
    expected = {
        "model", "label", "score", "target", "words", "method", "evals", "completeness", "comprehensiveness",
        "sufficiency",
    }  # fmt: skip
    assert set(answer.json()) == expected
    assert answer.json()["target"] == "negative"
    assert client.post("/v1/explain", json={"text": "good", "target": "neutral"}).status_code == 422
    assert client.post("/v1/explain", json={"text": " "}).json()["error_type"] == "empty"
    many = client.post("/v1/classify", json={"text": ["good"] * 17, "explain": True})
    assert (many.status_code, many.json()["detail"][0]["loc"]) == (422, ["explain"])


def test_compare(client):
    given = {"text": ["good", ""], "models": ["reviews", "tweets"]}
    alike, blank = client.post("/v1/compare", json=given).json()["results"]
    assert blank == {"error": "empty"}
    assert (alike["agree"], alike["delta"]) == (True, 0.0)
    assert set(alike["models"]["tweets"]) == {"label", "score", "scores", "uncertain"}
    [apart] = client.post("/v1/compare", json={**given, "text": "good", "models": ["reviews", "stars"]}).json()[
        "results"
    ]
    assert (apart["agree"], apart["delta"]) == (False, None)


@pytest.mark.parametrize("models", [["reviews"], ["reviews"] * 2, ["reviews", "tweets", "stars", "a", "b"], "reviews"])
def test_compare_needs_two_to_four_different_models(client, models):
    assert client.post("/v1/compare", json={"text": "good", "models": models}).status_code == 422


def test_models(client):
    answer = client.get("/v1/models").json()
    assert [each["name"] for each in answer["models"]] == ["reviews", "tweets", "stars"]
    assert answer["default"] == "reviews"
    assert client.get("/v1/models/tweets").json() == answer["models"][1]


def test_report_and_card(make_client, tmp_path):
    run = tmp_path / "run"
    (run / "model").mkdir(parents=True)
    (run / "model" / "README.md").write_text("# Card")
    client = make_client(runs={"reviews": run})
    assert client.get("/v1/models/reviews/card").text == "# Card"
    assert client.get("/v1/models/reviews/report").status_code == 404
    (run / "report.html").write_text("<p>report</p>")
    report = client.get("/v1/models/reviews/report")
    assert report.text == "<p>report</p>"
    assert report.headers["content-security-policy"].startswith("sandbox;")
    assert client.get("/v1/models/tweets/report").status_code == 404


@pytest.mark.parametrize("path", ["/", "/models/reviews"])
def test_hub_shape_is_nested_even_for_one_text(client, path):
    [scores] = client.post(path, json={"inputs": "good"}).json()
    assert [each["label"] for each in scores] == ["positive", "negative"]
    both = client.post(path, json={"inputs": ["good", {"text": "bad"}], "options": {"wait_for_model": True}}).json()
    assert [each[0]["label"] for each in both] == ["positive", "negative"]


def test_hub_parameters(client):
    def scores(**parameters):
        return client.post("/", json={"inputs": "good", "parameters": parameters}).json()[0]

    assert len(scores(top_k=1)) == 1
    logits = [each["score"] for each in scores(function_to_apply="none")]
    assert sum(logits) == pytest.approx(0)
    shares = [math.exp(each) for each in logits]
    assert shares[0] / sum(shares) == pytest.approx(0.9)
    sigmoid = scores(function_to_apply="sigmoid")[0]["score"]
    assert sigmoid == pytest.approx(1 / (1 + math.exp(-logits[0])))
    assert scores(function_to_apply="softmax", max_length=512, truncation=True)[0]["score"] == 0.9


def test_hub_pairs_are_refused(client):
    assert client.post("/", json={"inputs": {"text": "a", "text_pair": "b"}}).status_code == 422


def test_tei_shape(client):
    flat = client.post("/predict", json={"inputs": "good"}).json()
    assert flat[0] == {"label": "positive", "score": 0.9}
    nested = client.post("/predict", json={"inputs": [["good"], ["bad"]]}).json()
    assert [each[0]["label"] for each in nested] == ["positive", "negative"]
    assert client.post("/predict", json={"inputs": ["good", "bad"]}).json() == nested
    assert client.post("/predict", json={"inputs": [["good", "bad"]]}).status_code == 422
    raw = client.post("/predict", json={"inputs": "good", "raw_scores": True}).json()
    assert raw[0]["score"] > 1


def test_tei_refuses_what_is_too_long_unless_told_to_cut(client):
    long = "word " * MAX_TOKENS
    assert client.post("/predict", json={"inputs": long}).json()["error_type"] == "too_long"
    cut = client.post("/predict", json={"inputs": long, "truncate": True})
    assert (cut.status_code, cut.headers["x-truncated"]) == (200, "1")


def test_health_and_readiness(client, engine):
    assert client.get("/health/live").json() == {"status": "alive"}
    assert client.get("/health/ready").status_code == client.get("/health").status_code == 200
    engine.ready = False
    waiting = client.get("/health/ready")
    assert (waiting.status_code, waiting.headers["retry-after"]) == (503, "1")
    assert client.get("/health/live").status_code == 200


def test_loading_server_says_so(client, engine):
    engine.models = {}
    answer = client.post("/v1/classify", json={"text": "good"})
    assert (answer.status_code, answer.json()["error_type"]) == (503, "unavailable")
    assert client.get("/info").json()["default"] is None


def test_metrics(make_client):
    client = make_client(is_new=True)
    client.post("/v1/classify", json={"text": ["good", "word " * MAX_TOKENS]})
    client.get("/v1/models/nobody")
    client.get("/private/path")
    text = client.get("/metrics").text
    assert 'afina_requests_total{method="POST",route="/v1/classify",status="200"} 1.0' in text
    assert 'afina_requests_total{method="GET",route="/v1/models/{name}",status="404"} 1.0' in text
    assert 'afina_truncated_texts_total{model="reviews"} 1.0' in text
    assert "afina_engine_dropped_total 3.0" in text
    assert "private" not in text


def test_info(client):
    info = client.get("/info").json()
    assert info["scopes"] == ["read", "jobs", "admin"]
    assert info["features"] == []
    assert info["max_client_batch_size"] == info["limits"]["texts"] == 128


def test_page_is_kept_by_its_tag_and_sent_compressed(client):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-encoding"] == "gzip"
    assert page.headers["cache-control"] == "no-cache"
    again = client.get("/", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get("/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == page.text
    assert client.get("/static/app.js").headers["content-type"].startswith("text/javascript")
    assert client.head("/").status_code == 200


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "nothing.js", "%00", "/etc/passwd"])
def test_no_other_file_is_served(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_docs_may_be_left_out(make_client):
    assert make_client().get("/docs").status_code == make_client().get("/openapi.json").status_code == 200
    without = make_client(docs=False)
    assert without.get("/docs").status_code == without.get("/openapi.json").status_code == 404
    assert without.get("/static/docs/index.html").status_code == 404
