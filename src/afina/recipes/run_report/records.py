"""What a run folder holds, read so that a missing or damaged file costs its part of the report and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from afina.recipes.matrix.folder import MatrixFolder
from afina.run_folder import PARTIAL_SUFFIX, RunFolder


class RunRecords:
    """The records of one run.

    Args:
        folder: The run.

    Raises:
        ModelError: It is no run that afina wrote.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self.manifest: dict[str, Any] = folder.read_manifest()
        self.problems: list[str] = []
        """A sentence for each file that is there and cannot be read."""

    @property
    def path(self) -> str:
        """Where the run is, or will be once it is complete."""
        return str(self._folder.root).removesuffix(PARTIAL_SUFFIX)

    @property
    def name(self) -> str:
        """Name of the run, which is that of its folder."""
        return self._folder.root.resolve().name.removesuffix(PARTIAL_SUFFIX)

    def metrics(self) -> dict[str, Any]:
        """What `train --json` printed; empty where that is not there."""
        return self._mapping(self._folder.metrics)

    def mistakes(self) -> dict[str, Any]:
        """Test texts it got wrong; empty where they were not kept."""
        return self._mapping(self._folder.mistakes)

    def behaviour(self) -> dict[str, Any]:
        """What `afina check` found; empty where it was not run."""
        return self._mapping(self._folder.behaviour)

    def history(self) -> list[dict[str, Any]]:
        """A record for each logged step."""
        return self._lines(self._folder.history)

    def rejected(self) -> list[dict[str, Any]]:
        """Rows of the sources that could not be understood."""
        return self._lines(self._folder.rejected)

    def evaluations(self) -> list[dict[str, Any]]:
        """What `afina evaluate` found on each data set, by name of its file."""
        found = [self._mapping(path) for path in sorted(self._folder.evaluations.glob("*.json"))]
        return [result for result in found if "accuracy" in result]

    def matrix(self, folder: Path | None) -> dict[str, Any]:
        """The matrix in a folder; without one, the matrix that this run belongs to. Empty where there is none.

        Args:
            folder: Where `afina matrix` wrote.
        """
        if folder is not None:
            return self._mapping(MatrixFolder(folder).document)
        around = MatrixFolder.around(self._folder.root.resolve())
        found = {} if around is None else self._mapping(around.document)
        # A run may stand beside a matrix that it is no part of.
        names = [Path(str(model.get("run"))).name for model in found.get("models") or ()]
        return found if self.name in names else {}

    def _mapping(self, path: Path) -> dict[str, Any]:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.problems.append(f"{path.name} cannot be read and is left out: {error}")
            return {}
        if not isinstance(document, dict):
            self.problems.append(f"{path.name} is not one that afina wrote and is left out")
            return {}
        return document

    def _lines(self, path: Path) -> list[dict[str, Any]]:
        """Records of a JSON Lines file; lines that a kill cut off are passed over."""
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            self.problems.append(f"{path.name} cannot be read and is left out: {error}")
            return []
        records = []
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                records.append(record)
        return records
