"""A run that is compared with another: what answers, what it has learned from, and what it costs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afina.data import Fingerprints
from afina.inference import Classifier
from afina.recipes.leakage import read_fingerprints
from afina.run_folder import RunFolder

# Speeds measured on a busy machine differ by so much without a cause.
_CLEARLY = 1.25


@dataclass(frozen=True)
class Contender:
    """A run that is compared."""

    run: RunFolder
    classifier: Classifier
    fingerprints: Fingerprints | None
    manifest: Mapping[str, Any]

    @classmethod
    def load(cls, run: str | os.PathLike[str]) -> Contender:
        """Load a run.

        Raises:
            ModelError: There is no such run, or it has changed.
        """
        folder = RunFolder(Path(run))
        return cls(folder, Classifier.load(run), read_fingerprints(folder), folder.read_manifest())

    @property
    def name(self) -> str:
        """The run as it was given."""
        return str(self.run.root)

    @property
    def size_mb(self) -> float:
        """What it takes on the disk to answer: the model, and the baseline where it is blended in."""
        folders = (self.run.model, self.run.blend)
        return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()) / 1e6

    def as_dict(self) -> dict[str, Any]:
        """The JSON form that `compare --json` documents."""
        config, settings = self.manifest.get("config") or {}, self.manifest.get("settings") or {}
        return {
            "run": self.name,
            "model": (config.get("modeling") or {}).get("name"),
            "method": settings.get("method"),
            "labels": list(self.classifier.labels),
            "size_mb": round(self.size_mb, 2),
        }


def weigh_cost(contenders: Sequence[Contender], speeds: Sequence[float]) -> tuple[str | None, str]:
    """Which run is faster or smaller and in neither slower nor larger, and a sentence with the figures."""
    sizes = [contender.size_mb for contender in contenders]
    figures = "; ".join(
        f"{contender.name}: {speed:,.0f} texts/s, {size:,.1f} MB"
        for contender, speed, size in zip(contenders, speeds, sizes, strict=True)
    )
    # What each has over the other, above 1 where it is the better one.
    faster, smaller = speeds[1] / max(speeds[0], 1e-9), sizes[0] / max(sizes[1], 1e-9)
    for which, contender, ratios in (
        ("first", contenders[0], (1 / faster, 1 / smaller)),
        ("second", contenders[1], (faster, smaller)),
    ):
        if min(ratios) >= 1 / _CLEARLY and max(ratios) >= _CLEARLY:
            return which, f"{figures}: {contender.name} costs less"
    return None, f"{figures}: neither costs clearly less"
