"""The map of a matrix: every file name in its folder is written here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MatrixFolder:
    """Paths inside the folder of one matrix."""

    root: Path

    @property
    def document(self) -> Path:
        """matrix.json: what `matrix --json` prints; the file by which a folder is known to be a matrix."""
        return self.root / "matrix.json"

    @property
    def page(self) -> Path:
        """matrix.html: the document for readers."""
        return self.root / "matrix.html"

    @property
    def figure(self) -> Path:
        """matrix.svg: the grid of accuracies."""
        return self.root / "matrix.svg"

    @property
    def runs(self) -> Path:
        """Folder of the models' runs."""
        return self.root / "runs"

    def run(self, name: str) -> Path:
        """Where the run of one model stands."""
        return self.runs / name

    @classmethod
    def around(cls, run: Path) -> MatrixFolder | None:
        """The folder of which a run would be a part, going by its place; None where it is not placed so."""
        folder = cls(run.parent.parent)
        return folder if folder.runs == run.parent else None
