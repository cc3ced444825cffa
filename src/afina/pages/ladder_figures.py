"""The figure of a ladder: what each rung makes of how many minutes, and which rungs no other beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from afina.pages.axes import MOST_ROWS, short
from afina.pages.drawing import BLUE, FONT, INK, MUTED, RULE, canvas, to_svg
from afina.pages.plain import decimal, is_known

__all__ = ["pareto_front"]

_WIDTH = 560
# What takes less, or no training at all, stands at this many minutes: a logarithm knows no zero.
_LEAST_MINUTES = 0.001
_TICKS = {0.001: "none", 0.01: "0.6 s", 0.1: "6 s", 1.0: "1 min", 10.0: "10 min", 100.0: "100 min", 1000.0: "1,000 min"}
_LINE = FONT + 2.5
_LONGEST = 30
# Dots nearer than this, in pixels, share a column of names; the more names, the higher the column.
_NEAR_ACROSS, _NEAR_UP = 70.0, 16.0

Box = tuple[float, float, float, float]


class _Dot(NamedTuple):
    """A rung as it is drawn."""

    name: str
    minutes: float
    value: float
    low: float
    high: float
    is_on_front: bool


class _Placed(NamedTuple):
    """A dot at its place, in pixels."""

    dot: _Dot
    x: float
    y: float


def pareto_front(rungs: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """A dot for each rung at its minutes and accuracy, with its interval, and a line through the Pareto front.

    Args:
        rungs: `title`, `minutes`, `accuracy` with its interval, and `pareto` of each; what lacks a figure is left out.
        title: Its name for those who hear the page.
    """
    dots = [dot for rung in rungs or () if (dot := _dot(rung)) is not None][:MOST_ROWS]
    if not dots:
        return ""
    latest = max(1.0, *(dot.minutes for dot in dots))
    with canvas(320, width=_WIDTH) as (figure, axes):
        front = sorted((dot.minutes, dot.value) for dot in dots if dot.is_on_front)
        axes.plot(*zip(*front, strict=True) if front else ([], []), color=BLUE, linewidth=1.4)
        for dot in dots:
            colour = BLUE if dot.is_on_front else MUTED
            axes.plot([dot.minutes] * 2, [dot.low, dot.high], color=colour, linewidth=1)
            fill = "full" if dot.is_on_front else "none"
            axes.plot([dot.minutes], [dot.value], "o", color=colour, fillstyle=fill, markersize=6.5)
        axes.set(xscale="log", xlabel="time of training, logarithmic", ylabel="accuracy, 95 % interval")
        # Names stand at the right of their dots.
        axes.set_xlim(_LEAST_MINUTES / 1.6, latest * 45)
        ticks = [tick for tick in _TICKS if tick <= 2 * latest]
        axes.set_xticks(ticks, [_TICKS[tick] for tick in ticks])
        axes.minorticks_off()
        axes.grid(axis="y")
        figure.draw_without_rendering()
        _name_dots(axes, dots)
        told = "; ".join(
            f"{dot.name}: accuracy {decimal(dot.value, 3)} after {decimal(dot.minutes)} minutes"
            f"{', on the front' if dot.is_on_front else ''}"
            for dot in dots
        )
        return to_svg(figure, title=title, description=f"{told}.")


def _dot(rung: Mapping[str, Any]) -> _Dot | None:
    minutes, accuracy = rung.get("minutes"), rung.get("accuracy")
    found = [accuracy.get(key) for key in ("value", "low", "high")] if isinstance(accuracy, Mapping) else [None]
    if minutes is None or not all(map(is_known, (minutes, *found))):
        return None
    value, low, high = (float(figure or 0) for figure in found)
    name, on_front = short(rung.get("title"), _LONGEST), rung.get("pareto") is True
    return _Dot(name, max(float(minutes), _LEAST_MINUTES), value, low, high, on_front)


def _name_dots(axes: Any, dots: Sequence[_Dot]) -> None:
    """Write each name at the right of its dot; names of dots close together stand below each other, in their order."""
    to_pixels, frame = axes.transData.transform, axes.get_window_extent()
    placed = [_Placed(dot, *(float(place) for place in to_pixels((dot.minutes, dot.value)))) for dot in dots]
    front = sorted((x, y) for dot, x, y in placed if dot.is_on_front)
    in_the_way = [box for line in pairwise(front) for box in _boxes_along(*line)]
    for dot, x, y in placed:
        low, high = (float(to_pixels((dot.minutes, value))[1]) for value in (dot.low, dot.high))
        in_the_way += [(x - 5, y - 5, x + 5, y + 5), (x - 2, low, x + 2, high)]
    for group in _groups(placed):
        left, n = max(x for _, x, _ in group) + 10, len(group)
        middle = sum(y for _, _, y in group) / n
        # As near to the dots as nothing is in the way, or else where least is.
        choices = (
            [middle + shift + _LINE * ((n - 1) / 2 - i) for i in range(n)]
            for step in range(30)
            for shift in (step * _LINE / 3, -step * _LINE / 3)
        )
        chosen = min(choices, key=lambda heights: _cost(group, left, heights, in_the_way, (frame.y0, frame.y1)))
        for (dot, x, y), height in zip(group, chosen, strict=True):
            in_the_way.append(_box(dot.name, left, height))
            is_away = abs(height - y) > _LINE / 2 or left - x > 12
            leader = {"arrowstyle": "-", "color": RULE, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 4}
            axes.annotate(
                dot.name, (dot.minutes, dot.value), (left - x, height - y), textcoords="offset points", color=INK,
                va="center", arrowprops=leader if is_away else None,
            ).set_in_layout(False)  # fmt: skip


def _groups(placed: Sequence[_Placed]) -> list[list[_Placed]]:
    """Dots so close together that their names would meet, each group from the top down."""
    groups: list[list[_Placed]] = []
    for one in sorted(placed, key=lambda dot: dot[1]):
        near = [
            group for group in groups
            if any(one[1] - x < _NEAR_ACROSS and abs(one[2] - y) < _NEAR_UP * len(group) for _, x, y in group)
        ]  # fmt: skip
        groups = [group for group in groups if group not in near] + [[one, *(dot for group in near for dot in group)]]
    return [sorted(group, key=lambda dot: -dot[2]) for group in groups]


def _cost(
    group: Sequence[_Placed],
    left: float,
    heights: Sequence[float],
    in_the_way: Sequence[Box],
    frame: tuple[float, float],
) -> float:
    """How much names at these heights would cover; those outside the frame are worst."""
    boxes = [_box(dot.name, left, height) for (dot, _, _), height in zip(group, heights, strict=True)]
    outside = sum(box[1] < frame[0] or box[3] > frame[1] for box in boxes)
    return 100 * outside + sum(_overlap(box, other) for box in boxes for other in in_the_way)


def _boxes_along(start: tuple[float, float], end: tuple[float, float]) -> list[Box]:
    """Small boxes along a line."""
    n = max(2, int(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / 4))
    places = [
        (start[0] + (end[0] - start[0]) * i / n, start[1] + (end[1] - start[1]) * i / n) for i in range(n + 1)
    ]  # fmt: skip
    return [(x - 1, y - 1, x + 1, y + 1) for x, y in places]


def _box(name: str, left: float, middle: float) -> Box:
    """What a name covers, in pixels: left, bottom, right, top."""
    return left, middle - _LINE / 2, left + len(name) * FONT * 0.55, middle + _LINE / 2


def _overlap(first: Box, second: Box) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]
