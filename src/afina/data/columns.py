"""Which columns hold the text, the title and the label: by the name given, else by usual names, else by content."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from afina.data.sources import Row
from afina.errors import DataError

TEXT_NAMES = (
    "text", "review", "sentence", "content", "comment", "body", "tweet", "review_text", "review_body", "reviewtext",
    "message", "document", "texto", "reseña", "comentario",
)  # fmt: skip
TITLE_NAMES = ("title", "headline", "summary", "subject", "review_title", "título", "titulo")
LABEL_NAMES = (
    "label", "sentiment", "labels", "class", "category", "target", "polarity", "rating", "stars", "score",
    "star_rating", "overall", "etiqueta", "sentimiento",
)  # fmt: skip
NO_COLUMN = "none"
MAX_DISTINCT_LABELS = 50


def as_text(value: object) -> str:
    """A cell as text: nothing for a missing value, the NaN that some readers make of it, or a list or an object."""
    if value is None or (isinstance(value, float) and value != value) or isinstance(value, list | dict):
        return ""
    return str(value)


@dataclass(frozen=True)
class Columns:
    """Names of the columns in use; `label` is None where only texts are wanted."""

    text: str
    title: str | None = None
    label: str | None = None

    def __str__(self) -> str:
        parts = [f"text from {self.text!r}"]
        if self.title:
            parts.append(f"title from {self.title!r}")
        if self.label:
            parts.append(f"label from {self.label!r}")
        return ", ".join(parts)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns in use."""
        return tuple(name for name in (self.text, self.title, self.label) if name is not None)

    def text_of(self, row: Row) -> str:
        """Title and text of a row, joined; an empty string where both are missing."""
        parts = [row.get(self.title)] if self.title else []
        return "\n".join(as_text(part).strip() for part in [*parts, row.get(self.text)]).strip()


def find_columns(
    rows: Sequence[Row],
    *,
    text: str | None = None,
    title: str | None = None,
    label: str | None = None,
    want_label: bool = True,
    need_label: bool = True,
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> Columns:
    """Find the columns from a sample of rows.

    Args:
        rows: Some rows of the source; the first few hundred are enough.
        text: Column given by the user, which must exist.
        title: Likewise; `"none"` for no title.
        label: Likewise.
        want_label: Whether a label is looked for.
        need_label: Whether it is an error that none is found.
        left_out: Columns of the source that `rows` lack since their cells are no plain values, and what they hold.

    Raises:
        DataError: A given column is missing, or none can be found; the message names the columns there are.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in filter(None, (text, title, label)):
        if name in left_out and name not in names:
            raise DataError(
                f"The column {name!r} holds no plain values but {left_out[name]}",
                hint="write it as a flat column; "
                + (f"others are {', '.join(names)}" if names else "there are no others"),
            )
    free = [name for name in names if name not in (label, title)]
    found_text = _given(text, names, "--text-column") or _by_name(free, TEXT_NAMES)
    found_label = None
    if want_label:
        found_label = _given(label, names, "--label-column") or _by_name(
            [name for name in names if name not in (found_text, title)], LABEL_NAMES
        )
    if found_text is None:
        found_text = _longest_text(rows, [name for name in free if name != found_label])
    if found_text is None:
        nested = "".join(f"; {name} holds {kind}, which is no text" for name, kind in left_out.items())
        raise DataError(f"No text column found among: {', '.join(names)}", hint=f"pass --text-column{nested}")
    if want_label and found_label is None:
        found_label = _fewest_values(rows, [name for name in names if name not in (found_text, title)])
        if found_label is None and need_label:
            nested = "".join(f"; {name} holds {kind}, which is no label" for name, kind in left_out.items())
            raise DataError(f"No label column found among: {', '.join(names)}", hint=f"pass --label-column{nested}")
    if title == NO_COLUMN:
        found_title = None
    else:
        others = [name for name in names if name not in (found_text, found_label)]
        found_title = _given(title, names, "--title-column") or _by_name(others, TITLE_NAMES)
    return Columns(found_text, found_title, found_label)


def _given(name: str | None, names: Sequence[str], option: str) -> str | None:
    if name is not None and name not in names:
        raise DataError(f"Column not found: {name!r}", hint=f"columns are {', '.join(names)}; see {option}")
    return name


def _by_name(names: Sequence[str], usual: Sequence[str]) -> str | None:
    plain = {re.sub(r"[\s-]+", "_", name.strip().lower()): name for name in reversed(names)}
    return next((plain[name] for name in usual if name in plain), None)


def _longest_text(rows: Sequence[Row], names: Sequence[str]) -> str | None:
    """The column with the longest strings, if they are many words and mostly distinct."""

    def mean_words(name: str) -> float:
        values = [row.get(name) for row in rows]
        words = [len(value.split()) for value in values if isinstance(value, str)]
        return sum(words) / len(rows) if rows else 0.0

    best = max(names, key=mean_words, default=None)
    if best is None or mean_words(best) < 2:
        return None
    distinct = len({str(row.get(best)) for row in rows})
    return best if distinct > len(rows) / 4 else None


def _fewest_values(rows: Sequence[Row], names: Sequence[str]) -> str | None:
    """The column whose few values repeat, as labels do."""
    counts = {name: len({str(row.get(name)) for row in rows if row.get(name) is not None}) for name in names}
    limit = min(MAX_DISTINCT_LABELS, len(rows) / 2)
    usable = {name: count for name, count in counts.items() if 2 <= count <= limit}
    return min(usable, key=lambda name: usable[name], default=None)
