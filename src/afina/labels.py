"""Label names and label ids: the only place that maps one to the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afina.errors import DataError

SENTIMENT_ORDER = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class LabelSet:
    """Ordered label names; a label's id is its position.

    Raises:
        DataError: Two names are equal, or there are fewer than two.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise DataError(f"Label names repeat: {', '.join(self.names)}")
        if len(self.names) < 2:
            raise DataError(
                f"A classifier needs at least two labels, found {len(self.names)}: {', '.join(self.names) or 'none'}",
                hint="check the label column, or add examples of the other class",
            )

    @classmethod
    def from_values(cls, values: Iterable[str]) -> LabelSet:
        """Order distinct names: sentiment from negative to positive, numbers by value, the rest alphabetically."""
        distinct = set(values)
        if distinct <= set(SENTIMENT_ORDER):
            return cls(tuple(name for name in SENTIMENT_ORDER if name in distinct))
        if all(name.lstrip("-").isdigit() for name in distinct):
            return cls(tuple(sorted(distinct, key=int)))
        return cls(tuple(sorted(distinct)))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def id_of(self, name: str) -> int:
        """Id of a label name.

        Raises:
            DataError: The name is not one of this set.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise DataError(
                f"Unknown label: {name!r}", hint=f"the labels of this model are {', '.join(self.names)}"
            ) from None

    def ids_of(self, names: Sequence[str]) -> npt.NDArray[np.int64]:
        """Ids of many names, (n_texts,); raises DataError on the first unknown one."""
        ids = {name: self.id_of(name) for name in set(names)}
        return np.fromiter((ids[name] for name in names), dtype=np.int64, count=len(names))

    @property
    def is_sentiment(self) -> bool:
        """Whether the labels are negative and positive, with or without neutral."""
        return {"negative", "positive"} <= set(self.names) <= set(SENTIMENT_ORDER)

    @property
    def positive_id(self) -> int | None:
        """The id that F1, precision and recall are about: the second of two labels, None for more than two."""
        return 1 if len(self) == 2 else None
