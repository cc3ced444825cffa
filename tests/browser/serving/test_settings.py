"""Language, theme, models, and the model's card."""

from __future__ import annotations

from tests.browser.serving.doing import BAD, GOOD, answered, verdict, write


def test_the_browsers_language_is_spoken_until_another_is_chosen(open_tab):
    tab = open_tab(locale="es-MX")
    assert tab.evaluate("document.documentElement.lang") == "es"
    write(tab, GOOD)
    assert verdict(tab) == "positivo"
    tab.get_by_role("button", name="English").click()
    tab.get_by_role("heading", name="How does it sound?").wait_for()
    assert verdict(tab) == "positive"
    tab.reload()
    tab.get_by_role("heading", name="How does it sound?").wait_for()
    assert tab.evaluate("document.documentElement.lang") == "en"


def test_both_languages_say_the_same_things(tab):
    keys = tab.evaluate("""Promise.all(['en', 'es'].map((tag) => import(`./static/strings/${tag}.js`)))
        .then((both) => both.map((one) => Object.entries(one.default).filter(([key]) => key !== 'labels')
        .map(([key, said]) => key + [...JSON.stringify(said).matchAll(/\\{\\w+\\}/g)].map(String).sort()).sort()))""")
    assert keys[0] == keys[1]


def test_the_theme_follows_the_system_until_it_is_chosen(open_tab):
    tab = open_tab(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.evaluate(ground)
    tab.get_by_role("button", name="Light theme").click()
    light = tab.evaluate(ground)
    assert light != dark
    tab.reload()
    tab.locator("h1").wait_for()
    assert tab.evaluate(ground) == light


def test_two_models_are_compared_and_where_they_differ_is_told(tab):
    tab.get_by_label("Compare with").select_option("poor")
    said = set()
    for text in (GOOD, BAD):
        write(tab, text)
        tab.locator(".answer-cards .answer").nth(1).wait_for()
        labels = {one.lower() for one in tab.locator(".verdict").all_inner_texts()}
        told = tab.locator(".agreement").inner_text()
        assert told.startswith("They differ" if len(labels) == 2 else "Both say")
        said.add(told[:4])
    assert said == {"They", "Both"}  # one that learned nothing says the same of both


def test_another_model_answers_anew(tab):
    write(tab, GOOD)
    tab.get_by_label("Model", exact=True).select_option("poor")
    tab.get_by_role("button", name="Model card poor").wait_for()
    answered(tab)


def test_the_card_tells_how_good_the_model_is_and_shows_its_report(tab):
    opener = tab.get_by_role("button", name="Model card good")
    opener.click()
    card = tab.get_by_role("dialog", name="Model card")
    assert card.get_by_role("row", name="Accuracy").is_visible()
    frame = card.locator("iframe")
    frame.wait_for()
    assert frame.get_attribute("sandbox") == ""
    assert frame.content_frame.get_by_role("heading", name="The report").is_visible()
    tab.keyboard.press("Escape")
    card.wait_for(state="hidden")
    assert opener.evaluate("(button) => button === document.activeElement")
