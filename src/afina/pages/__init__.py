"""Pages: a document (what `--json` prints) in, one HTML file that needs nothing else out.

A page holds its style and its figures, runs no script and loads nothing. Imports only the foundation; jinja2 and
matplotlib come with the `data` extra and are imported when a page is made.
"""

from __future__ import annotations

from afina.pages.drawing import standalone
from afina.pages.page import GENERATOR, render, require_drawing, write_page
from afina.pages.report import render_report

__all__ = ["GENERATOR", "render", "render_report", "require_drawing", "standalone", "write_page"]
