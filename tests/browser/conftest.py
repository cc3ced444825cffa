"""A real browser, and pages opened in it with the network shut."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium that stands on this machine, or a skip that says how to get one.

    Playwright keeps an event loop running while it is open, in which no other test could run its own.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install 'afina[dev]' brings playwright")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium here: `apt-get install chromium`, or `playwright install chromium`")
    with sync_api.sync_playwright() as playwright:
        # In a container Chromium has no sandbox of its own; it opens nothing but files of these tests.
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()
