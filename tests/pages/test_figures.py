from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib
import pytest

from afina.pages import figures
from afina.pages.drawing import ORANGE

HOSTILE = [
    "<script>alert(1)</script>",
    "$\\frac{1}{2$ _x^",
    "中文 😀",
    "a\x00\ud83d\ufffe",
    "x" * 5_000,
    'q" onload="x',
    "",
]
SVG = "{http://www.w3.org/2000/svg}"


def draw_all(names: list[str] = ["a", "b"]) -> dict[str, str]:  # noqa: B006
    n = len(names)
    values = [(i * 7) % 5 + 0.5 for i in range(n)]
    points = [(name, 10 + i, i) for i, name in enumerate(names)]
    quantiles = {"p5": 1, "p25": 2, "median": 3, "p75": 5, "p95": 9}
    title = names[0]
    return {
        "histogram": figures.histogram([1, 5], [0, 100, 200], title=title, unit=names[0], marks=(128,), longest=900),
        "bars": figures.bars(names, values, title=title),
        "dots": figures.dots(names, values, title=title),
        "cluster_sizes": figures.cluster_sizes({"2": 11, "3": 4}, title=title),
        "heat_map": figures.heat_map(names, [[0.5] * n] * n, title=title),
        "ranges": figures.ranges([{"name": name, **quantiles} for name in names], title=title, unit=names[0], mark=4),
        "intervals": figures.intervals(
            [{"name": name, "value": 0.8, "low": 0.7, "high": 0.9} for name in names], title=title, unit="x", mark=0.7
        ),
        "scatter": figures.scatter(points, title=title, x="x", y="y", log_x=True),
    }  # fmt: skip


def texts_of(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_figure_is_named_and_described_for_those_who_hear_it():
    drawn = draw_all()
    assert set(drawn) == set(figures.__all__)
    for svg in drawn.values():
        root = ElementTree.fromstring(svg)
        by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
        assert root.get("role") == "img"
        assert by_id[root.get("aria-labelledby")].text == "a"
        assert len(by_id[root.get("aria-describedby")].text or "") > 10


def test_the_same_figures_give_the_same_bytes():
    assert draw_all() == draw_all()


def test_figures_hold_no_date_and_no_outside_address():
    for svg in draw_all().values():
        assert "metadata" not in svg
        assert not re.search(r"20\d\d-\d\d-\d\d", svg)
        assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]


def test_colours_come_from_the_page_and_nothing_is_painted_white():
    for name, svg in draw_all().items():
        styles = " ".join(re.findall(r'style="([^"]*)"', svg))
        assert "currentColor" in styles, name
        assert re.sub(r"var\([^)]*\)", "", styles).count("#") == styles.count("url(#"), name


def test_ids_of_two_figures_differ_and_every_reference_is_met():
    drawn = list(draw_all().values())
    found = [set(re.findall(r' id="([^"]+)"', svg)) for svg in drawn]
    assert not found[0] & found[1]
    for svg, ids in zip(drawn, found, strict=True):
        assert set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg)) <= {(i, "") for i in ids} | {
            ("", i) for i in ids
        }


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_as_text(name):
    for svg in draw_all([name, "other"]).values():
        svg.encode("utf-8")
        assert "<script" not in svg
        assert ElementTree.fromstring(svg).get("onload") is None
        assert len(svg) < 60_000 or len(name) > 1_000


def test_dollars_are_no_formula():
    assert "$x$" in texts_of(figures.bars(["$x$"], [1], title="t"))


def test_matplotlib_is_left_as_it_was_and_its_settings_are_not_used():
    before = dict(matplotlib.rcParams)
    plain = draw_all()
    assert dict(matplotlib.rcParams) == before
    with matplotlib.rc_context({"text.usetex": True, "axes.facecolor": "red", "font.size": 40, "axes.grid": True}):
        assert draw_all() == plain


def test_nothing_to_draw_gives_nothing():
    assert figures.histogram([], [], title="t", unit="words") == ""
    assert figures.histogram([1, 2], [0, 1], title="t", unit="words") == ""
    assert figures.bars(["a"], [None], title="t") == ""
    assert figures.bars([], [], title="t") == ""
    assert figures.cluster_sizes({}, title="t") == ""
    assert figures.heat_map(["a", "b"], [[1.0]], title="t") == ""
    assert figures.ranges([{"name": "a", "p5": 1}], title="t", unit="tokens") == ""
    assert figures.intervals([{"name": "a", "value": 1, "low": None}], title="t", unit="accuracy") == ""
    assert figures.scatter([("a", None, 1), ("b", 0, 1)], title="t", x="x", y="y", log_x=True) == ""


def test_unknown_values_are_told_and_not_drawn_as_zero():
    assert "–" in texts_of(figures.bars(["a", "b"], [3, float("nan")], title="t"))
    assert "–" in texts_of(figures.heat_map(["a"], [[None]], title="t"))


def test_only_a_histogram_that_overflows_has_a_column_of_another_colour():
    def colours(longest: int) -> bool:
        return ORANGE in figures.histogram([3, 1], [0, 10, 20], title="t", unit="words", longest=longest)

    assert colours(21)
    assert not colours(20)


def test_marks_beyond_the_axis_are_left_out():
    drawn = texts_of(figures.histogram([3, 1], [0, 200, 400], title="t", unit="tokens", marks=(128, 256, 512)))
    assert {"128", "256"} <= set(drawn)
    assert "512" not in drawn


def test_large_groups_share_a_column_and_none_is_lost():
    svg = figures.cluster_sizes({"2": 5, "8": 1, "9": 1, "12": 3, "150": 2, "20000": 1}, title="t")
    assert {"2", "7–9", "10–99", "100–999", "10,000–99,999"} <= set(texts_of(svg))
    assert sum(int(n) for n in re.findall(r"(\d+) groups", svg)) == 13


def test_of_very_many_classes_the_first_are_drawn():
    svg = figures.bars([f"label{i}" for i in range(500)], [1] * 500, title="t")
    assert "label39" in texts_of(svg)
    assert "label40" not in texts_of(svg)
