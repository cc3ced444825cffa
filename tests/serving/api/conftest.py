"""The application with an engine that computes nothing: in this process, or in one of its own."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.serving.api.fake_engine import FakeEngine

from afina.serving.app import create_app
from afina.serving.auth import read_token
from afina.serving.settings import ServingSettings

ROOT = Path(__file__).parents[3]
ADMIN, JOBS, READ = "admin-secret-0123456789", "jobs-secret-0123456789", "read-secret-0123456789"


class Client:
    """Asks an application in this process, from a loop of its own."""

    def __init__(self, app, **headers):
        import asyncio

        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)

    def __getattr__(self, method):
        def ask(path, **arguments):
            return self._runner.run(self._client.request(method.upper(), path, **arguments))

        return ask

    def raw(self, content: bytes, path: str = "/v1/classify", **headers):
        return self.post(path, content=content, headers={"content-type": "application/json", **headers})

    def close(self):
        self._runner.close()


@pytest.fixture(scope="package")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    (folder / "docs").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>afina</title>" + "<p>text</p>" * 50)
    (folder / "docs" / "index.html").write_text("<!doctype html><title>API</title>")
    (folder / "app.js").write_text("export const one = 1;\n" * 50)
    return folder


@pytest.fixture(scope="package")
def make_app(page_folder: Path):
    """Applications by their settings, each made once; all with the same engine."""
    engine = FakeEngine()

    @functools.cache
    def make(settings: ServingSettings):
        return create_app(settings, engine, static=page_folder)

    make.engine = engine
    return make


@pytest.fixture
def engine(make_app) -> FakeEngine:
    """The engine of the applications, as new."""
    make_app.engine.__init__()
    return make_app.engine


@pytest.fixture
def make_client(engine: FakeEngine, make_app, page_folder: Path) -> Iterator:
    with contextlib.ExitStack() as stack:

        def make(*, runs=None, is_new: bool = False, **changed) -> Client:
            settings = ServingSettings(**changed)
            app = create_app(settings, engine, runs=runs, static=page_folder) if runs or is_new else make_app(settings)
            client = Client(app)
            stack.callback(client.close)
            return client

        yield make


@pytest.fixture
def client(make_client) -> Client:
    return make_client()


@pytest.fixture
def guarded(make_client) -> Client:
    """A server that asks for tokens."""
    return make_client(tokens=tuple(read_token(each) for each in (ADMIN, f"jobs:{JOBS}", f"read:{READ}")))


@contextlib.contextmanager
def serving(**settings) -> Iterator[tuple[subprocess.Popen, str]]:
    """A process that serves, and its address."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.serving.api.served", json.dumps({"port": 0, **settings})],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
    )  # fmt: skip
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://"), process.stderr.read()
        yield process, address
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="package")
def server() -> Iterator[str]:
    """The address of a server with short times and few connections."""
    with serving(body_timeout_s=0.5, idle_timeout_s=1.0, max_connections=8) as (_, address):
        yield address
