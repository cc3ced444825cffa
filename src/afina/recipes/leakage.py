"""Which texts of a data set a run has learned from, by the fingerprints that it keeps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import Fingerprints, Overlap, TextDataset
from afina.run_folder import RunFolder

_NEAR_EXAMPLES, _EXACT_EXAMPLES = 7, 3


@dataclass(frozen=True)
class Leakage:
    """Texts of one data set that stand, exactly or nearly, among those that a run has learned from."""

    dataset: TextDataset
    fingerprints: Fingerprints | None
    """Of the texts the run learned from; None where it keeps none."""
    overlap: Overlap

    @classmethod
    def look(cls, dataset: TextDataset, fingerprints: Fingerprints | None) -> Leakage:
        """Look the texts of a data set up."""
        none = np.zeros(0, dtype=np.int64)
        found = Overlap(none, none) if fingerprints is None else fingerprints.overlap(dataset.normal_forms)
        return cls(dataset, fingerprints, found)

    @property
    def checked(self) -> bool:
        """Whether there was anything to look among."""
        return self.fingerprints is not None

    @property
    def new_rows(self) -> npt.NDArray[np.int64]:
        """Positions of the texts that the run has not learned from, as far as is known."""
        return np.setdiff1d(np.arange(len(self.dataset)), self.overlap.rows)

    @property
    def sentence(self) -> str | None:
        """What is to be said of it; None where nothing is shared."""
        n, shared = len(self.dataset), len(self.overlap.rows)
        if not self.checked:
            return (
                f"Not known whether the run has learned from texts of {self.dataset.name}: it keeps no fingerprints of "
                "them, since an older afina wrote it"
            )
        if not shared:
            return None
        found = (
            f"The run has learned from {shared:,} of the {n:,} texts of {self.dataset.name} "
            f"({len(self.overlap.exact):,} exactly, {len(self.overlap.near):,} nearly)"
        )
        if shared == n:
            return f"{found}: there is no honest figure, and what follows tells how well it remembers"
        return f"{found}; the figures are of the other {n - shared:,}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON form that `evaluate --json` documents."""
        overlap, prints = self.overlap, self.fingerprints
        places = {row: match.position for row, match in overlap.matches.items()}
        roles = Counter(prints.roles[place] for place in places.values()) if prints else Counter[str]()
        return {
            "checked": self.checked,
            "exact": len(overlap.exact),
            "near": len(overlap.near),
            "rows": len(overlap.rows),
            "share": len(overlap.rows) / len(self.dataset),
            "by_role": dict(sorted(roles.items())),
            "other_label": sum(self._label(row) != prints.labels[place] for row, place in places.items())
            if prints
            else 0,
            "examples": self._examples(prints) if prints else [],
        }

    def _examples(self, prints: Fingerprints) -> list[dict[str, Any]]:
        # Near matches are what a reader wants to judge for himself; of exact ones a few are enough.
        shown = [("near", row) for row in self.overlap.near[:_NEAR_EXAMPLES].tolist()]
        shown += [("exact", row) for row in self.overlap.exact[:_EXACT_EXAMPLES].tolist()]
        examples = []
        for kind, row in shown:
            match = self.overlap.matches[row]
            examples.append(
                {
                    "kind": kind,
                    "text": self.dataset.texts[row],
                    "label": self._label(row),
                    # Fingerprints hold no texts; the row of the training file leads to it.
                    "training_text": None,
                    "training_row": int(prints.row_numbers[match.position]) or None,
                    "training_label": prints.labels[match.position],
                    "role": prints.roles[match.position],
                    "similarity": round(match.similarity, 3),
                }
            )
        return examples

    def _label(self, row: int) -> str:
        return self.dataset.labels.names[int(self.dataset.label_ids[row])]


def read_fingerprints(run: RunFolder) -> Fingerprints | None:
    """The fingerprints of a run; None where it keeps none, as runs of older versions.

    Raises:
        ModelError: The file is damaged.
    """
    return Fingerprints.read(run.fingerprints) if run.fingerprints.is_file() else None
