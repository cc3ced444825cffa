"""All can use the page: by keyboard, with a screen reader, on a phone, in the dark, on a slow line."""

from __future__ import annotations

import urllib.request

import pytest
from tests.browser.serving.doing import GOOD, weighed, write
from tests.browser.tabs import NARROW, WIDE, violations

MOST_BYTES = 100_000
MOST_STOPS = 60
LOOKS = [(locale, scheme, width) for locale in ("en", "es") for scheme in ("light", "dark") for width in (NARROW, WIDE)]


def empty(tab):
    tab.locator(".verdict.rest").wait_for()


def answer(tab):
    write(tab, GOOD)
    weighed(tab)
    tab.locator(".word").first.click()
    tab.locator(".what-if").wait_for()
    tab.locator("details").evaluate("(one) => (one.open = true)")


def table(tab):
    write(tab, GOOD)
    weighed(tab)
    tab.locator(".words .segmented button").nth(1).click()


def comparison(tab):
    tab.locator(".sheet-foot select").select_option("poor")
    write(tab, GOOD)
    tab.locator(".agreement").wait_for()


def feedback(tab):
    write(tab, GOOD)
    tab.locator(".opinion button").nth(1).click()
    tab.locator("a[href='#/feedback']").click()
    tab.locator("#own-title").wait_for()


def job(tab):
    tab.locator("a[href='#/file']").click()
    tab.locator("#lines").fill("a good film\na bad room\nfine")
    tab.locator(".card .row.end button").click()
    tab.locator(".choices .primary").wait_for()
    assert violations(tab) == []
    tab.locator(".choices .primary").click()
    tab.locator(".least").wait_for(timeout=30_000)


def drawer(tab):
    tab.locator(".picker button").click()
    tab.locator("dialog[open] .metrics").wait_for()


def code(tab):
    write(tab, GOOD)
    tab.locator("button[aria-haspopup=dialog]").last.click()
    tab.locator("dialog[open] pre").first.wait_for()


def error(tab):
    tab.locator("#text").fill("good " * 60_000)
    tab.locator(".failure").wait_for()
    tab.locator("#text").evaluate("(box) => (box.scrollTop = 0)")


STATES = [empty, answer, table, comparison, feedback, job, drawer, code, error]


def check(open_tab, states, locale, scheme, width):
    for state in states:
        tab = open_tab(locale=locale, color_scheme=scheme, width=width, reduced_motion="reduce")
        state(tab)
        assert violations(tab) == [], state.__name__
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, state.__name__
        tab.context.close()


@pytest.mark.parametrize(
    ("states", "locale", "scheme", "width"),
    [([answer, error], "es", "dark", NARROW), ([empty, comparison], "en", "light", WIDE)],
)
def test_everyone_can_read_the_page(open_tab, states, locale, scheme, width):
    check(open_tab, states, locale, scheme, width)


@pytest.mark.slow
@pytest.mark.parametrize(("locale", "scheme", "width"), LOOKS)
def test_everyone_can_read_every_state(open_tab, locale, scheme, width):
    check(open_tab, STATES, locale, scheme, width)


def test_the_keyboard_reaches_everything_and_comes_out_again(tab):
    write(tab, GOOD)
    weighed(tab)
    tab.locator(".skip").focus()
    seen = []
    while len(seen) < MOST_STOPS:
        tab.keyboard.press("Tab")
        at = tab.evaluate(
            "document.activeElement.matches('body, .skip') ? null : document.activeElement.textContent.trim()"
        )
        if at is None:
            break
        seen.append(at)
    assert len(seen) < MOST_STOPS, "the focus never came out again"
    for name in ("Write", "Negation", "Yes", "Table", "the", "How far to trust this", "REST API"):
        assert name in seen


def test_words_are_walked_with_arrows_and_left_out_with_enter(tab):
    write(tab, GOOD)
    weighed(tab)
    tab.locator(".word").first.focus()
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("document.activeElement.textContent") == "lovely"
    tab.keyboard.press("Enter")
    tab.locator(".what-if").wait_for()
    tab.keyboard.press("End")
    assert tab.evaluate("document.activeElement.textContent") == "it"
    outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_the_skip_link_goes_past_the_header(tab):
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"


def test_the_page_is_light(open_tab, server):
    tab = open_tab()
    asked = {server.url}
    tab.on("request", lambda request: asked.add(request.url) if "/static/" in request.url else None)
    tab.reload()
    write(tab, GOOD)
    asked |= {f"{server.url}static/{late}" for late in ("strings/es.js", "vendor/papaparse.min.js")}
    assert len(asked) > 20
    assert sum(map(bytes_on_the_wire, asked)) < MOST_BYTES


def bytes_on_the_wire(url: str) -> int:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})) as response:
        return len(response.read())


def test_nothing_moves_for_those_who_want_no_motion(open_tab):
    tab = open_tab(reduced_motion="reduce")
    assert tab.evaluate("getComputedStyle(document.querySelector('.needle')).animationName") == "none"


@pytest.mark.slow
def test_in_forced_colours_the_answer_stays_visible(open_tab):
    tab = open_tab(forced_colors="active")
    write(tab, GOOD)
    weighed(tab)
    assert tab.locator(".needle").bounding_box()["height"] > 20
    colours = tab.evaluate("""(() => { const style = getComputedStyle(document.querySelector('.needle'));
        return [style.backgroundColor, getComputedStyle(document.querySelector('.card')).backgroundColor]; })()""")
    assert colours[0] != colours[1]


@pytest.mark.slow
def test_on_paper_there_are_no_buttons_to_press(tab):
    write(tab, GOOD)
    tab.emulate_media(media="print")
    assert not tab.locator(".settings").is_visible()
    assert tab.locator(".verdict").is_visible()
