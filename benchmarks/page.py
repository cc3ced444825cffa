"""How long a key press takes to become an answer on the page, in a real browser.

    python benchmarks/page.py RUN [--keys 600]

Serves RUN, opens its page in a headless Chromium and types reviews, a key every 60 to 300 ms, with a longer pause
after some words. Each time is from the key's event to the frame in which the answer to that very text stands on the
page, the page's own wait of 120 ms included; keys that were followed by another before they were answered have none,
as nobody waits for them. Writes benchmarks/results/page.json.
"""

from __future__ import annotations

import argparse
import gzip
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from _machine import describe, write_result
from afina.data import load_dataset

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
STATIC = Path(__file__).parent.parent / "src" / "afina" / "serving" / "static"
KEY_MS, PAUSE_MS = (60, 300), 700
SHARE_OF_PAUSES = 0.25
_READY_S = 60

# Notes when a key came, and when the answer to the text of that moment was drawn.
WATCH = """() => {
  window.answered = [];
  let pressed = null;
  const box = document.getElementById("text");
  box.addEventListener("keydown", () => { pressed = performance.now(); }, true);
  new MutationObserver(() => {
    const card = document.querySelector(".answer[aria-busy=false] .verdict-row");
    if (pressed === null || !card) return;
    const began = pressed;
    pressed = null;
    requestAnimationFrame(() => window.answered.push(performance.now() - began));
  }).observe(document.getElementById("app"), { subtree: true, childList: true, attributes: true, characterData: true });
}"""


@contextmanager
def served(run: Path) -> Iterator[str]:
    """The address of a server of the run."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "afina", "serve", str(run), "--port", str(port), "--state-dir", state]
        process = subprocess.Popen([*command, "--no-access-log"], stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}/"
        try:
            until = time.monotonic() + _READY_S
            while not _ready(url):
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit("the server did not start; try: afina serve " + str(run))
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait()


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}health/ready", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def typed(page: Any, texts: list[str], n_keys: int) -> list[float]:
    """Milliseconds from key to answer, for the keys that were waited for."""
    chance = random.Random(0)
    box = page.locator("#text")
    box.focus()
    page.evaluate(WATCH)
    keys = 0
    for text in texts:
        box.fill("")
        for word in text.split():
            for key in f"{word} ":
                page.keyboard.press("Space" if key == " " else key) if key.isascii() else page.keyboard.insert_text(key)
                page.wait_for_timeout(chance.uniform(*KEY_MS))
            keys += len(word) + 1
            if chance.random() < SHARE_OF_PAUSES:
                page.wait_for_timeout(PAUSE_MS)
            if keys >= n_keys:
                return page.evaluate("window.answered")
    return page.evaluate("window.answered")


def page_bytes() -> int:
    """Bytes of all that the page is made of, compressed as it is sent."""
    files = [path for path in STATIC.rglob("*") if path.is_file() and "docs" not in path.parts]
    shown = [path for path in files if not path.name.endswith("LICENSE")]
    packed = [path.read_bytes() if path.suffix == ".woff2" else gzip.compress(path.read_bytes()) for path in shown]
    return sum(map(len, packed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--keys", type=int, default=600)
    arguments = parser.parse_args()
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit("there is no Chromium here: apt-get install chromium")
    texts = [" ".join(text.split()[:25]) for text in load_dataset("sample")[0].texts[:40]]
    with served(arguments.run) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.locator("#text").wait_for()
        times = np.array(typed(page, texts, arguments.keys))
        browser.close()
    p50, p95 = np.percentile(times, [50, 95])
    result = {
        "machine": describe(),
        "answers": len(times),
        "key_to_answer_ms": {
            "p50": round(float(p50), 1),
            "p95": round(float(p95), 1),
            "max": round(float(times.max()), 1),
        },
        "page_kb_compressed": round(page_bytes() / 1000, 1),
    }
    print(f"{len(times)} answers; key to answer p50 {p50:.0f} ms, p95 {p95:.0f} ms; page {page_bytes() / 1000:.1f} kB")
    write_result("page", result)


if __name__ == "__main__":
    main()
