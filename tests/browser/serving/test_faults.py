"""What goes wrong is told in words, with what to do, and ends when its cause does."""

from __future__ import annotations

import json

import pytest
from tests.browser.serving.conftest import serving
from tests.browser.serving.doing import GOOD, answered, verdict, write

CLASSIFY = "**/v1/classify"


def refuse(tab, status: int, kind: str, **headers: str) -> None:
    """Have the next answers be a refusal, as the server words it."""
    body = json.dumps({"error": "No", "error_type": kind, "request_id": "abc123"})
    tab.route(CLASSIFY, lambda route: route.fulfill(status=status, body=body, headers=headers))


def test_a_busy_server_is_asked_again_by_itself(tab):
    refuse(tab, 429, "overloaded", **{"Retry-After": "2"})
    tab.locator("#text").fill(GOOD)
    tab.locator(".failure").get_by_text("Asking again in 2 seconds.").wait_for()
    tab.unroute(CLASSIFY)
    tab.locator(".failure").get_by_text("Asking again in 1 second.").wait_for()
    answered(tab)
    assert verdict(tab) == "positive"


def test_a_fault_is_told_with_its_number(tab):
    refuse(tab, 500, "internal")
    tab.locator("#text").fill(GOOD)
    tab.locator(".failure").get_by_text("Something went wrong on the server").wait_for()
    assert tab.get_by_text("abc123").is_visible()
    tab.unroute(CLASSIFY)
    tab.get_by_role("button", name="Try again").click()
    answered(tab)


REFUSALS = {
    (413, "text_too_long"): "Shorten the text",
    (504, "deadline"): "with a shorter text",
    (503, "unavailable"): "Asking again",
    (422, "empty"): "Write a word or two",
    (404, "model_not_found"): "choose another model",
}


def test_every_refusal_says_what_to_do(tab):
    for (status, kind), words in REFUSALS.items():
        refuse(tab, status, kind)
        tab.locator("#text").fill(f"{GOOD} {status}")
        tab.locator(".failure").get_by_text(words).wait_for()
        tab.unroute(CLASSIFY)


def test_a_text_that_is_too_long_is_refused_by_the_server_itself(tab):
    tab.locator("#text").fill("good " * 60_000)
    tab.locator(".failure").get_by_text("This is too much at once").wait_for()


def test_a_truncated_text_says_so(tab):
    write(tab, "good film " * 200)
    assert "Only the first part was read" in tab.locator(".notice").inner_text()


def test_without_a_network_the_text_waits(tab):
    tab.context.set_offline(True)
    tab.locator("#text").fill(GOOD)
    tab.locator(".banner").wait_for()
    assert "You are offline" in tab.locator(".banner").inner_text()
    tab.context.set_offline(False)
    answered(tab)
    tab.locator(".banner").wait_for(state="detached")


@pytest.mark.slow
def test_a_server_that_stopped_is_found_again(open_tab, runs, tmp_path):
    with serving(str(runs[0]), "--state-dir", str(tmp_path)) as first:
        tab = open_tab(url=first.url)
        write(tab, GOOD)
        first.process.kill()
        first.process.wait()
    tab.locator("#text").fill(f"{GOOD} again")
    tab.get_by_role("status").get_by_text("The server does not answer.").wait_for()
    with serving(str(runs[0]), "--state-dir", str(tmp_path), port=int(first.url.rsplit(":")[-1].strip("/"))):
        answered(tab)
        assert verdict(tab) == "positive"


@pytest.mark.slow
def test_a_server_that_wants_a_token_is_given_one(open_tab, runs, tmp_path):
    arguments = [str(runs[0]), "--state-dir", str(tmp_path), "--token", "right-secret-0123456789"]
    with serving(*arguments) as guarded:
        tab = open_tab(url=guarded.url)
        dialog = tab.get_by_role("dialog", name="This server wants a token")
        dialog.get_by_label("Token").fill("wrong")
        dialog.get_by_role("button", name="Use it").click()
        dialog.get_by_text("not accepted").wait_for()
        dialog.get_by_label("Token").fill("right-secret-0123456789")
        dialog.get_by_role("button", name="Use it").click()
        dialog.wait_for(state="hidden")
        write(tab, GOOD)
        assert tab.evaluate("localStorage.getItem('afina.token')") is None
        tab.get_by_role("button", name="Model card").click()
        with tab.expect_download():
            tab.get_by_role("button", name="Download").click()
