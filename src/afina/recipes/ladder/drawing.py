"""The page and the figure of a ladder."""

from __future__ import annotations

from typing import Any

from afina import pages
from afina.data import source_name
from afina.outputs import new_file
from afina.pages.ladder_figures import pareto_front
from afina.recipes.ladder.folder import LadderFolder


def draw_ladder(folder: LadderFolder, document: dict[str, Any]) -> None:
    """Write the page and the figure of a ladder into its folder.

    Args:
        folder: The ladder's folder.
        document: What is known of it.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
        OutputError: The folder cannot be written.
    """
    pages.write_page(folder.page, pages.render("ladder.html.j2", document), force=True)
    # A figure goes out alone, where the folders of this machine say nothing.
    title = f"{source_name(document['source'])}: accuracy against time of training"
    with new_file(folder.figure, force=True) as beside:
        beside.write_text(pages.standalone(pareto_front(document["rungs"], title=title)), encoding="utf-8")
