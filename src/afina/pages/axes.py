"""What several figures do to their axes: rows with names, figures along an axis, names of a bearable length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from afina.pages.drawing import INK
from afina.pages.plain import clean, count, is_known, shorten

MOST_ROWS = 40
"""Rows that one figure holds; a reader of more needs the table."""
ROW = 21.0
"""Height of a row, in the figure's units."""
NAME = 22
"""Letters of a name beside a figure of the usual width."""


def short(name: Any, longest: int = NAME) -> str:
    """A name, whatever it is, as one line that leaves room for the figure."""
    return shorten(clean(str(name)), longest)


def numbers(values: Sequence[Any]) -> list[float]:
    """Values as numbers, 0 where they are unknown."""
    return [float(value) if is_known(value) else 0.0 for value in values]


def name_rows(axes: Any, names: Sequence[Any], *, longest: int = NAME) -> None:
    """Rows from the top down, each with its name at the left."""
    n = len(names)
    axes.set(ylim=(n - 0.4, -0.6), yticks=range(n), yticklabels=[short(name, longest) for name in names])
    axes.tick_params(axis="y", labelcolor=INK)


def count_axis(axis: Any, *, most: int = 6) -> None:
    """Few and round figures along an axis, with thousands apart."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: count(value)))
    if axis.get_scale() != "log":
        axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))


def percent_axis(axis: Any, *, most: int = 6) -> None:
    """Few and round percentages along an axis of shares."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axis.set_major_formatter(PercentFormatter(1))
    axis.set_major_locator(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]))
