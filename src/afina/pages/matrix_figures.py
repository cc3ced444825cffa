"""The figure of a train x test matrix that its grid does not show: what a model loses, against the distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afina.pages.axes import short
from afina.pages.drawing import BLUE, INK, MUTED, canvas, to_svg
from afina.pages.plain import decimal, is_known

__all__ = ["distance_against_drop"]


def distance_against_drop(cells: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """A dot for each model on a foreign test set: how far apart the two sources are, and what the model loses.

    Args:
        cells: Cells of the matrix; those without a distance or a drop are left out.
        title: Its name for those who hear the page.
    """
    points = [
        (f"{short(cell.get('train'))} → {short(cell.get('test'))}", cell["distance"], cell["drop"])
        for cell in cells or ()
        if is_known(cell.get("distance"))
        and isinstance(cell.get("drop"), Mapping)
        and all(is_known(cell["drop"].get(key)) for key in ("value", "low", "high"))
    ]
    if not points:
        return ""
    with canvas(250) as (figure, axes):
        axes.axhline(0, color=MUTED, linewidth=0.8)
        for _, distance, drop in points:
            axes.plot([distance] * 2, [100 * drop["low"], 100 * drop["high"]], color=BLUE, linewidth=1.2, alpha=0.55)
        axes.plot(
            [at for _, at, _ in points], [100 * drop["value"] for *_, drop in points], "o", color=INK, markersize=5
        )
        axes.set(xlabel="proxy A-distance of the two sources", ylabel="points lost")
        axes.margins(0.08)
        axes.grid(axis="y")
        told = "; ".join(
            f"{name}: distance {decimal(distance)}, {100 * drop['value']:.1f} points lost"
            for name, distance, drop in points
        )
        return to_svg(figure, title=title, description=f"{told}.")
