"""Texts with label ids: what the data room gives to all others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from afina.data.cleaning import normalise
from afina.data.similarity import find_clusters
from afina.errors import DataError
from afina.labels import LabelSet


@dataclass(frozen=True)
class TextDataset:
    """Texts, and one label id for each.

    Args:
        texts: The texts, cleaned.
        label_ids: Label id of each text, (n_texts,) int64.
        labels: What the ids mean.
        name: Short name for tables, such as the file's stem.
        row_numbers: Row of the source each text comes from, counted from 1, (n_texts,); None where there is no source.
        groups: Which texts belong together and must not be divided, one name a text; None where nothing says so.
    """

    texts: Sequence[str]
    label_ids: npt.NDArray[np.int64]
    labels: LabelSet
    name: str = "data"
    row_numbers: npt.NDArray[np.int64] | None = None
    groups: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.label_ids):
            raise DataError(f"{len(self.texts):,} texts with {len(self.label_ids):,} labels")

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def normal_forms(self) -> Sequence[str]:
        """The normal form of each text, in which duplicates and leaks are looked for; made once."""
        return [normalise(text) for text in self.texts]

    @cached_property
    def clusters(self) -> npt.NDArray[np.int64]:
        """Cluster of equal and nearly equal texts that each text belongs to, (n_texts,); found once."""
        return find_clusters(self.normal_forms)

    def select(self, indices: npt.NDArray[np.int64], *, name: str | None = None) -> TextDataset:
        """The rows at these positions, in this order."""
        selected = replace(
            self,
            texts=[self.texts[i] for i in indices],
            label_ids=self.label_ids[indices],
            name=name or self.name,
            row_numbers=None if self.row_numbers is None else self.row_numbers[indices],
            groups=None if self.groups is None else [self.groups[i] for i in indices],
        )
        if "normal_forms" in self.__dict__:
            selected.__dict__["normal_forms"] = [self.normal_forms[i] for i in indices]
        return selected

    def without(self, rows: npt.NDArray[np.int64]) -> TextDataset:
        """The other rows, in their order."""
        return self.select(np.setdiff1d(np.arange(len(self)), rows)) if len(rows) else self

    def counts(self) -> dict[str, int]:
        """Number of texts by label name, in label order."""
        counts = np.bincount(self.label_ids, minlength=len(self.labels))
        return {name: int(count) for name, count in zip(self.labels, counts, strict=True)}

    def fingerprint(self) -> str:
        """sha256 over texts and label names in order: equal data, equal fingerprint."""
        digest = hashlib.sha256()
        for text, label_id in zip(self.texts, self.label_ids, strict=True):
            digest.update(f"{self.labels.names[label_id]}\0{text}\0".encode(errors="surrogatepass"))
        return digest.hexdigest()
