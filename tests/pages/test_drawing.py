from __future__ import annotations

import re
from xml.etree import ElementTree

from afina.pages.drawing import BLUE, WIDTH, canvas, to_svg

SVG = "{http://www.w3.org/2000/svg}"


def texts_of(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_text_that_looks_like_a_style_is_left_alone():
    with canvas(40) as (figure, axes):
        axes.text(0, 0, f'style="fill: {BLUE}"')
        assert f'style="fill: {BLUE}"' in texts_of(to_svg(figure, title="t", description="d"))


def test_hatches_and_clips_keep_what_they_refer_to():
    with canvas(80) as (figure, axes):
        axes.bar([0], [1], color=BLUE, hatch="//")
        svg = to_svg(figure, title="t", description="d")
    referred = set(re.findall(r"url\(#([^)]+)\)", svg))
    assert len(referred) == 2
    assert referred <= set(re.findall(r' id="([^"]+)"', svg))
    assert f"fill: var(--blue, {BLUE})" in svg


def test_letters_have_the_font_of_the_page():
    with canvas(40) as (figure, axes):
        axes.set_xlabel("length")
        svg = to_svg(figure, title="t", description="d")
    assert "DejaVu" not in svg
    assert "font-size: 10.5px" in svg


def test_a_figure_keeps_its_proportions_at_any_width():
    with canvas(100) as (figure, _):
        root = ElementTree.fromstring(to_svg(figure, title="t", description="d"))
    assert root.get("viewBox") == f"0 0 {WIDTH} 100"
    assert root.get("height") is None


def test_letters_that_no_font_here_has_give_no_warning_and_are_kept():
    with canvas(40) as (figure, axes):
        axes.text(0, 0, "中文 العربية 😀")
        assert "中文 العربية 😀" in texts_of(to_svg(figure, title="t", description="d"))
