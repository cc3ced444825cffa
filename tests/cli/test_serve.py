"""`afina serve`: what it refuses at once, and a trained run behind a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import httpx
import pytest

from afina.cli.serve import _named, _settings
from afina.errors import ConfigError
from afina.serving.server import bind
from afina.serving.settings import ServingSettings


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_port_that_is_taken(afina_command, folder):
    with bind(ServingSettings(port=0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = afina_command("serve", folder, "--port", port)
    assert (code, out) == (2, "")
    assert err.splitlines() == [f"error: Port {port} of 127.0.0.1 is taken", "hint: --port 0 takes a free one"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--host", "0.0.0.0"), "Others can reach 0.0.0.0, and no token is set"),
        (("--token", "short"), "A token needs 16 characters at least, got 5"),
        (("--anonymous", "everything"), "anonymous"),
        (("--set", "max_texts"), "--set max_texts has no value"),
        (("--set", "max_texts=none"), "max_texts"),
        (("--set", "max_text=1"), "max_text"),
        (("--set", "port=1"), "port has an option of its own: --port"),
    ],
)
def test_options_that_make_no_sense(afina_command, folder, arguments, message):
    code, _, err = afina_command("serve", folder, "--port", "0", *arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_run_that_is_not_there(afina_command, tmp_path):
    code, _, err = afina_command("serve", tmp_path / "nothing")
    assert code == 2
    assert "There is no run folder" in err


def test_run_that_is_none(afina_command, folder, tmp_path):
    code, _, err = afina_command("serve", folder, "--port", "0", "--state-dir", tmp_path / "state")
    assert code == 2
    assert "error: " in err
    assert "Traceback" not in err


def test_token_of_the_environment(monkeypatch, afina_command, folder):
    monkeypatch.setenv("AFINA_TOKEN", "short")
    code, _, err = afina_command("serve", folder, "--port", "0")
    assert code == 2
    assert "A token needs 16 characters" in err


def test_names_of_runs(tmp_path):
    runs = [tmp_path / place / "reviews" for place in ("a", "b", "c")]
    for run in runs:
        run.mkdir(parents=True)
    assert list(_named(runs)) == ["reviews", "reviews-2", "reviews-3"]
    with pytest.raises(ConfigError, match="given twice"):
        _named([runs[0], runs[0]])


def test_other_limits():
    settings = _settings(["max_texts=32", "frame_ancestors=https://huggingface.co,https://a.example"], host="127.0.0.1")
    assert (settings.max_texts, len(settings.frame_ancestors)) == (32, 2)


def test_trained_run_is_served(trained_run, tmp_path):
    command = [
        sys.executable, "-m", "afina", "serve", trained_run, "--port", "0", "--state-dir", tmp_path / "state",
        "--threads", "1", "--no-access-log",
    ]  # fmt: skip
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        first = process.stdout.readline()
        assert first.startswith("Serving at http://127.0.0.1:"), process.stderr.read()
        address = first.split()[2].rstrip(",")
        name = trained_run.name
        with httpx.Client(base_url=address, timeout=60) as client:
            answer = client.post("/v1/classify", json={"text": ["a wonderful film", "", "awful"], "explain": True})
            assert answer.status_code == 200
            one, blank, other = answer.json()["results"]
            assert blank == {"error": "empty"}
            assert {one["label"], other["label"]} <= {"negative", "positive"}
            assert [word["text"] for word in one["words"]] == ["a", "wonderful", "film"]
            assert client.get("/v1/models").json()["default"] == name
            assert (
                client.post(f"/models/{name}", json={"inputs": "awful"}).json()[0][0]["label"]
                in one["label"] + other["label"]
            )
            assert client.get("/health/ready").status_code == 200
            long = client.post("/predict", json={"inputs": "word " * 2_000})
            assert long.json()["error_type"] == "too_long"
            assert client.get(f"/v1/models/{name}/card").status_code == 200
            assert client.get("/").headers["content-type"].startswith("text/html")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "answers faster once it is exported" in process.stderr.read()
    finally:
        process.kill()
        process.communicate()
