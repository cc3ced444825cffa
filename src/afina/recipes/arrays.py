"""Texts and labels as scikit-learn hands them over: lists, arrays, columns of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.errors import DataError
from afina.labels import LabelSet

_KINDS = "OUSTbiuf"  # of numpy: objects, texts, booleans, numbers; no dates, no complex numbers
_MISSING = ("NAType", "NaTType")


@dataclass(frozen=True)
class Classes:
    """The labels of a problem as the user writes them, and their names in a run."""

    values: npt.NDArray[Any]
    """Distinct labels, sorted, (n_classes,), of the user's own type."""

    @classmethod
    def of(cls, labels: npt.NDArray[Any]) -> Classes:
        """The distinct labels among those of all texts.

        Raises:
            DataError: They are of kinds that cannot be compared.
        """
        try:
            return cls(np.unique(labels))
        except TypeError:
            kinds = sorted({type(label).__name__ for label in labels.tolist()})
            raise DataError(f"Labels are of several kinds: {', '.join(kinds)}", hint="give all as strings") from None

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each, in the same order."""
        return tuple(str(value) for value in self.values.tolist())

    def as_dict(self) -> dict[str, Any]:
        """The form in which a run's manifest keeps them."""
        return {"values": self.values.tolist(), "dtype": self.values.dtype.str}

    @classmethod
    def restore(cls, record: Any, labels: LabelSet) -> Classes:
        """The classes of a run: those it recorded, or else the sorted names of its labels.

        Args:
            record: What `as_dict` gave; of a run that was trained by command there is none.
            labels: The run's labels.

        Raises:
            DataError: The record does not fit the labels.
        """
        if record is None:
            return cls(np.array(sorted(labels)))
        try:
            dtype = np.dtype(record["dtype"])
            classes = cls(np.array(record["values"], dtype=dtype))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"The classes that the run records cannot be read: {error}") from None
        if dtype.kind not in _KINDS or sorted(classes.names) != sorted(labels):
            raise DataError(f"The classes that the run records are not its labels, {', '.join(labels)}")
        return classes


def texts_of(given: Any) -> list[str]:
    """Texts out of a list, an array, a column, or a table of one column.

    Raises:
        DataError: There are several columns, or one of the texts is missing or no string.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DataError(f"Texts are given as a list, an array or a column, not as {type(given).__name__}")
    texts: list[Any] = _column(given, "texts").tolist()
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                f"Text {i:,} is no string but {'missing' if _is_missing(text) else type(text).__name__}: {text!r:.40}",
                hint="leave such rows out, or put an empty string in their place",
            )
    return texts


def labels_of(given: Any, *, n_texts: int) -> npt.NDArray[Any]:
    """Labels, one for each text, (n_texts,).

    Raises:
        DataError: There are none, too few or too many, one is missing, or they are no classes.
    """
    if given is None:
        raise DataError("Labels are needed to fit a classifier: y is None")
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DataError(f"Labels are given as a list, an array or a column, not as {type(given).__name__}")
    labels = _column(given, "labels")
    if len(labels) != n_texts:
        raise DataError(f"{n_texts:,} texts with {len(labels):,} labels")
    for i, label in enumerate(labels.tolist()):
        if _is_missing(label):
            raise DataError(f"Label {i:,} is missing: {label!r}", hint="leave texts without a label out")
        if not isinstance(label, str | int | float):
            raise DataError(
                f"Label {i:,} is a {type(label).__name__}: {label!r:.40}",
                hint="give strings, whole numbers or booleans",
            )
        if isinstance(label, float) and not label.is_integer():
            raise DataError(f"Label {i:,} is a number with a fraction, and no class: {label}")
    return labels


def _column(given: Any, what: str) -> npt.NDArray[Any]:
    """Values as an array of one dimension."""
    if not hasattr(given, "shape"):
        return _array(list(given))
    array = np.asarray(given)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        shape = " x ".join(f"{size:,}" for size in array.shape)
        raise DataError(f"One column of {what} is wanted, not {shape} values", hint='name the column: table["text"]')
    return array


def _array(values: list[Any]) -> npt.NDArray[Any]:
    """A list as an array; numpy makes strings of a mixture, and two dimensions of lists within lists."""
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and issubclass(next(iter(kinds)), str | int | float | np.generic):
        return np.array(values)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ in _MISSING
