"""The texts of a source as they stand, with the values of their label and group columns: nothing dropped or changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice

from afina.data.columns import NO_COLUMN, Columns, find_columns
from afina.data.label_values import canonical
from afina.data.sampling import StratifiedReservoir
from afina.data.sources import FileNotes, Row, open_source, public_name
from afina.errors import DataError

_ROWS_TO_FIND_COLUMNS = 500
# More values than this are no labels, and a sample need not keep the share of each.
_MOST_STRATA = 1000


@dataclass(frozen=True)
class RawText:
    """One row of a source."""

    row: int
    """Its number, from 1, among the rows that could be understood."""
    text: str
    """Title and text, as they stand."""
    value: str | None = None
    """What stands in the label column; None for nothing."""
    group: str | None = None
    """What stands in the group column, if one was named."""


@dataclass
class RawTexts:
    """The texts of a source, or a random part of them."""

    texts: list[RawText]
    columns: Columns
    files: list[FileNotes] = field(default_factory=list)
    n_rows: int = 0
    """Rows of the source, those left out by sampling counted."""
    sorted_by_label: bool = False
    """All rows of a label stand together, in more rows than chance would have it."""

    @property
    def is_sample(self) -> bool:
        """Whether rows were left out because there are too many."""
        return len(self.texts) < self.n_rows


def read_texts(
    source: str,
    *,
    text_column: str | None = None,
    title_column: str | None = None,
    label_column: str | None = None,
    group_column: str | None = None,
    want_label: bool = True,
    need_label: bool = True,
    if_there: bool = False,
    max_rows: int | None = None,
    seed: int = 0,
) -> RawTexts:
    """Read a source, holding no more than `max_rows` rows of it.

    Args:
        source: What `open_source` takes.
        text_column: Column with the text, if it is not to be found by itself.
        title_column: Column put before the text; `"none"` for no title.
        label_column: Column with the label.
        group_column: Column that says which rows belong together.
        want_label: Whether a label column is looked for.
        need_label: Whether it is an error that there is none.
        if_there: Named columns that this source lacks are found by themselves, as if they were not named.
        max_rows: Rows to hold; of more, a random part with the label mix of the whole. None holds all.
        seed: Seed of that part.

    Raises:
        DataError: The source cannot be read, is empty, or has no such columns.
    """
    rows, files = open_source(source)
    head = list(islice(rows, _ROWS_TO_FIND_COLUMNS))
    if not head:
        raise DataError(f"No rows in {public_name(source)}")
    if group_column is not None and not any(group_column in row for row in head):
        there = dict.fromkeys(name for row in head for name in row)
        raise DataError(f"Column not found: {group_column!r}", hint=f"columns are {', '.join(there)}")
    if if_there:
        names = {name for row in head for name in row} | {NO_COLUMN}
        text_column, title_column, label_column = (
            name if name in names else None for name in (text_column, title_column, label_column)
        )
    find = partial(
        find_columns,
        text=text_column,
        title=title_column,
        label=label_column,
        want_label=want_label,
        need_label=need_label,
        left_out={name: kind for notes in files for name, kind in notes.left_out.items()},
    )
    columns = find(head)
    if group_column is not None and columns.label == group_column != label_column:
        # A few authors look like labels.
        columns = find([{name: cell for name, cell in row.items() if name != group_column} for row in head])
    reservoir: StratifiedReservoir[RawText] = StratifiedReservoir(max_rows, seed)
    runs, before = 0, object()
    for text in _raw_texts(chain(head, rows), columns, group_column):
        runs, before = runs + (text.value != before), text.value
        is_stratum = text.value in reservoir.seen or len(reservoir.seen) < _MOST_STRATA
        reservoir.add(text, text.value if is_stratum else None)
    n_rows = reservoir.seen.total()
    # Two labels of a few rows stand together by chance; a hundred rows do not.
    is_sorted = runs == len(reservoir.seen) and runs > 1 and n_rows >= 10 * runs
    return RawTexts(reservoir.items(), columns, files, n_rows, is_sorted)


def _raw_texts(rows: chain[Row], columns: Columns, group_column: str | None) -> Iterator[RawText]:
    for number, row in enumerate(rows, 1):
        value = canonical(row.get(columns.label)) if columns.label else None
        group = canonical(row.get(group_column)) if group_column else None
        yield RawText(number, columns.text_of(row), value, group)
