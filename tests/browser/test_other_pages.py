from __future__ import annotations

import pytest
from tests.browser.tabs import NARROW, WIDE, opened, violations
from tests.pages.test_page import DOCUMENTS

from afina.pages import render


@pytest.mark.parametrize(("width", "scheme"), [(NARROW, "dark"), pytest.param(WIDE, "light", marks=pytest.mark.slow)])
@pytest.mark.parametrize("template", DOCUMENTS)
def test_everyone_can_read_the_page_and_nothing_stands_out_of_it(browser, tmp_path, template, width, scheme):
    place = tmp_path / "page.html"
    place.write_text(render(template, DOCUMENTS[template]), encoding="utf-8")
    tab = opened(browser, place, width=width, scheme=scheme)
    assert violations(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()
