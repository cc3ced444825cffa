from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.full_run import details, estimate

from afina.pages import certainty_figures, comparison_figures, score_figures, standalone, training_figures
from afina.pages.drawing import VERMILION, canvas, to_svg

SVG = "{http://www.w3.org/2000/svg}"
HOMES = (training_figures, score_figures, certainty_figures, comparison_figures)
HOSTILE = ["<script>alert(1)</script>", "$\\frac{1}{2$ _x^", "中文 😀", "a\x00\ud83d\ufffe", "x" * 5_000, ""]
CURVE = [{"step": i, "loss": 1 / i, "loss_low": 0.5 / i, "loss_high": 2 / i, "learning_rate": 1e-5} for i in (1, 5, 9)]
DEV = [{"step": i, "accuracy": 0.8 + i / 100, "log_loss": 0.5, "is_best": i == 5} for i in (1, 5, 9)]


def draw_all(name: str = "a") -> dict[str, str]:
    more, title = details(), {"title": name}
    roc, precision_recall = more["curves"]["roc"], more["curves"]["precision_recall"]
    coverage = [{"coverage": i / 9, "error_rate": i / 100} for i in range(10)]
    return {
        "loss_curve": training_figures.loss_curve(CURVE, DEV, **title),
        "dev_accuracy_curve": training_figures.dev_accuracy_curve(DEV, **title),
        "learning_rate_curve": training_figures.learning_rate_curve(CURVE, **title),
        "stages": training_figures.stages({name: 3.0, "train": 200.0}, budget=300, **title),
        "confusion": score_figures.confusion([name, "b"], [[3, 1], [0, 4]], **title),
        "roc": score_figures.roc([{**roc[0], "label": name}], **title),
        "precision_recall": score_figures.precision_recall([{**precision_recall[0], "label": name}], **title),
        "reliability": certainty_figures.reliability(more["calibration"]["reliability"], **title),
        "error_by_coverage": certainty_figures.error_by_coverage(coverage, wished=0.05, chosen=coverage[4], **title),
        "failure_rates": comparison_figures.failure_rates(
            [{"name": name, "failure_rate": estimate(0.2), "published": 0.4}], **title
        ),
        "accuracy_grid": comparison_figures.accuracy_grid(
            [name], [name, "b"], [{"train": name, "test": name, "accuracy": estimate(0.9)}], **title
        ),
    }


def texts_of(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def described(svg: str) -> str:
    root = ElementTree.fromstring(svg)
    by_id = {element.get("id"): element.text or "" for element in root.iter() if element.get("id")}
    assert root.get("role") == "img"
    assert by_id[root.get("aria-labelledby")]
    return by_id[root.get("aria-describedby")]


def test_every_figure_is_named_and_described_for_those_who_hear_it():
    drawn = draw_all()
    assert set(drawn) == {name for home in HOMES for name in home.__all__}
    for name, svg in drawn.items():
        assert len(described(svg)) > 10, name


def test_colours_come_from_the_page():
    for name, svg in draw_all().items():
        styles = " ".join(re.findall(r'style="([^"]*)"', svg))
        assert re.sub(r"var\([^)]*\)", "", styles).count("#") == styles.count("url(#"), name


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_as_text(name):
    for svg in draw_all(name).values():
        svg.encode("utf-8")
        assert "<script" not in svg


def test_nothing_to_draw_gives_nothing():
    title: dict[str, Any] = {"title": "t"}
    assert training_figures.loss_curve([], [], **title) == ""
    assert training_figures.loss_curve([{"step": 1, "loss": None}] * 3, [], **title) == ""
    assert training_figures.dev_accuracy_curve(DEV[:1], **title) == ""
    assert training_figures.learning_rate_curve([{"step": 1}], **title) == ""
    assert training_figures.stages({"load": None}, **title) == ""
    assert training_figures.stages({"load": 0.0}, **title) == ""
    assert score_figures.confusion(["a", "b"], [[1, 2]], **title) == ""
    assert score_figures.confusion(["a"] * 21, [[1] * 21] * 21, **title) == ""
    assert score_figures.roc([{"label": "a", "false_positive_rate": [0]}], **title) == ""
    assert certainty_figures.reliability([{"n": 0, "confidence": 0.5, "accuracy": 0.5}], **title) == ""
    assert certainty_figures.error_by_coverage([], **title) == ""
    assert comparison_figures.failure_rates([{"name": "a", "failure_rate": None}], **title) == ""
    assert comparison_figures.accuracy_grid(["a"], ["a"], [{"train": "b", "test": "a"}], **title) == ""


def test_weights_that_were_kept_are_marked_once():
    assert texts_of(training_figures.loss_curve(CURVE, DEV, title="t")).count("kept") == 1
    assert "kept" not in texts_of(training_figures.loss_curve(CURVE, [{**DEV[0], "is_best": False}], title="t"))


def test_stages_are_told_with_their_length_and_the_budget():
    told = described(training_figures.stages({"load": 4.4, "train": 212}, title="t", budget=900))
    assert told == "load: 4.4 s; train: 3:32 min; the budget is 15:00 min."


def test_confusion_tells_counts_and_shares():
    svg = score_figures.confusion(["neg", "pos"], [[8, 2], [0, 0]], title="t")
    assert {"8", "80.0%", "2", "20.0%"} <= set(texts_of(svg))
    assert "neg taken for pos: 2" in described(svg)


def test_of_many_labels_those_that_fare_worst_are_named():
    grid = [0.0, 0.5, 1.0]
    curves = [{"label": f"l{i}", "false_positive_rate": grid, "true_positive_rate": grid,
               "auc": {"value": 0.99 - i / 100}} for i in range(9)]  # fmt: skip
    named = [text for text in texts_of(score_figures.roc(curves, title="t")) if text.startswith("l")]
    assert named == ["l8 (0.910)", "l7 (0.920)", "l6 (0.930)", "l5 (0.940)"]


def test_confidence_before_is_drawn_beside_that_after():
    bins = details()["calibration"]["reliability"]
    assert VERMILION not in certainty_figures.reliability(bins, title="t")
    assert VERMILION in certainty_figures.reliability(bins, title="t", before=bins)


def test_published_rates_are_told_beside_our_own():
    tests = [{"name": "a", "failure_rate": estimate(0.2), "published": 0.4},
             {"name": "b", "failure_rate": estimate(0.1), "published": None}]  # fmt: skip
    assert described(comparison_figures.failure_rates(tests, title="t")) == "a: 20.0%, published 40.0%; b: 10.0%."


def test_missing_cells_of_a_grid_stay_blank():
    cells = [{"train": "a", "test": "a", "accuracy": estimate(0.9)}]
    assert texts_of(comparison_figures.accuracy_grid(["a"], ["a", "b"], cells, title="t")).count("–") == 1


def test_a_figure_of_its_own_has_real_colours_on_white():
    for name, svg in draw_all().items():
        alone = standalone(svg)
        root = ElementTree.fromstring(alone)
        styles = " ".join(element.get("style", "") for element in root.iter())
        assert "var(" not in styles, name
        assert "currentColor" not in styles, name
        assert root.find(f"{SVG}rect").get("fill") == "#ffffff"
        assert float(root.get("height")) > 0
        assert root.find(f"{SVG}title") is not None


def test_a_text_that_looks_like_a_colour_is_left_alone_in_a_file():
    with canvas(40) as (figure, axes):
        axes.text(0, 0, "currentColor var(--blue, #0072b2)")
        svg = to_svg(figure, title="t", description="d")
    assert "currentColor var(--blue, #0072b2)" in texts_of(standalone(svg))
