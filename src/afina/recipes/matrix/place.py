"""Where a matrix is written, and what of it is kept when it ends early."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from afina import pages
from afina.outputs import ResultFolder, as_one_sentence, free_path
from afina.pages.comparison_figures import accuracy_grid
from afina.recipes.matrix.folder import MatrixFolder
from afina.run_folder import RunFolder, write_json, write_text

_TEMPLATE = "matrix.html.j2"


class MatrixPlace:
    """The folder of a matrix on its way.

    Args:
        out: The folder; `runs/matrix-MODEL` with a free number when not given.
        model: The pretrained model.
        force: An earlier matrix that stands there may be replaced.

    Raises:
        OutputError: The place is taken or cannot be written.
    """

    def __init__(self, out: str | None, model: str, *, force: bool) -> None:
        root = Path(out) if out else free_path(Path("runs"), f"matrix-{Path(model).name}")
        self.folder = MatrixFolder(root)
        self.results = ResultFolder(root, mark=self.folder.document.name, force=force)
        """The context in which it is filled; what stood there is back at its end if nothing was written."""

    def write(self, document: dict[str, Any]) -> None:
        """Write what is known so far: document, page and figure.

        Raises:
            OutputError: They cannot be written.
            MachineLimitError: The disk is full.
        """
        with as_one_sentence(self.folder.root):
            write_json(self.folder.document, document)
            self.results.settle()
            write_text(self.folder.figure, _draw(document))
        pages.write_page(self.folder.page, pages.render(_TEMPLATE, document), force=True)

    def drop_unfinished(self, name: str) -> None:
        """Remove what an interrupted or failed training left: its texts cannot be divided alike by `train --resume`."""
        shutil.rmtree(RunFolder(self.folder.run(name)).partial.root, ignore_errors=True)


def _draw(document: dict[str, Any]) -> str:
    figure = accuracy_grid(
        document["trained_on"], document["sources"], document["cells"], title="Accuracy by training and test set"
    )
    return pages.standalone(figure)
