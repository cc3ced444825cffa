"""A canvas for figures: matplotlib without its global state, and SVG that takes its colours from the page.

Figures are drawn in stand-in colours, which become CSS variables, so that one figure serves light and dark pages.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

from afina.extras import require
from afina.pages.plain import clean

# Okabe and Ito's colours, which differ for every kind of colour vision; the page has lighter ones for dark screens.
INK, MUTED, RULE = "#1b1f24", "#5b6570", "#d5dae0"
BLUE, ORANGE, GREEN, VERMILION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
_VARIABLES = {
    INK: "currentColor",
    MUTED: f"var(--muted, {MUTED})",
    RULE: f"var(--rule, {RULE})",
    BLUE: f"var(--blue, {BLUE})",
    ORANGE: f"var(--orange, {ORANGE})",
    GREEN: f"var(--green, {GREEN})",
    VERMILION: f"var(--vermilion, {VERMILION})",
}

WIDTH = 380
"""Width of a figure in its own units; a phone shows it whole."""
FONT = 10.5
_SHOWN_AT = 1.25
_SETTINGS = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": FONT, "svg.fonttype": "none",
    "svg.hashsalt": "afina", "text.parse_math": False, "text.usetex": False, "text.color": INK,
    "axes.edgecolor": RULE, "axes.labelcolor": MUTED, "axes.spines.top": False, "axes.spines.right": False,
    "axes.spines.left": False, "axes.grid": False, "axes.axisbelow": True, "axes.labelsize": FONT,
    "xtick.color": RULE, "ytick.color": RULE, "xtick.labelcolor": MUTED, "ytick.labelcolor": MUTED,
    "xtick.labelsize": FONT, "ytick.labelsize": FONT, "ytick.major.size": 0, "grid.color": RULE, "grid.linewidth": 0.6,
    "hatch.linewidth": 0.8,
}  # fmt: skip
_HEX = re.compile(r"#[0-9a-f]{6}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
_SVG = "{http://www.w3.org/2000/svg}"
_NAMES = {"{http://www.w3.org/1999/xlink}href": "href"}
_VARIABLE = re.compile(r"var\(--[a-z-]+, (#[0-9a-f]{6})\)")
_FAMILY = re.compile(r"font-family: [^;]*;? ?")


@contextmanager
def canvas(height: float, *, width: float = WIDTH) -> Iterator[tuple[Any, Any]]:
    """A figure and its axes, drawn with the settings of the page and none of the user's.

    Args:
        height: Height in the figure's units, 72 to the inch.
        width: Width likewise.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    matplotlib = require("matplotlib", extra="data")
    drawing = require("matplotlib.figure", extra="data")
    with warnings.catch_warnings():
        # The browser has the letters that matplotlib's font lacks; a figure too full for a layout has the plain one.
        for message in ("Glyph", "Matplotlib currently does not support", "constrained_layout not applied"):
            warnings.filterwarnings("ignore", message=message, category=UserWarning)
        defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if "backend" not in key}
        with matplotlib.rc_context({**defaults, **_SETTINGS}):
            figure = drawing.Figure(figsize=(width / 72, height / 72), dpi=72, layout="constrained")
            figure.get_layout_engine().set(w_pad=2 / 72, h_pad=2 / 72)
            yield figure, figure.add_subplot()


def to_svg(figure: Any, *, title: str, description: str) -> str:
    """Inline SVG of a figure, to be called while its canvas is open.

    Args:
        figure: The figure.
        title: Its name for those who hear the page.
        description: What it shows, in a sentence or two.

    Returns:
        Markup; ids in it differ from those of other figures.
    """
    written = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    root = ElementTree.fromstring(written.getvalue())
    title, description = clean(title), clean(description)
    prefix = "f" + hashlib.sha256(f"{title}{written.getvalue()}".encode()).hexdigest()[:10]
    _tidy(root, prefix)
    _, _, width, _ = root.attrib["viewBox"].split()
    root.attrib = {
        "xmlns": _SVG[1:-1],
        "viewBox": root.attrib["viewBox"],
        "width": f"{float(width) * _SHOWN_AT:.0f}",
        "style": "stroke-linejoin: round",
        "role": "img",
        "aria-labelledby": f"{prefix}-title",
        "aria-describedby": f"{prefix}-description",
    }
    for place, (tag, text) in enumerate({"title": title, "desc": description}.items()):
        element = ElementTree.Element(tag, {"id": f"{prefix}-{'title' if tag == 'title' else 'description'}"})
        element.text = text
        root.insert(place, element)
    markup: str = require("markupsafe", extra="data").Markup(ElementTree.tostring(root, encoding="unicode"))
    return markup


def standalone(markup: str) -> str:
    """A figure of a page as a file of its own: on white, in the colours of a light page.

    Args:
        markup: What `to_svg` gave.
    """
    root = ElementTree.fromstring(markup)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        if "style" in element.attrib:
            element.attrib["style"] = _VARIABLE.sub(r"\1", element.attrib["style"]).replace("currentColor", INK)
    _, _, width, height = root.attrib["viewBox"].split()
    shown = {"width": f"{float(width) * _SHOWN_AT:.0f}", "height": f"{float(height) * _SHOWN_AT:.0f}"}
    root.attrib |= {"xmlns": _SVG[1:-1], **shown, "font-family": "DejaVu Sans, Verdana, sans-serif"}
    root.insert(2, ElementTree.Element("rect", {"width": "100%", "height": "100%", "fill": "#ffffff"}))
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _tidy(root: ElementTree.Element, prefix: str) -> None:
    """Take out what a page has no use for, and make ids and colours the page's."""
    for parent in list(root.iter()):
        for child in list(parent):
            # Metadata holds outside addresses; a style would hold for the whole page.
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    used = {
        found[1] or found[2]
        for element in root.iter()
        for value in element.attrib.values()
        for found in _REFERENCE.finditer(value)
    }
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.tail = None
        if element.tag not in ("text", "tspan"):
            element.text = None
        element.attrib = _attributes(element.attrib, used, prefix)


def _attributes(found: dict[str, str], used: set[str], prefix: str) -> dict[str, str]:
    kept = {_NAMES.get(name, name): value for name, value in found.items()}
    if kept.get("id") not in used:
        kept.pop("id", None)
    if kept.get("transform", "").startswith("rotate(-0 "):
        del kept["transform"]
    # A CSS variable is sure to work in a style only.
    if "fill" in kept:
        kept["style"] = f"fill: {kept.pop('fill')}; {kept.get('style', '')}".rstrip("; ")
    if "id" in kept:
        kept["id"] = f"{prefix}-{kept['id']}"
    if "href" in kept:
        kept["href"] = f"#{prefix}-{kept['href'][1:]}"
    for name in {"style", "clip-path"} & kept.keys():
        value = _FAMILY.sub("", kept[name].replace("url(#", f"url(#{prefix}-"))
        kept[name] = _HEX.sub(lambda colour: _VARIABLES.get(colour[0], colour[0]), value)
    return kept
