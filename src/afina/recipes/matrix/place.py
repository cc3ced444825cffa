"""Where a matrix is written, and what of it is kept when it ends early."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina import pages
from afina.outputs import as_one_sentence, check_folder
from afina.pages.comparison_figures import accuracy_grid
from afina.run_folder import RunFolder, write_json, write_text

TEMPLATE = "matrix.html.j2"
_DOCUMENT = "matrix.json"


@dataclass(frozen=True)
class MatrixPlace:
    """The folder of a matrix: `matrix.json`, `matrix.html`, `matrix.svg`, and a run for each model under `runs`."""

    root: Path

    def run(self, name: str) -> Path:
        """Where the run of one model stands."""
        return self.root / "runs" / name

    def begin(self) -> None:
        """Make the folder, in place of what was allowed to be replaced.

        Raises:
            OutputError: It cannot be written.
        """
        with as_one_sentence(self.root):
            if self.root.exists():
                shutil.rmtree(self.root)
            (self.root / "runs").mkdir(parents=True)

    def write(self, document: dict[str, Any]) -> None:
        """Write what is known so far: document, page and figure.

        Raises:
            OutputError: They cannot be written.
            MachineLimitError: The disk is full.
        """
        with as_one_sentence(self.root):
            write_json(self.root / _DOCUMENT, document)
            write_text(self.root / "matrix.svg", _draw(document))
        pages.write_page(self.root / "matrix.html", pages.render(TEMPLATE, document), force=True)

    def drop_unfinished(self, name: str) -> None:
        """Remove what an interrupted or failed training left: its texts cannot be divided alike by `train --resume`."""
        shutil.rmtree(RunFolder(self.run(name)).partial.root, ignore_errors=True)

    def remove_if_empty(self) -> None:
        """Leave nothing where nothing was trained."""
        if not (self.root / _DOCUMENT).exists():
            shutil.rmtree(self.root, ignore_errors=True)


def find_place(out: str | None, model: str, *, force: bool) -> MatrixPlace:
    """Decide where a matrix is written, and see whether it can be.

    Args:
        out: The folder; `runs/matrix-MODEL` with a free number when not given.
        model: The pretrained model.
        force: An earlier matrix that stands there may be replaced.

    Raises:
        OutputError: The place is taken.
    """
    if out is not None:
        check_folder(Path(out), mark=_DOCUMENT, force=force)
        return MatrixPlace(Path(out))
    stem = f"matrix-{Path(model).name}"
    for number in itertools.count(1):
        root = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        if not root.exists():
            break
    return MatrixPlace(root)


def _draw(document: dict[str, Any]) -> str:
    figure = accuracy_grid(
        document["trained_on"], document["sources"], document["cells"], title="Accuracy by training and test set"
    )
    return pages.standalone(figure)
