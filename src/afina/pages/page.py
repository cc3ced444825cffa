"""One HTML file from one document."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from afina.extras import require
from afina.outputs import new_file
from afina.pages import (
    certainty_figures,
    comparison_figures,
    explanation_figures,
    figures,
    ladder_figures,
    matrix_figures,
    plain,
    score_figures,
    search_figures,
    training_figures,
)
from afina.pages.differences import mark_differences
from afina.utf8 import as_utf8

GENERATOR = "afina-pages"
"""Name by which a file is known to be a page that afina wrote."""
_FOLDER = Path(__file__).parent / "templates"
_FIGURES = (
    figures,
    search_figures,
    training_figures,
    score_figures,
    certainty_figures,
    comparison_figures,
    ladder_figures,
    matrix_figures,
    explanation_figures,
)


def render(template: str, document: Mapping[str, Any], *, drawn: Mapping[str, str] | None = None) -> str:
    """Make a page; missing keys leave out what they would have shown.

    Args:
        template: Name of a template, such as `inspect.html.j2`.
        document: What the command prints with `--json`. Its texts are escaped, whatever they hold.
        drawn: Inline SVG by name, of figures that were drawn before the page.

    Returns:
        HTML; the same document gives the same page, byte by byte.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    page: str = (
        _environment()
        .get_template(template)
        .render(document=plain.clean_document(document), drawn=drawn or {}, generator=GENERATOR)
    )
    return page


def require_drawing() -> None:
    """Check for what pages are made with, before hours of work that end in one.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    for module in ("jinja2", "matplotlib"):
        require(module, extra="data")


@functools.cache
def _environment() -> Any:
    require_drawing()
    jinja2 = require("jinja2", extra="data")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        # A document may lack any key, at any depth.
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=plain.clock,
        coded=_coded,
        count=plain.count,
        decimal=plain.decimal,
        percent=plain.percent,
        shorten=plain.shorten,
        differences=_differences,
    )
    environment.tests["known"] = plain.is_known
    environment.globals.update(
        {name: getattr(home, name) for home in _FIGURES for name in home.__all__},
        style=lambda: require("markupsafe", extra="data").Markup((_FOLDER / "style.css").read_text(encoding="utf-8")),
    )
    return environment


def _coded(sentence: Any) -> Any:
    """What stands between backticks, as code."""
    markup = require("markupsafe", extra="data")
    parts = str(sentence).split("`")
    if len(parts) % 2 == 0:
        return markup.escape(sentence)
    wraps = (markup.Markup("<code>{}</code>" if i % 2 else "{}") for i in range(len(parts)))
    return markup.Markup("").join(wrap.format(part) for wrap, part in zip(wraps, parts, strict=True))


def _differences(text: Any, other: Any) -> tuple[str, str]:
    return mark_differences(str(text or ""), str(other or ""))


def write_page(path: Path, html: str, *, force: bool) -> None:
    """Write a page so that no half-written one is ever there.

    Args:
        path: Where the page is to be; missing folders are made.
        html: The page.
        force: Whether an existing file may be replaced.

    Raises:
        OutputError: The place is taken or cannot be written.
        MachineLimitError: The disk is full.
    """
    with new_file(path, force=force) as beside:
        beside.write_text(as_utf8(html), encoding="utf-8")
