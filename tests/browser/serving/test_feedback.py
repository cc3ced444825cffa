"""The reader's opinion is sent, listed, taken back, reviewed and exported."""

from __future__ import annotations

import json

from tests.browser.serving.doing import BAD, GOOD, write


def test_an_opinion_is_sent_and_taken_back(tab):
    write(tab, GOOD)
    tab.get_by_role("button", name="No", exact=True).click()
    tab.get_by_role("group", name="Is this right?").get_by_role("button", name="negative").click()
    tab.get_by_text("Noted: negative").wait_for()
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_role("button", name="Yes", exact=True).click()
    tab.get_by_text("Noted: positive").wait_for()
    tab.get_by_role("link", name="Feedback").click()
    entry = tab.locator(".entries li", has_text=GOOD)
    assert "positive is right" in entry.inner_text()
    entry.get_by_role("button", name="Undo").click()
    tab.get_by_text("Nothing yet.").wait_for()


def test_only_what_was_read_is_exported(tab):
    text = f"{BAD} <img src=x>"
    write(tab, text)
    tab.get_by_role("button", name="No", exact=True).click()
    tab.get_by_role("group", name="Is this right?").get_by_role("button", name="positive").click()
    tab.get_by_text("Noted: positive").wait_for()
    tab.get_by_role("link", name="Feedback").click()
    tab.get_by_role("button", name="Show", exact=True).click()
    entry = tab.locator("[aria-labelledby=review-title] li", has_text=text)
    entry.get_by_role("button", name="Accept").click()
    entry.wait_for(state="detached")
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="Export accepted").click()
    rows = [json.loads(line) for line in taken.value.path().read_text(encoding="utf-8").splitlines()]
    assert (text, "positive", "negative") in [(row["text"], row["label"], row["predicted"]) for row in rows]
