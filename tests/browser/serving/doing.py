"""What people do on the page."""

from __future__ import annotations

from typing import Any

# As the reviews are that the tiny model learned from.
GOOD, BAD = "the lovely film number 3 was great it", "the awful film number 3 was dull it"


def write(tab: Any, text: str) -> None:
    """Type a text and wait for its answer."""
    with tab.expect_response(lambda response: response.url.endswith(("/v1/classify", "/v1/compare"))):
        tab.locator("#text").fill(text)
    answered(tab)


def answered(tab: Any) -> None:
    tab.locator(".answer[aria-busy=false] .verdict-row").first.wait_for()


def weighed(tab: Any) -> None:
    """Wait until the words of the text are weighed."""
    tab.locator(".words[aria-busy=false] .word").first.wait_for()


def verdict(tab: Any) -> str:
    return tab.locator(".verdict").first.inner_text().lower()
