"""The page and the figure of a ladder."""

from __future__ import annotations

from pathlib import Path

from afina import pages
from afina.outputs import new_file
from afina.pages.ladder_figures import pareto_front
from afina.recipes.ladder.climbing import Ladder


def draw_ladder(ladder: Ladder) -> list[Path]:
    """Write `ladder.html` and `ladder.svg` into the ladder's folder, and return where they are.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
        OutputError: The folder cannot be written.
    """
    page, figure = ladder.out / "ladder.html", ladder.out / "ladder.svg"
    pages.write_page(page, pages.render("ladder.html.j2", ladder.document), force=True)
    title = f"{ladder.document['source']}: accuracy against time of training"
    with new_file(figure, force=True) as beside:
        beside.write_text(pages.standalone(pareto_front(ladder.document["rungs"], title=title)), encoding="utf-8")
    return [page, figure]
