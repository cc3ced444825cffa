"""The figure of a ladder: what each rung makes of how many minutes, and which rungs no other beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afina.pages.axes import MOST_ROWS, short
from afina.pages.drawing import BLUE, FONT, INK, MUTED, RULE, canvas, to_svg
from afina.pages.plain import decimal, is_known

__all__ = ["pareto_front"]

_WIDTH = 560
# What takes less, or no training at all, stands at this many minutes: a logarithm knows no zero.
_LEAST_MINUTES = 0.001
_LINE = FONT + 2.5
_TICKS = {0.001: "none", 0.01: "0.6 s", 0.1: "6 s", 1.0: "1 min", 10.0: "10 min", 100.0: "100 min", 1000.0: "1,000 min"}


def pareto_front(rungs: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """A dot for each rung at its minutes and accuracy, with its interval, and a line through the Pareto front.

    Args:
        rungs: `title`, `minutes`, `accuracy` with its interval, and `pareto` of each; what lacks a figure is left out.
        title: Its name for those who hear the page.
    """
    drawn = [rung for rung in rungs or () if _is_whole(rung)][:MOST_ROWS]
    if not drawn:
        return ""
    across = [max(rung["minutes"], _LEAST_MINUTES) for rung in drawn]
    with canvas(300, width=_WIDTH) as (figure, axes):
        front = sorted(
            (minutes, rung["accuracy"]["value"])
            for minutes, rung in zip(across, drawn, strict=True)
            if rung.get("pareto") is True
        )
        if front:
            axes.plot(*zip(*front, strict=True), color=BLUE, linewidth=1.4, zorder=2)
        for minutes, rung in zip(across, drawn, strict=True):
            accuracy, on_front = rung["accuracy"], rung.get("pareto") is True
            colour = BLUE if on_front else MUTED
            axes.plot([minutes, minutes], [accuracy["low"], accuracy["high"]], color=colour, linewidth=1, zorder=1)
            axes.plot(
                [minutes], [accuracy["value"]], "o", color=colour, fillstyle="full" if on_front else "none",
                markerfacecolor=None if on_front else "#ffffff00", markersize=6.5, zorder=3,
            )  # fmt: skip
        axes.set(xscale="log", xlabel="training (logarithmic)", ylabel="accuracy, 95 % interval")
        # Names stand at the right of their dots.
        axes.set_xlim(_LEAST_MINUTES / 1.6, max(1.0, *across) * 12)
        ticks = [tick for tick in _TICKS if tick <= max(1.0, *across) * 2]
        axes.set_xticks(ticks, [_TICKS[tick] for tick in ticks])
        axes.minorticks_off()
        axes.grid(axis="y")
        figure.draw_without_rendering()
        _name_dots(
            axes,
            [(str(rung.get("title")), x, rung["accuracy"]["value"]) for x, rung in zip(across, drawn, strict=True)],
        )
        told = "; ".join(
            f"{short(rung.get('title'), 40)}: accuracy {decimal(rung['accuracy']['value'], 3)} after "
            f"{decimal(rung['minutes'])} minutes{', on the front' if rung.get('pareto') is True else ''}"
            for rung in drawn
        )
        return to_svg(figure, title=title, description=f"{told}.")


def _is_whole(rung: Mapping[str, Any]) -> bool:
    accuracy = rung.get("accuracy")
    return (
        is_known(rung.get("minutes"))
        and isinstance(accuracy, Mapping)
        and all(is_known(accuracy.get(key)) for key in ("value", "low", "high"))
    )


def _name_dots(axes: Any, dots: Sequence[tuple[str, float, float]]) -> None:
    """Write each name at the right of its dot, higher or lower where another name or dot is in its way."""
    places = [tuple(axes.transData.transform((x, y))) for _, x, y in dots]
    names = [short(name, 30) for name, _, _ in dots]
    taken = [(px - 5, py - 5, px + 5, py + 5) for px, py in places]
    frame = axes.get_window_extent()
    # From the top down; a name takes the free place nearest to its dot.
    for place in sorted(range(len(dots)), key=lambda i: -places[i][1]):
        (px, py), wide = places[place], len(names[place]) * FONT * 0.55
        shifts = [sign * step * _LINE / 2 for step in range(40) for sign in (1, -1)]

        def box(shift: float, px: float = px, py: float = py, wide: float = wide) -> tuple[float, float, float, float]:
            middle = py + shift
            return px + 10, middle - _LINE / 2, px + 10 + wide, middle + _LINE / 2

        free = (
            shift for shift in shifts
            if frame.y0 <= box(shift)[1] and box(shift)[3] <= frame.y1
            and not any(_overlap(box(shift), other) for other in taken)
        )  # fmt: skip
        shift = next(free, 0.0)
        taken.append(box(shift))
        line = {"arrowstyle": "-", "color": RULE, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 4} if shift else None
        axes.annotate(
            names[place],
            dots[place][1:],
            (10, shift),
            textcoords="offset points",
            color=INK,
            va="center",
            arrowprops=line,
        )


def _overlap(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]
