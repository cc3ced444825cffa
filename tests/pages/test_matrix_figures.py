from __future__ import annotations

from xml.etree import ElementTree

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
