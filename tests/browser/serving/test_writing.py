"""Typing gives an answer, its words, and what would be without them."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from tests.browser.serving.doing import BAD, GOOD, answered, verdict, weighed, write


def test_typing_gives_an_answer_of_which_all_parts_are_told(tab):
    write(tab, GOOD)
    assert verdict(tab) == "positive"
    meter = tab.get_by_role("meter", name="How sure")
    assert re.fullmatch(r"negative [\d.<> ]+%, positive [\d.<> ]+%", meter.get_attribute("aria-valuetext"))
    assert 50 <= int(meter.get_attribute("aria-valuenow")) <= 100
    assert "tokens" in tab.locator(".meta").inner_text()
    tab.locator("#said", has_text="positive").wait_for(state="attached")


def test_only_what_was_typed_last_is_answered(tab):
    for text in (BAD, "it", "it was", GOOD):
        tab.locator("#text").fill(text)
    answered(tab)
    tab.wait_for_timeout(400)
    assert verdict(tab) == "positive"


def test_each_pause_is_one_question_and_spaces_are_none(tab):
    asked = []
    tab.on("request", lambda request: asked.append(request.url) if request.url.endswith("classify") else None)
    tab.locator("#text").press_sequentially("a good film", delay=5)
    answered(tab)
    assert len(asked) <= 3
    asked.clear()
    tab.locator("#text").fill("   ")
    tab.get_by_text("Listening").wait_for()
    tab.wait_for_timeout(200)
    assert asked == []


def test_words_show_which_label_they_speak_for(tab):
    write(tab, f"😀 {GOOD} \u202b<b>not</b> 'bold'")
    weighed(tab)
    assert tab.locator(".marked").inner_text().replace("\n", "").startswith("😀 the lovely film")
    lovely = tab.get_by_role("button", name=re.compile("^lovely: for "))
    spoken, shown = lovely.get_attribute("aria-label"), lovely.get_attribute("class")
    assert ("side-1" in shown) == ("for positive" in spoken)
    assert tab.locator(".word.side-0[data-sign='+'], .word.side-1[data-sign='−']").count() == 0
    assert tab.locator(".word[data-sign]").count() > 0
    tab.get_by_role("button", name="Table").click()
    row = tab.get_by_role("row", name=re.compile("lovely"))
    assert re.search(r"speaks for (positive|negative)\s+\d+\.\d\d", row.inner_text())


def test_a_word_left_out_tells_what_would_be(tab):
    write(tab, GOOD)
    weighed(tab)
    word = tab.get_by_role("button", name=re.compile("^lovely:"))
    word.click()
    tab.get_by_text("What if", exact=True).wait_for()
    assert word.get_attribute("aria-pressed") == "true"
    assert tab.get_by_text(re.compile("With all words: positive")).is_visible()
    tab.get_by_role("button", name="Put 1 word back").click()
    tab.get_by_text("What if", exact=True).wait_for(state="detached")
    assert tab.locator("#text").input_value() == GOOD


def test_examples_are_typed_and_history_brings_texts_back(tab):
    tab.get_by_role("button", name="Emoji").click()
    answered(tab)
    assert "🔥" in tab.locator("#text").input_value()
    past = tab.locator(".past-text")
    past.wait_for()
    tab.get_by_role("button", name="Clear", exact=True).click()
    past.click()
    answered(tab)
    assert "🔥" in tab.locator("#text").input_value()
    tab.reload()
    past.wait_for()
    tab.get_by_role("button", name="Clear all").click()
    assert tab.evaluate("JSON.parse(localStorage.getItem('afina.history'))") == []


@pytest.mark.slow
def test_nothing_is_remembered_by_those_who_do_not_want_it(tab):
    tab.get_by_label("Remember").uncheck()
    write(tab, GOOD)
    tab.wait_for_timeout(2_700)
    assert "lovely" not in json.dumps(tab.evaluate("({...localStorage})"))


def test_a_link_carries_the_text_where_no_server_sees_it(tab, open_tab, server):
    write(tab, GOOD)
    link = tab.evaluate("import('./static/route.js').then((route) => route.sharedLink())")
    assert link.startswith(f"{server.url}#/?")
    other = open_tab(link.removeprefix(server.url))
    answered(other)
    assert other.locator("#text").input_value() == GOOD
    assert "lovely" not in other.url


def test_the_code_that_is_copied_asks_the_same(tab):
    write(tab, 'it\'s a "lovely" $film')
    tab.get_by_role("button", name="Code").click()
    curl = tab.get_by_role("region", name="curl").inner_text()
    done = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(done.stdout)["results"][0]["label"] == verdict(tab)
    compile(tab.get_by_role("region", name="Python").inner_text(), "snippet", "exec")
