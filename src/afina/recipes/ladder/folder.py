"""The map of a ladder: every file name in its folder is written here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LadderFolder:
    """Paths inside the folder of one ladder."""

    root: Path

    @property
    def document(self) -> Path:
        """ladder.json: what `ladder --json` prints; the file by which a folder is known to be a ladder."""
        return self.root / "ladder.json"

    @property
    def page(self) -> Path:
        """ladder.html: the document for readers."""
        return self.root / "ladder.html"

    @property
    def figure(self) -> Path:
        """ladder.svg: accuracy against time of training."""
        return self.root / "ladder.svg"

    @property
    def runs(self) -> Path:
        """Folder of the transformer rungs' runs."""
        return self.root / "rungs"

    def run(self, name: str) -> Path:
        """Where the run of one rung stands."""
        return self.runs / name
