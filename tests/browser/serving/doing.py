"""What people do on the page."""

from __future__ import annotations

from typing import Any

GOOD, BAD = "it was a lovely film", "it was an awful film and the room was dull"


def write(tab: Any, text: str) -> None:
    """Type a text and wait for its answer."""
    tab.locator("#text").fill(text)
    answered(tab)


def answered(tab: Any) -> None:
    tab.locator(".answer[aria-busy=false] .verdict-row").first.wait_for()


def weighed(tab: Any) -> None:
    """Wait until the words of the text are weighed."""
    tab.locator(".words[aria-busy=false] .word").first.wait_for()


def verdict(tab: Any) -> str:
    return tab.locator(".verdict").first.inner_text().lower()
