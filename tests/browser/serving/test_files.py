"""A file is dropped, looked into, classified and taken home."""

from __future__ import annotations

import csv
import io
import json

import pytest
from tests.conftest import write_reviews


def test_a_file_comes_back_with_answers(open_tab, tmp_path):
    path = write_reviews(tmp_path / "reviews.csv", 40)
    path.write_text(path.read_text() + '"","positive"\n', encoding="utf-8")
    tab = open_tab("#/file")
    tab.locator("input[type=file]").set_input_files(path)
    preview = tab.get_by_role("table")
    preview.wait_for()
    assert preview.get_by_role("row").count() == 21  # the header, and 20 rows
    assert tab.get_by_label("Column with the text").input_value() == "text"
    tab.get_by_role("button", name="Classify with good").click()
    tab.get_by_role("heading", name="Done, with some rows left out").wait_for(timeout=30_000)
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="Download CSV").click()
    assert taken.value.suggested_filename == "reviews-labelled.csv"
    rows = list(csv.DictReader(io.StringIO(taken.value.path().read_text(encoding="utf-8"))))
    assert len(rows) == 41
    assert {row["predicted_label"] for row in rows} == {"positive", "negative", ""}
    with tab.expect_download() as errors:
        tab.get_by_role("button", name="Rows without an answer").click()
    assert json.loads(errors.value.path().read_text(encoding="utf-8"))["row"] == 41
    tab.get_by_role("heading", name="At a glance").wait_for()
    assert tab.get_by_role("img", name="Histogram").is_visible()
    least = tab.locator(".least li")
    assert "the" in least.first.inner_text()
    tab.get_by_label("Only").select_option("negative")
    assert all("negative" in one for one in least.all_inner_texts())


@pytest.mark.slow
def test_lines_are_pasted_and_another_format_is_taken(open_tab):
    tab = open_tab("#/file")
    tab.get_by_label("One text a line").fill("a good film\n\n  a bad room \n")
    tab.get_by_text("2 texts").wait_for()
    tab.get_by_role("button", name="Use these").click()
    tab.get_by_label("Results as").select_option("parquet")
    tab.get_by_role("button", name="Classify with good").click()
    tab.get_by_role("heading", name="Done", exact=True).wait_for(timeout=30_000)
    tab.get_by_text("Browsers cannot read Parquet").wait_for()
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="Download Parquet").click()
    assert taken.value.path().read_bytes()[:4] == b"PAR1"


@pytest.mark.slow
def test_a_job_is_found_again_after_a_reload_and_can_be_cancelled(open_tab, tmp_path):
    tab = open_tab("#/file")
    tab.locator("input[type=file]").set_input_files(write_reviews(tmp_path / "many.csv", 60_000))
    tab.get_by_role("button", name="Classify with good").click()
    tab.get_by_role("button", name="Cancel the job").wait_for()
    assert tab.get_by_role("progressbar").is_visible()
    tab.reload()
    tab.get_by_role("button", name="Cancel the job").click()
    tab.get_by_role("heading", name="Cancelled").wait_for()
    tab.get_by_role("button", name="Another file").click()
    assert tab.locator(".drop").is_visible()


def test_a_file_that_nobody_can_read_is_refused_in_words(open_tab, tmp_path):
    path = tmp_path / "archive.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    tab = open_tab("#/file")
    tab.locator("input[type=file]").set_input_files(path)
    tab.get_by_role("alert").wait_for()
    assert "cannot read this kind of file" in tab.get_by_role("alert").inner_text()
