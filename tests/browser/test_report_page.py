from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.tabs import NARROW, WIDE, opened, violations
from tests.full_run import write_full_run

from afina.recipes.run_report import write_report
from afina.run_folder import RunFolder


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_full_run(tmp_path_factory.mktemp("matrix") / "runs" / "books-minilm")
    return write_report(RunFolder(root))


@pytest.fixture
def bare_report(tmp_path: Path) -> Path:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "run.json").write_text('{"labels": ["a", "b"]}', encoding="utf-8")
    return write_report(RunFolder(tmp_path / "bare"))


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (NARROW, "dark"),
        (WIDE, "light"),
        pytest.param(NARROW, "light", marks=pytest.mark.slow),
        pytest.param(WIDE, "dark", marks=pytest.mark.slow),
    ],
)
def test_everyone_can_read_the_report(browser, report, width, scheme):
    tab = opened(browser, report, width=width, scheme=scheme)
    assert violations(tab) == []
    tab.close()


def test_everyone_can_read_a_report_of_almost_nothing(browser, bare_report):
    tab = opened(browser, bare_report)
    assert violations(tab) == []
    tab.close()


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_nothing_stands_out_of_the_page(browser, report, width):
    tab = opened(browser, report, width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()


def test_the_report_asks_for_no_other_file_and_complains_of_nothing(browser, report):
    tab = browser.new_page()
    asked, complaints = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.goto(report.as_uri(), wait_until="networkidle")
    tab.close()
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    assert complaints == []


def test_on_paper_all_is_open_dark_on_light_and_within_the_sheet(browser, report):
    tab = opened(browser, report, width=690, scheme="dark")
    tab.emulate_media(media="print")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 690
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.get_by_text("Drops, distances and calibration").is_visible()
    assert tab.get_by_text("Away from the training texts").first.is_visible()
    tab.close()


def test_figures_have_a_name_that_is_heard(browser, report):
    tab = opened(browser, report)
    images = tab.get_by_role("img")
    assert images.count() == 18
    assert tab.get_by_role("img", name="Confusion matrix").count() == 1
    tab.close()
