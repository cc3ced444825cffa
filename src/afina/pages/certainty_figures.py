"""Figures of whether a confidence can be believed, and of what being sure costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afina.pages.axes import percent_axis
from afina.pages.drawing import BLUE, INK, MUTED, RULE, VERMILION, canvas, to_svg
from afina.pages.plain import is_known, percent

__all__ = ["error_by_coverage", "reliability"]


def reliability(bins: Sequence[Mapping[str, Any]], *, title: str, before: Sequence[Mapping[str, Any]] = ()) -> str:
    """How often answers are right by how confident they are; on the diagonal the two agree.

    Columns at the foot tell how many texts are that confident.

    Args:
        bins: `low` and `high` edge, `n`, mean `confidence` and `accuracy` of the texts of each bin, and the interval
            of the latter in `accuracy_low` and `accuracy_high`; empty ones are left out.
        title: Its name for those who hear the page.
        before: The same before the confidence was corrected, drawn as rings.
    """
    told = _filled(bins)
    if not told:
        return ""
    earlier = _filled(before)
    with canvas(260) as (figure, axes):
        first = min(row["confidence"] for row in (*told, *earlier))
        start = 0.48 if first >= 0.5 else -0.02
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle=(0, (3, 3)), linewidth=1)
        most = max(row["n"] for row in told)
        foot = 0.16
        for row in told:
            width = row["high"] - row["low"]
            axes.bar(row["low"] + 0.08 * width, foot * row["n"] / most, 0.84 * width, align="edge", color=RULE)
            if is_known(row.get("accuracy_low")) and is_known(row.get("accuracy_high")):
                axes.plot(
                    [row["confidence"]] * 2, [row["accuracy_low"], row["accuracy_high"]], color=BLUE, linewidth=2.2
                )
        if earlier:
            axes.plot(
                [row["confidence"] for row in earlier], [row["accuracy"] for row in earlier], "o", color=VERMILION,
                fillstyle="none", markersize=7,
            )  # fmt: skip
        axes.plot([row["confidence"] for row in told], [row["accuracy"] for row in told], "o", color=INK, markersize=5)
        axes.set(xlim=(start, 1.02), ylim=(0, 1.03), xlabel="confidence", ylabel="share that is right")
        percent_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        axes.grid(axis="y")
        listed = "; ".join(
            f"at {percent(row['confidence'])} confidence {percent(row['accuracy'])} of {row['n']} are right"
            for row in told
        )
        return to_svg(figure, title=title, description=f"{listed}.")


def error_by_coverage(
    curve: Sequence[Mapping[str, Any]], *, title: str, wished: Any = None, chosen: Mapping[str, Any] | None = None
) -> str:
    """The share of wrong answers among those the model is sure of, by how many those are.

    Args:
        curve: `coverage`, the share of texts that are answered, and their `error_rate`, by threshold.
        title: Its name for those who hear the page.
        wished: The error rate wished for, at which a dashed line stands.
        chosen: `coverage` and `error_rate` of the threshold in use, marked by a dot.
    """
    points = [row for row in curve or () if is_known(row.get("coverage")) and is_known(row.get("error_rate"))]
    if len(points) < 2:
        return ""
    with canvas(230) as (figure, axes):
        across, up = [row["coverage"] for row in points], [row["error_rate"] for row in points]
        axes.plot(across, up, color=BLUE, linewidth=1.7)
        top = max(*up, wished if is_known(wished) else 0, 0.01) * 1.2
        if is_known(wished):
            axes.axhline(wished, color=VERMILION, linestyle=(0, (3, 3)), linewidth=1.2)
        told = f"Answering every text, {percent(up[-1])} are wrong"
        middle = min(points, key=lambda row: abs(row["coverage"] - 0.5))
        told += f"; of the {percent(middle['coverage'])} it is surest of, {percent(middle['error_rate'])}"
        if chosen and is_known(chosen.get("coverage")) and is_known(chosen.get("error_rate")):
            axes.plot([chosen["coverage"]], [chosen["error_rate"]], "o", color=INK, markersize=7)
            told += f"; as it is set, {percent(chosen['coverage'])} are answered and {percent(chosen['error_rate'])} "
            told += "of those are wrong"
        axes.set(xlim=(0, 1.01), ylim=(0, top), xlabel="texts answered", ylabel="wrong among them")
        percent_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        axes.grid(axis="y")
        return to_svg(figure, title=title, description=f"{told}.")


def _filled(bins: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    keys = ("low", "high", "n", "confidence", "accuracy")
    return [row for row in bins or () if all(is_known(row.get(key)) for key in keys) and row["n"] > 0]
