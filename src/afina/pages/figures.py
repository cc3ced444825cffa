"""Figures as inline SVG: each takes plain numbers and a title, and gives "" where there is nothing to draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from afina.pages.axes import MOST_ROWS, NAME, ROW, count_axis, name_rows, numbers, short
from afina.pages.drawing import BLUE, FONT, GREEN, INK, ORANGE, RULE, VERMILION, WIDTH, canvas, to_svg
from afina.pages.plain import UNKNOWN, count, decimal, is_known, percent

__all__ = ["bars", "cluster_sizes", "dots", "heat_map", "histogram", "intervals", "ranges", "scatter"]

_STRONGEST = 0.55
_FORMATS = {"count": count, "decimal": decimal, "percent": percent}


def histogram(
    counts: Sequence[Any],
    edges: Sequence[Any],
    *,
    title: str,
    unit: str,
    marks: Sequence[int] = (),
    longest: Any = None,
) -> str:
    """Columns of how many texts are how long.

    Args:
        counts: Texts by bin, (n_bins,).
        edges: Where bins begin and end, (n_bins + 1,).
        title: Its name for those who hear the page.
        unit: What lengths are counted in.
        marks: Lengths at which a dashed line stands; those beyond the last edge are left out.
        longest: Length of the longest text; the last column has another colour where it holds longer ones than its
            edges say.
    """
    counts, edges = list(counts or ()), list(edges or ())
    if not any(map(is_known, counts)) or len(edges) != len(counts) + 1 or not all(map(is_known, edges)):
        return ""
    heights = numbers(counts)
    overflows = is_known(longest) and longest > edges[-1]
    widths = [after - before for before, after in pairwise(edges)]
    with canvas(190) as (figure, axes):
        colours = [BLUE] * len(heights)
        if overflows:
            colours[-1] = ORANGE
        gap = 0.12 * min(widths)
        axes.bar(
            [edge + gap / 2 for edge in edges[:-1]], heights, [w - gap for w in widths], align="edge", color=colours
        )
        top = max(*heights, 1) * 1.05
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, top), xlabel=short(unit))
        written = -math.inf
        for mark in sorted(mark for mark in marks if edges[0] < mark < edges[-1]):
            axes.axvline(mark, color=INK, linestyle=(0, (3, 3)), linewidth=1)
            # A name that would touch the one before it is left out; its line stands.
            if mark - written > 0.09 * (edges[-1] - edges[0]):
                axes.text(mark, top, str(mark), color=INK, ha="center", va="bottom")
                written = mark
        axes.grid(axis="y")
        count_axis(axes.yaxis)
        count_axis(axes.xaxis)
        fullest = max(range(len(heights)), key=heights.__getitem__)
        told = f"{count(int(sum(heights)))} texts; the fullest of {len(heights)} columns is "
        told += f"{count(edges[fullest])} to {count(edges[fullest + 1])} {unit}, with {count(heights[fullest])}."
        if overflows:
            told += f" The last column holds all longer ones, up to {count(longest)}."
        return to_svg(figure, title=title, description=told)


def bars(names: Sequence[Any], values: Sequence[Any], *, title: str, form: str = "count") -> str:
    """A horizontal bar by name, the value written behind it.

    Args:
        names: What the bars stand for; of more than 40 the first are drawn.
        values: Their lengths, (n_names,); unknown ones are told to be so.
        title: Its name for those who hear the page.
        form: How values are written: `count`, `decimal` or `percent`.
    """
    return _rows(names, values, title=title, form=form, as_dots=False)


def dots(names: Sequence[Any], values: Sequence[Any], *, title: str, form: str = "decimal") -> str:
    """As `bars`, with a dot where the bar would end; for figures whose zero says little."""
    return _rows(names, values, title=title, form=form, as_dots=True)


def _rows(names: Sequence[Any], values: Sequence[Any], *, title: str, form: str, as_dots: bool) -> str:
    told = list(zip(list(names or ()), list(values or ()), strict=False))[:MOST_ROWS]
    if not any(is_known(value) for _, value in told):
        return ""
    lengths = numbers([value for _, value in told])
    shown = [_FORMATS[form](value) for _, value in told]
    places = range(len(told))
    with canvas(16 + ROW * len(told)) as (figure, axes):
        name_rows(axes, [name for name, _ in told])
        end = max(*lengths, 1e-9)
        # Room behind the longest bar for what is written there.
        axes.set(xlim=(min(0, *lengths), end * (1.08 + 0.03 * max(map(len, shown)))), xticks=[])
        axes.spines["bottom"].set_visible(False)
        if as_dots:
            axes.hlines(places, 0, end, color=RULE, linewidth=0.8)
            axes.plot(lengths, places, "o", color=BLUE, markersize=7, clip_on=False)
        else:
            axes.barh(places, lengths, height=0.62, color=BLUE)
        for place, length, text in zip(places, lengths, shown, strict=True):
            at = end if as_dots else max(length, 0)
            axes.text(at + end * (0.04 if as_dots else 0.025), place, text, color=INK, va="center")
        listed = "; ".join(f"{short(name)}: {text}" for (name, _), text in zip(told, shown, strict=True))
        return to_svg(figure, title=title, description=f"{listed}.")


def cluster_sizes(sizes: Mapping[Any, Any], *, title: str) -> str:
    """Columns of how many groups of repeated texts have 2, 3, ... texts; large sizes share a column.

    Args:
        sizes: Groups by size; sizes may be digits, as in JSON.
        title: Its name for those who hear the page.
    """
    columns: dict[tuple[int, int], int] = {}
    for size, groups in sorted((int(size), groups) for size, groups in (sizes or {}).items() if is_known(groups)):
        if size <= 6:
            first = last = size
        else:
            first = 7 if size < 10 else 10 ** int(math.log10(size))
            last = 9 if size < 10 else first * 10 - 1
        columns[first, last] = columns.get((first, last), 0) + groups
    if not columns:
        return ""
    names = [f"{a:,}" if a == b else f"{a:,}–{b:,}" for a, b in columns]
    heights = list(columns.values())
    with canvas(170) as (figure, axes):
        axes.bar(range(len(heights)), heights, width=min(0.7, 0.14 * len(heights)), color=BLUE)
        axes.set(
            xticks=range(len(names)), xticklabels=names, yticks=[], xlim=(-0.6, len(names) - 0.4),
            ylim=(0, max(*heights, 1) * 1.15), xlabel="texts in a group",
        )  # fmt: skip
        for place, height in enumerate(heights):
            axes.text(place, height, count(height), ha="center", va="bottom", color=INK)
        told = "; ".join(f"{count(n)} groups of {name}" for name, n in zip(names, heights, strict=True))
        return to_svg(figure, title=title, description=f"{told}.")


def heat_map(names: Sequence[Any], matrix: Sequence[Sequence[Any]], *, title: str) -> str:
    """A square of shares, each written in its cell; the stronger the colour, the larger the share.

    Args:
        names: Names of rows and columns.
        matrix: Shares from 0 to 1, (n_names, n_names); unknown ones stay blank.
        title: Its name for those who hear the page.
    """
    names, matrix = [short(name, 16) for name in names or ()], [list(row) for row in matrix or ()]
    n = len(names)
    if not n or len(matrix) != n or any(len(row) != n for row in matrix):
        return ""
    width = max(WIDTH, 90 + 40 * n)
    with canvas(30 + 4.6 * max(map(len, names)) + 34 * n, width=width) as (figure, axes):
        axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), xticks=range(n), yticks=range(n), yticklabels=names)
        axes.set_xticklabels(names, rotation=40, ha="left", rotation_mode="anchor")
        axes.tick_params(labelcolor=INK, length=0, labeltop=True, labelbottom=False)
        axes.spines["bottom"].set_visible(False)
        told = []
        for row, values in enumerate(matrix):
            for column, value in enumerate(values):
                share = min(max(value, 0), 1) if is_known(value) else 0
                axes.barh(
                    row, 0.94, left=column - 0.47, height=0.92, color=BLUE, alpha=round(0.03 + share * _STRONGEST, 3)
                )
                axes.text(column, row, decimal(value), ha="center", va="center", color=INK, fontsize=FONT - 1)
                if column > row and is_known(value):
                    told.append(f"{names[row]} and {names[column]}: {decimal(value)}")
        return to_svg(figure, title=title, description=f"{'; '.join(told) or UNKNOWN}.")


def ranges(rows: Sequence[Mapping[str, Any]], *, title: str, unit: str, mark: Any = None) -> str:
    """Lengths by name: a thin line from the 5th to the 95th percentile, a thick one for the middle half, a dot between.

    Args:
        rows: `name`, `p5`, `p25`, `median`, `p75` and `p95` of each; rows that lack one are left out.
        title: Its name for those who hear the page.
        unit: What lengths are counted in.
        mark: A length at which a dashed line stands.
    """
    keys = ("p5", "p25", "median", "p75", "p95")
    rows = [row for row in rows or () if all(is_known(row.get(key)) for key in keys)][:MOST_ROWS]
    if not rows:
        return ""
    with canvas(52 + ROW * len(rows)) as (figure, axes):
        name_rows(axes, [row.get("name") for row in rows])
        for place, row in enumerate(rows):
            axes.plot([row["p5"], row["p95"]], [place, place], color=BLUE, linewidth=1.4)
            axes.plot(
                [row["p25"], row["p75"]], [place, place], color=BLUE, linewidth=7, solid_capstyle="butt", alpha=0.6
            )
            axes.plot([row["median"]], [place], "o", color=INK, markersize=5)
        axes.set(xlim=(0, max(row["p95"] for row in rows) * 1.05 or 1), xlabel=short(unit))
        axes.grid(axis="x")
        count_axis(axes.xaxis)
        if is_known(mark) and mark < axes.get_xlim()[1]:
            axes.axvline(mark, color=VERMILION, linestyle=(0, (3, 3)), linewidth=1.2)
        told = "; ".join(
            f"{short(row.get('name'))}: median {count(row['median'])}, nine in ten from {count(row['p5'])} to "
            f"{count(row['p95'])}"
            for row in rows
        )
        return to_svg(figure, title=title, description=f"{told} {unit}.")


def intervals(
    rows: Sequence[Mapping[str, Any]], *, title: str, unit: str, mark: Any = None, width: float = WIDTH
) -> str:
    """A dot for each estimate and a line over its interval; the axis begins near the lowest.

    Args:
        rows: `name`, `value`, `low` and `high` of each; rows that lack one are left out. Those with `is_worse` are
            squares in another colour.
        title: Its name for those who hear the page.
        unit: What is estimated.
        mark: A value to compare with, at which a dashed line stands.
        width: Width of the figure; a wider one has room for longer names.
    """
    rows = [row for row in rows or () if all(is_known(row.get(key)) for key in ("value", "low", "high"))][:MOST_ROWS]
    if not rows:
        return ""
    with canvas(52 + ROW * len(rows), width=width) as (figure, axes):
        name_rows(axes, [row.get("name") for row in rows], longest=round(NAME * width**2 / WIDTH**2))
        for place, row in enumerate(rows):
            is_worse = bool(row.get("is_worse"))
            axes.plot([row["low"], row["high"]], [place, place], color=VERMILION if is_worse else BLUE, linewidth=2.4)
            axes.plot([row["value"]], [place], "s" if is_worse else "o", color=INK, markersize=6)
        axes.set(xlabel=short(unit))
        axes.grid(axis="x")
        if is_known(mark):
            axes.axvline(mark, color=VERMILION, linestyle=(0, (3, 3)), linewidth=1.2)
        told = "; ".join(
            f"{short(row.get('name'))}: {decimal(row['value'], 3)}, from {decimal(row['low'], 3)} to "
            f"{decimal(row['high'], 3)}"
            for row in rows
        )
        return to_svg(figure, title=title, description=f"{told}.")


def scatter(points: Sequence[Sequence[Any]], *, title: str, x: str, y: str, log_x: bool = False) -> str:
    """A named dot for each pair of figures.

    Args:
        points: Name, x and y of each; those with an unknown figure are left out.
        title: Its name for those who hear the page.
        x: What lies along x.
        y: What lies along y.
        log_x: Whether equal steps along x multiply; points at 0 or below are then left out.
    """
    drawn = [
        (short(name), across, up)
        for name, across, up in points or ()
        if is_known(across) and is_known(up) and (across > 0 or not log_x)
    ][:MOST_ROWS]
    if not drawn:
        return ""
    with canvas(250) as (figure, axes):
        axes.set(xlabel=short(x), ylabel=short(y), xscale="log" if log_x else "linear")
        axes.margins(0.14)
        axes.plot([point[1] for point in drawn], [point[2] for point in drawn], "o", color=GREEN, markersize=7)
        axes.grid()
        count_axis(axes.xaxis)
        figure.draw_without_rendering()
        _name_points(axes, drawn)
        told = "; ".join(f"{name}: {x} {count(across)}, {y} {decimal(up)}" for name, across, up in drawn)
        return to_svg(figure, title=title, description=f"{told}.")


def _name_points(axes: Any, points: Sequence[tuple[str, float, float]]) -> None:
    """Write each name beside its dot, where it covers no dot and no other name if there is such a place."""
    places = [tuple(axes.transData.transform((across, up))) for _, across, up in points]
    frame = axes.get_window_extent()
    taken = [(px - 5, py - 5, px + 5, py + 5) for px, py in places]
    for (name, across, up), (px, py) in zip(points, places, strict=True):
        wide, best = len(name) * FONT * 0.58, None
        for dx, dy in (
            (8, -4),
            (-8 - wide, -4),
            (-wide / 2, 8),
            (-wide / 2, -18),
            *((8, s) for s in (10, -20, 24, -34)),
        ):
            box = (px + dx, py + dy, px + dx + wide, py + dy + FONT)
            outside = box[0] < frame.x0 or box[2] > frame.x1 + 4 or box[1] < frame.y0 or box[3] > frame.y1
            cost = 2 * outside + sum(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken)
            if best is None or cost < best[0]:
                best = (cost, dx, dy, box)
        if best is not None:
            taken.append(best[3])
            axes.annotate(name, (across, up), (best[1], best[2]), textcoords="offset points", color=INK, va="bottom")
