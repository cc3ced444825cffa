"""The texts of a source laid out for looking at: what is blank, what repeats, what contradicts itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data.cleaning import clean_text, normalise
from afina.data.label_values import LabelMapping
from afina.data.loading import map_labels
from afina.data.reading import RawText, RawTexts
from afina.data.similarity import find_clusters
from afina.data.words import find_words

_LARGEST, _TEXTS_OF_A_CLUSTER, _CONFLICTS = 5, 3, 5


@dataclass(frozen=True)
class Inspection:
    """Rows with a text, side by side with their cleaned texts, normal forms and label names.

    Args:
        rows: Rows as they stand; blank ones are not among them.
        texts: Their cleaned texts.
        forms: The normal forms of these.
        labels: Label name of each; None where there is none, or where it was set aside.
        blank: Rows without a text.
        mapping: How label values became names.
    """

    rows: Sequence[RawText]
    texts: Sequence[str]
    forms: Sequence[str]
    labels: Sequence[str | None]
    blank: int
    mapping: LabelMapping

    @classmethod
    def of(cls, raw: RawTexts, *, keep_labels: bool = False) -> Inspection:
        """Lay out the texts of a source.

        Raises:
            DataError: The label column holds too many values to be labels.
        """
        cleaned = [(row, clean_text(row.text)) for row in raw.texts]
        rows = [row for row, text in cleaned if text]
        texts = [text for _, text in cleaned if text]
        mapping = map_labels([row.value for row in rows if row.value is not None], raw, keep_labels=keep_labels)
        return cls(
            rows,
            texts,
            [normalise(text) for text in texts],
            [mapping.names.get(row.value or "") for row in rows],
            len(raw.texts) - len(rows),
            mapping,
        )

    @cached_property
    def forms_as_they_stand(self) -> list[str]:
        """Normal forms of the texts before tags and entities were cleaned away."""
        return [
            normalise(row.text) if "<" in row.text or "&" in row.text else form
            for row, form in zip(self.rows, self.forms, strict=True)
        ]

    @cached_property
    def n_words(self) -> npt.NDArray[np.int64]:
        """Number of words of each text, (n_rows,)."""
        return np.array([len(find_words(text)) for text in self.texts], dtype=np.int64)

    @cached_property
    def clusters(self) -> npt.NDArray[np.int64]:
        """Cluster of equal and nearly equal texts that each row belongs to, (n_rows,)."""
        return find_clusters(self.forms)

    def by_label(self) -> dict[str, list[int]]:
        """Positions of the rows of each label, labels in the order of their names."""
        positions: dict[str, list[int]] = defaultdict(list)
        for position, label in enumerate(self.labels):
            if label is not None:
                positions[label].append(position)
        return dict(sorted(positions.items()))

    def duplicates(self) -> dict[str, Any]:
        """Rows that repeat an earlier one, exactly or nearly, and the largest groups of such rows."""
        distinct = len(set(self.forms))
        sizes = np.bincount(self.clusters)
        members: dict[int, list[int]] = defaultdict(list)
        large = {int(cluster) for cluster in np.argsort(-sizes, kind="stable")[:_LARGEST] if sizes[cluster] > 1}
        for position, cluster in enumerate(self.clusters.tolist()):
            if cluster in large:
                members[cluster].append(position)
        return {
            "exact": len(self.forms) - len(set(self.forms_as_they_stand)),
            "exact_after_cleaning": len(self.forms) - distinct,
            "near": distinct - len(sizes),
            "clusters": int((sizes > 1).sum()),
            "cluster_sizes": {str(size): int(n) for size, n in enumerate(np.bincount(sizes)) if size > 1 and n},
            "largest": [self._cluster(positions) for positions in sorted(members.values(), key=lambda p: -len(p))],
        }

    def _cluster(self, positions: Sequence[int]) -> dict[str, Any]:
        texts = list(dict.fromkeys(self.texts[i] for i in positions))
        return {
            "size": len(positions),
            "labels": dict(Counter(self.labels[i] or "none" for i in positions)),
            "texts": texts[:_TEXTS_OF_A_CLUSTER],
        }

    def conflicts(self) -> dict[str, Any]:
        """Equal texts with different labels, and groups of near-duplicates of which that is true."""
        groups: dict[str, list[int]] = defaultdict(list)
        for position, form in enumerate(self.forms):
            if self.labels[position] is not None:
                groups[form].append(position)
        split = [rows for rows in groups.values() if len({self.labels[i] for i in rows}) > 1]
        examples = [
            {"texts": [{"text": self.texts[i], "label": self.labels[i], "row": self.rows[i].row} for i in rows[:4]]}
            for rows in split[:_CONFLICTS]
        ]
        labels: dict[int, set[str]] = defaultdict(set)
        exact = {int(self.clusters[rows[0]]) for rows in split}
        for cluster, label in zip(self.clusters.tolist(), self.labels, strict=True):
            if label is not None:
                labels[cluster].add(label)
        near = [cluster for cluster, found in labels.items() if len(found) > 1 and cluster not in exact]
        return {
            "groups": len(split),
            "rows": sum(map(len, split)),
            "examples": examples,
            "near_groups": len(near),
            "near_examples": [self._pair(cluster) for cluster in near[:_CONFLICTS]],
        }

    def _pair(self, cluster: int) -> dict[str, Any]:
        """Two rows of a cluster with different labels."""
        at = [i for i in np.flatnonzero(self.clusters == cluster).tolist() if self.labels[i] is not None]
        other = next(i for i in at if self.labels[i] != self.labels[at[0]])
        return {
            "texts": [{"text": self.texts[i], "label": self.labels[i], "row": self.rows[i].row} for i in (at[0], other)]
        }
