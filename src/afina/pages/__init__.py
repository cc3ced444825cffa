"""Pages: a document (what `--json` prints) in, one HTML file that needs nothing else out.

A page holds its style and its figures, runs no script and loads nothing. Imports only the foundation; jinja2 and
matplotlib come with the `data` extra and are imported when a page is made.
"""

from __future__ import annotations

from afina.pages.page import render, write_page

__all__ = ["render", "write_page"]
