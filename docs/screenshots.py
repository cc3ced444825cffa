"""Screenshots of the page, for the docs: both languages, both themes, phone and desktop.

    python docs/screenshots.py URL

URL is that of a running server (`afina serve RUN RUN`, then http://127.0.0.1:8000/). Writes docs/images/page-*.png.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
TEXT = "The food was wonderful, but we waited two hours and nobody said sorry."
LINES = [
    "The room was spotless and the view a dream.", "Cold coffee, loud corridor, and nobody at the desk.",
    "It was fine, I suppose.", "Not bad at all, we will be back.", "The lift was broken for all four days.",
    "Breakfast alone is worth the trip!", "Who designed this shower?", "Kind people, tiny beds.",
    "I have stayed in worse places, but not many.", "Perfect from the first minute to the last.",
]  # fmt: skip


def write(page: Any) -> None:
    """An answer with its words."""
    page.locator("#text").fill(TEXT)
    page.locator(".words[aria-busy=false] .word").first.wait_for()
    page.locator("#text").blur()


def what_if(page: Any) -> None:
    """A word left out."""
    write(page)
    page.locator(".word", has_text="but").first.click()
    page.locator(".what-if").wait_for()


def job(page: Any) -> None:
    """A file that is done."""
    page.locator("a[href='#/file']").click()
    page.locator("#lines").fill("\n".join(LINES))
    page.locator(".card .row.end button").click()
    page.locator(".choices .primary").click()
    page.locator(".least").wait_for(timeout=60_000)
    page.evaluate("document.activeElement.blur()")


def card(page: Any) -> None:
    """The model's card."""
    write(page)
    page.locator(".picker button").click()
    page.locator("dialog[open] .metrics").wait_for()


VIEWS = {"write": write, "what-if": what_if, "file": job, "card": card}
SHOTS = [("write", language, theme, size) for language in ("en", "es") for theme in ("light", "dark") for size in SIZES]
SHOTS += [("what-if", "en", "light", "desktop"), ("file", "en", "light", "desktop"), ("card", "en", "dark", "desktop")]


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    url = parser.parse_args().url
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit("there is no Chromium here: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for view, language, theme, size in SHOTS:
            width, height = SIZES[size]
            page = browser.new_page(
                viewport={"width": width, "height": height}, locale=language, color_scheme=theme,
                reduced_motion="reduce",
            )  # fmt: skip
            page.goto(url)
            VIEWS[view](page)
            page.wait_for_timeout(300)
            page.screenshot(path=IMAGES / f"page-{view}-{language}-{theme}-{size}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
