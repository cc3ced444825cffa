from __future__ import annotations

import copy
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from tests.pages.ladder_document import LADDER, rung
from tests.pages.page_reader import Page

from afina.pages import render
from afina.pages.ladder_figures import pareto_front


def test_the_page_tells_the_pick_its_cost_and_what_was_left_out():
    text = Page(render("ladder.html.j2", LADDER)).text
    told = ("These texts need no transformer", "The next rung up gains 2.0 points", "TF-IDF + LR enough", "88.0%",
            "0.830 to 0.920", "0.012", "3.20", "186,773", "training, answering", "40.0", "failed: no such module",
            "its words are English", "The budget is too short", "Each transformer rung", "best on dev")  # fmt: skip
    assert [expected for expected in told if expected not in text] == []


def test_the_figure_names_every_rung_and_tells_the_front():
    drawing = pareto_front(LADDER["rungs"], title="Ladder")
    root = ElementTree.fromstring(drawing)
    described = "".join(root.find("{http://www.w3.org/2000/svg}desc").itertext())
    assert "TF-IDF + LR: accuracy 0.880 after 0.01 minutes, on the front" in described
    assert all(rung["title"] in drawing for rung in LADDER["rungs"])


def test_the_front_is_told_apart_without_colour():
    on, off = (pareto_front([rung("a", "a", 0.9, 1.0, pareto=pareto)], title="x") for pareto in (True, False))
    assert "on the front" in on
    assert "on the front" not in off
    assert "fill: var(--blue" in on
    assert "fill: var(--blue" not in off


@pytest.mark.parametrize("broken", [{"minutes": None}, {"accuracy": None}, {"accuracy": {"value": 0.5}}])
def test_a_rung_without_its_figures_is_left_out(broken):
    rungs = copy.deepcopy(LADDER["rungs"])
    rungs[1] |= broken
    drawing = pareto_front(rungs, title="Ladder")
    assert "TF-IDF" not in drawing
    assert "full fine-tuning" in drawing


def test_names_of_rungs_close_together_do_not_cover_each_other():
    rungs = [rung(f"r{i}", f"rung number {i}", 0.88 + 0.002 * i, 3.0 + 0.02 * i) for i in range(5)]
    root = ElementTree.fromstring(pareto_front(rungs, title="Ladder"))
    names = [
        element for element in root.iter("{http://www.w3.org/2000/svg}text") if "rung number" in (element.text or "")
    ]
    heights = sorted(
        float(element.attrib.get("y") or element.attrib["transform"].split()[1].rstrip(")")) for element in names
    )
    assert len(heights) == 5
    assert all(second - first > 8 for first, second in pairwise(heights))


@pytest.mark.parametrize("rungs", [None, [], [{"title": "x"}]])
def test_nothing_is_drawn_of_nothing(rungs):
    assert pareto_front(rungs, title="x") == ""
