"""Figures that set many results side by side: failures of behaviour, accuracy by training and test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afina.pages.axes import MOST_ROWS, ROW, name_rows, percent_axis, short
from afina.pages.drawing import BLUE, FONT, INK, MUTED, VERMILION, WIDTH, canvas, to_svg
from afina.pages.plain import decimal, is_known, percent

__all__ = ["accuracy_grid", "failure_rates"]

_LONGEST = 30
_STRONGEST = 0.55


def failure_rates(tests: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """A dot for how often each test of behaviour fails, with its interval; a diamond where a rate was published.

    Args:
        tests: `name`, `failure_rate` with its interval, and `published` of each; those without a rate are left out.
        title: Its name for those who hear the page.
    """
    rows = [(test, test.get("failure_rate") or {}) for test in tests or ()]
    rows = [(test, rate) for test, rate in rows if isinstance(rate, Mapping) and is_known(rate.get("value"))]
    rows = rows[:MOST_ROWS]
    if not rows:
        return ""
    with canvas(52 + ROW * len(rows), width=1.25 * WIDTH) as (figure, axes):
        name_rows(axes, [test.get("name") for test, _ in rows], longest=_LONGEST)
        told = []
        for place, (test, rate) in enumerate(rows):
            if is_known(rate.get("low")) and is_known(rate.get("high")):
                axes.plot([rate["low"], rate["high"]], [place, place], color=BLUE, linewidth=2.4)
            published = test.get("published")
            if is_known(published):
                axes.plot([published], [place], "D", color=VERMILION, fillstyle="none", markersize=6)
            axes.plot([rate["value"]], [place], "o", color=INK, markersize=5.5, clip_on=False)
            told.append(
                f"{short(test.get('name'), _LONGEST)}: {percent(rate['value'])}"
                + (f", published {percent(published)}" if is_known(published) else "")
            )
        axes.set(xlim=(-0.01, 1.01), xlabel="share of cases that fail")
        percent_axis(axes.xaxis)
        axes.grid()
        return to_svg(figure, title=title, description=f"{'; '.join(told)}.")


def accuracy_grid(
    rows: Sequence[Any], columns: Sequence[Any], cells: Sequence[Mapping[str, Any]], *, title: str
) -> str:
    """Accuracy by training and test set, written in its cell over its interval; the stronger the colour, the higher.

    Colours span what was found, from the lowest to the highest. Cells whose sets have the same name are framed.

    Args:
        rows: Names of the training sets.
        columns: Names of the test sets.
        cells: `train`, `test` and `accuracy` with its interval of each; pairs that are missing stay blank.
        title: Its name for those who hear the page.
    """
    rows, columns = list(rows or ())[:MOST_ROWS], list(columns or ())[:MOST_ROWS]
    found = {(cell.get("train"), cell.get("test")): cell.get("accuracy") for cell in cells or ()}
    known = {
        pair: accuracy for pair, accuracy in found.items()
        if isinstance(accuracy, Mapping) and is_known(accuracy.get("value"))
    }  # fmt: skip
    values = [known[row, column]["value"] for row in rows for column in columns if (row, column) in known]
    if not values:
        return ""
    lowest, span = min(values), max(max(values) - min(values), 0.02)
    names, tops = [short(row, 20) for row in rows], [short(column, 20) for column in columns]
    width = max(WIDTH, 6.2 * max(map(len, names)) + 30 + 78 * len(columns))
    height = 40 + 4.4 * max(map(len, tops)) + 40 * len(rows)
    with canvas(height, width=width) as (figure, axes):
        axes.set(
            xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5), xticks=range(len(columns)),
            yticks=range(len(rows)), yticklabels=names, xlabel="tested on", ylabel="trained on",
        )  # fmt: skip
        axes.set_xticklabels(tops, rotation=30, ha="left", rotation_mode="anchor")
        axes.xaxis.set_label_position("top")
        axes.tick_params(labelcolor=INK, length=0, labeltop=True, labelbottom=False)
        axes.spines["bottom"].set_visible(False)
        told = []
        for y, row in enumerate(rows):
            for x, column in enumerate(columns):
                accuracy = known.get((row, column))
                if accuracy is None:
                    axes.text(x, y, "–", ha="center", va="center", color=MUTED)
                    continue
                value = accuracy["value"]
                strength = 0.04 + _STRONGEST * (value - lowest) / span
                axes.barh(y, 0.96, left=x - 0.48, height=0.92, color=BLUE, alpha=round(strength, 3))
                if row == column:
                    axes.barh(y, 0.96, left=x - 0.48, height=0.92, fill=False, edgecolor=INK, linewidth=1.2)
                has_interval = is_known(accuracy.get("low")) and is_known(accuracy.get("high"))
                axes.text(
                    x, y - 0.12 * has_interval, decimal(value, 3), ha="center", va="center", color=INK, fontsize=FONT
                )
                if has_interval:
                    shown = f"{decimal(accuracy['low'])}–{decimal(accuracy['high'])}"
                    axes.text(x, y + 0.24, shown, ha="center", va="center", color=INK, fontsize=FONT - 2)
                told.append(f"trained on {short(row)}, tested on {short(column)}: {decimal(value, 3)}")
        return to_svg(figure, title=title, description=f"{'; '.join(told)}.")
