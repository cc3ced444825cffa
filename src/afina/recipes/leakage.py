"""Which texts of a data set stand in the data that a run was trained on, by the fingerprints that it keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from afina.data import Fingerprints, Match, Overlap, TextDataset, digests_of
from afina.data.similarity import NEAR_JACCARD
from afina.recipes.preparation import PreparedData
from afina.run_folder import RunFolder

LEARNED = ("train", "dev")
"""Roles of the texts that a run's weights were fitted on, or chosen by."""
HELD_OUT = "test"
"""Role of the texts that a run split off its training source to test itself by: known, and not learned from."""
Scored = Literal["new", "held_out", "all"]
_NEAR_EXAMPLES, _EXACT_EXAMPLES = 7, 3


@dataclass(frozen=True)
class Leakage:
    """Texts of one data set that stand, exactly or nearly, in the data that a run was trained on.

    Those that the run held out of these data, or had no time for, count as well: whoever chose the run may have looked
    at its figures there.
    """

    dataset: TextDataset
    fingerprints: Fingerprints | None
    """Of the data the run was trained on; None where it keeps none."""
    overlap: Overlap

    @classmethod
    def look(cls, dataset: TextDataset, fingerprints: Fingerprints | None) -> Leakage:
        """Find which texts of a data set stand in a run's data."""
        if fingerprints is None:
            none = np.zeros(0, dtype=np.int64)
            return cls(dataset, None, Overlap(none, none))
        nearest = fingerprints.overlap(dataset.normal_forms)
        return cls(dataset, fingerprints, _learned_first(nearest, dataset, fingerprints))

    @property
    def checked(self) -> bool:
        """Whether there was anything to look among."""
        return self.fingerprints is not None

    @property
    def new_rows(self) -> npt.NDArray[np.int64]:
        """Positions of the texts that are not in the run's data, as far as is known."""
        return np.setdiff1d(np.arange(len(self.dataset)), self.overlap.rows)

    def rows_with(self, roles: Collection[str]) -> npt.NDArray[np.int64]:
        """Positions of the texts that the run used in one of these roles."""
        known = self.fingerprints.roles if self.fingerprints else []
        matches = self.overlap.matches.items()
        return np.array(sorted(row for row, match in matches if known[match.position] in roles), dtype=np.int64)

    @property
    def scored(self) -> Scored:
        """Which texts the figures are of: the new ones, where none is new those held out, and else all."""
        if len(self.new_rows):
            return "new"
        return "held_out" if len(self.rows_with([HELD_OUT])) else "all"

    @property
    def scored_rows(self) -> npt.NDArray[np.int64]:
        """Positions of these texts."""
        if self.scored == "all":
            return np.arange(len(self.dataset))
        return self.new_rows if self.scored == "new" else self.rows_with([HELD_OUT])

    @property
    def sentence(self) -> str | None:
        """What is to be said of it; None where nothing is shared."""
        n, shared, scored = len(self.dataset), len(self.overlap.rows), len(self.scored_rows)
        if not self.checked:
            return (
                f"Not known whether texts of {self.dataset.name} stand in the run's training data: it keeps no "
                "fingerprints of them, since an older afina wrote it"
            )
        if not shared:
            return None
        # Of its own source a run has not learned all.
        learned_all = len(self.rows_with(LEARNED)) == shared
        place = "the run's training data" if learned_all else "the source that the run was trained on"
        kinds = f"({len(self.overlap.exact):,} exactly, {len(self.overlap.near):,} nearly)"
        if self.scored == "new":
            return (
                f"{shared:,} of the {n:,} texts of {self.dataset.name} stand in {place} {kinds}; the figures are of "
                f"the other {scored:,}"
            )
        found = f"All {n:,} texts of {self.dataset.name} stand in {place} {kinds}"
        if self.scored == "held_out":
            return f"{found}; the figures are of the {scored:,} that it held out for its own test"
        if not len(self.rows_with(LEARNED)):
            return f"{found}, though it had no time to learn them: the figures say nothing of texts from elsewhere"
        return f"{found}: there is no honest figure, only how well it remembers"

    def as_dict(self, training: TextDataset | None = None) -> dict[str, Any]:
        """The JSON form that `evaluate --json` documents.

        Args:
            training: The run's training texts where its source still holds them, to be shown beside the shared ones.
        """
        overlap, prints = self.overlap, self.fingerprints
        places = {row: match.position for row, match in overlap.matches.items()}
        roles = Counter(prints.roles[place] for place in places.values()) if prints else Counter[str]()
        return {
            "checked": self.checked,
            "sentence": self.sentence,
            "exact": len(overlap.exact),
            "near": len(overlap.near),
            "rows": len(overlap.rows),
            "share": len(overlap.rows) / len(self.dataset),
            "by_role": dict(sorted(roles.items())),
            "other_label": sum(self._label(row) != prints.labels[place] for row, place in places.items())
            if prints
            else 0,
            "examples": self._examples(prints, training) if prints else [],
        }

    def _examples(self, prints: Fingerprints, training: TextDataset | None) -> list[dict[str, Any]]:
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
                    "training_text": _training_text(prints, match.position, training),
                    "training_row": int(prints.row_numbers[match.position]) or None,
                    "training_label": prints.labels[match.position],
                    "role": prints.roles[match.position],
                    "similarity": round(match.similarity, 3),
                }
            )
        return examples

    def _label(self, row: int) -> str:
        return self.dataset.labels.names[int(self.dataset.label_ids[row])]


def _learned_first(nearest: Overlap, dataset: TextDataset, prints: Fingerprints) -> Overlap:
    """The overlap in which a text that is like one the run learned from counts as that, whatever else is nearer."""
    is_learned = np.array([role in LEARNED for role in prints.roles], dtype=bool)
    rows = [row for row, match in nearest.matches.items() if not is_learned[match.position]]
    if not rows:
        return nearest
    places = np.flatnonzero(is_learned)
    again = prints.select(places).overlap([dataset.normal_forms[row] for row in rows])
    found = {
        rows[i]: Match(int(places[match.position]), match.similarity)
        for i, match in again.matches.items()
        # A run divides its own source so that no text held out is as similar as this to one it learned; texts that
        # differ in one word of a few are not kept together, and stay held out.
        if match.similarity >= NEAR_JACCARD
    }
    # The first equal text is the one it learned from, if there is one: what is found now is only nearly so.
    moved = np.array(sorted(found), dtype=np.int64)
    return Overlap(
        np.setdiff1d(nearest.exact, moved),
        np.union1d(nearest.near, moved),
        dict(sorted((nearest.matches | found).items())),
    )


def _training_text(prints: Fingerprints, position: int, training: TextDataset | None) -> str | None:
    """The text behind a fingerprint, if it still stands in the row of its source; fingerprints themselves hold none."""
    if training is None or training.row_numbers is None or prints.roles[position] != "train":
        return None
    for i in np.flatnonzero(training.row_numbers == prints.row_numbers[position]):
        if digests_of([training.normal_forms[int(i)]])[0] == prints.digests[position]:
            return training.texts[int(i)]
    return None


def fingerprint(data: PreparedData, learned: TextDataset) -> Fingerprints:
    """What a run keeps of its data: those it learned from, its dev texts, and what else the training source held.

    Args:
        data: Texts that were used, and the whole they were taken from.
        learned: Texts that the run's answers rest on.
    """
    parts = {"train": learned, "dev": data.whole.get("dev", data.dev)}
    known = {form for dataset in parts.values() for form in dataset.normal_forms}
    for role, part in (("unused", "train"), (HELD_OUT, "test")):
        if part in data.whole:
            forms = data.whole[part].normal_forms
            left = np.array([i for i, form in enumerate(forms) if form not in known], dtype=np.int64)
            parts[role] = data.whole[part].select(left)
    return Fingerprints.of(parts)


def read_fingerprints(run: RunFolder) -> Fingerprints | None:
    """The fingerprints of a run; None where it keeps none, as runs of older versions.

    Raises:
        ModelError: The file is damaged.
    """
    return Fingerprints.read(run.fingerprints) if run.fingerprints.is_file() else None
