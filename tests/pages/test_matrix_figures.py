from __future__ import annotations

from xml.etree import ElementTree

from tests.pages.matrix_document import GRID
from tests.pages.page_reader import Page

from afina.pages import render
from afina.pages.matrix_figures import distance_against_drop

CELL = {"train": "books", "test": "phones", "distance": 1.5, "drop": {"value": 0.041, "low": 0.02, "high": 0.063}}


def test_each_foreign_cell_is_told_to_those_who_hear_the_page():
    svg = distance_against_drop([CELL, {**CELL, "train": "<films>", "distance": 1.9}], title="Distance")
    root = ElementTree.fromstring(svg)
    told = next(element.text for element in root.iter() if element.tag.endswith("desc"))
    assert "books → phones: distance 1.50, 4.1 points lost" in told
    assert "<films> → phones" in told
    assert "<films>" not in svg


def test_cells_without_a_distance_or_a_drop_are_left_out():
    lacking = [{**CELL, "distance": None}, {**CELL, "drop": None}, {**CELL, "drop": {"value": 0.1}}, {}]
    assert distance_against_drop(lacking, title="Distance") == ""
    assert distance_against_drop([*lacking, CELL], title="Distance") == distance_against_drop([CELL], title="Distance")


def test_the_matrix_page_shows_what_the_document_holds():
    page = Page(render("matrix.html.j2", GRID))
    told = ("books, phones", "4.1", "+4.1", "+2.1 to +6.1", "1.73", "0.025 at home", "12.3", "+12.3 lost", "1,234",
            "Trained on books, phones loses 4.1 points", "not complete", "Removed from what books is trained on",
            "500 training texts", "+0.31", "The budget is too short")  # fmt: skip
    assert [text for text in told if text not in page.text] == []
    assert [tag for tag, _ in page.tags].count("svg") == 2
    sections = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert sections == ["grid", "domains", "distance", "sources"]
