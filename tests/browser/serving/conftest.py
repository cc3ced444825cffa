"""A real server with two tiny models, and tabs that tolerate no other host, no CSP violation and no script error."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

READY_S = 60
WAIT_MS = 20_000


@dataclass
class Server:
    """`afina serve`, in a process of its own."""

    process: subprocess.Popen[bytes]
    url: str


@contextmanager
def serving(*arguments: str, port: int | None = None) -> Iterator[Server]:
    """Serve until the block ends."""
    port = port or free_port()
    command = [sys.executable, "-m", "afina", "serve", *arguments, "--port", str(port), "--no-access-log"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    server = Server(process, f"http://127.0.0.1:{port}/")
    try:
        _wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _wait_until_ready(server: Server) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        if server.process.poll() is not None:
            pytest.fail(f"the server ended: {server.process.stdout.read().decode()}")
        try:
            with urllib.request.urlopen(f"{server.url}health/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail("the server was not ready in time")


@pytest.fixture(scope="session")
def runs(trained_run: Path, poor_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run that has learned its reviews, exported, with a report; and one that has learned next to nothing."""
    from afina.recipes import export_run

    folder = tmp_path_factory.mktemp("served")
    good, poor = (shutil.copytree(run, folder / name) for run, name in ((trained_run, "good"), (poor_run, "poor")))
    for run in (good, poor):
        export_run(run)
    (good / "report.html").write_text("<!doctype html><title>Report</title><h1>The report</h1>", encoding="utf-8")
    return good, poor


@pytest.fixture(scope="session")
def server(runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    state = tmp_path_factory.mktemp("state")
    with serving(*map(str, runs), "--state-dir", str(state)) as started:
        yield started


@dataclass
class Visit:
    """A tab, and what it did beside showing the page."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def open_tab(browser: Any, server: Server) -> Iterator[Callable[..., Any]]:
    """Open the page; afterwards, check that the tab asked this server alone and that nothing was complained of."""
    visits: list[Visit] = []

    def open_one(place: str = "", *, url: str = server.url, locale: str = "en-GB", width: int = 1280, **options: Any):
        context = browser.new_context(locale=locale, viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        visit = Visit(page)
        page.on("request", lambda request: visit.asked.append(request.url))
        page.on("console", lambda message: visit.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visits.append(visit)
        page.goto(url + place)
        page.locator("h1").wait_for()
        return page

    yield open_one
    for visit in visits:
        visit.page.context.close()
        elsewhere = [url for url in visit.asked if not url.startswith((server.url, "http://127.0.0.1:", "blob:"))]
        assert elsewhere == []
        # The network panel's own note of an answer that a test asked for is none of the page's.
        assert [one for one in visit.complaints if "Failed to load resource" not in one] == []


@pytest.fixture
def tab(open_tab: Callable[..., Any]) -> Any:
    """The page as it opens, in English."""
    return open_tab()
