"""Figures of how right a classifier is: confusion matrix, and what each threshold would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afina.pages.axes import percent_axis, short
from afina.pages.drawing import BLUE, FONT, GREEN, INK, MUTED, ORANGE, RULE, VERMILION, WIDTH, canvas, to_svg
from afina.pages.plain import count, decimal, is_known, percent

__all__ = ["confusion", "precision_recall", "roc"]

_MOST_LABELS = 20
_STRONGEST = 0.55
# Told apart by their dashes too. More lines than these are drawn in grey.
_LINES = ((BLUE, "-"), (VERMILION, (0, (5, 2))), (GREEN, (0, (1.5, 1.5))), (ORANGE, (0, (6, 2, 1, 2))))


def confusion(labels: Sequence[Any], matrix: Sequence[Sequence[Any]], *, title: str) -> str:
    """Counts of texts by true and predicted label; the stronger the colour, the larger the share of the true label.

    Args:
        labels: Names of the labels; more than 20 are not drawn.
        matrix: Counts, a row for each true label and a column for each predicted one, (n_labels, n_labels).
        title: Its name for those who hear the page.
    """
    names, rows = list(labels or ()), [list(row) for row in matrix or ()]
    n = len(names)
    if not 0 < n <= _MOST_LABELS or len(rows) != n or any(len(row) != n for row in rows):
        return ""
    if not all(is_known(value) for row in rows for value in row):
        return ""
    names = [short(name, 16) for name in names]
    cell = 44 if n <= 6 else 30
    width = min(max(WIDTH, 120 + cell * n), 2 * WIDTH)
    with canvas(64 + 4.2 * max(map(len, names)) * (n > 3) + cell * n, width=width) as (figure, axes):
        axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), xticks=range(n), yticks=range(n), yticklabels=names)
        axes.set_xticklabels(names, **({"rotation": 40, "ha": "left", "rotation_mode": "anchor"} if n > 3 else {}))
        axes.tick_params(labelcolor=INK, length=0, labeltop=True, labelbottom=False)
        axes.set(xlabel="predicted", ylabel="true")
        axes.xaxis.set_label_position("top")
        axes.spines["bottom"].set_visible(False)
        told = []
        for true, row in enumerate(rows):
            for predicted, value in enumerate(row):
                share = value / sum(row) if sum(row) else 0
                axes.barh(
                    true, 0.95, left=predicted - 0.475, height=0.92, color=BLUE if true == predicted else VERMILION,
                    alpha=round(0.04 + share * _STRONGEST, 3),
                )  # fmt: skip
                shown = f"{count(value)}\n{percent(share)}" if n <= 6 else count(value)
                axes.text(predicted, true, shown, ha="center", va="center", color=INK, fontsize=FONT - (n > 6) * 1.5)
                if value and (n <= 6 or true != predicted):
                    told.append((value, f"{names[true]} taken for {names[predicted]}: {count(value)}"))
        most = [text for _, text in sorted(told, key=lambda one: -one[0])[:20]] if n > 6 else [text for _, text in told]
        return to_svg(figure, title=title, description=f"{'; '.join(most) or 'No text was taken for another'}.")


def roc(curves: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """Of each label, the share of its texts that are found by the share of other texts taken for it.

    Args:
        curves: `label`, `false_positive_rate` and `true_positive_rate` by threshold, and `auc` with its value, of each.
        title: Its name for those who hear the page.
    """
    return _threshold_curves(
        curves, x="false_positive_rate", y="true_positive_rate", area="auc", title=title,
        names=("texts of other labels taken for it", "its texts found"), area_name="area",
    )  # fmt: skip


def precision_recall(curves: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """Of each label, how many of the texts given it are rightly so, by the share of its texts that are found.

    Args:
        curves: `label`, `recall` and `precision` by threshold, and `average_precision` with its value, of each.
        title: Its name for those who hear the page.
    """
    return _threshold_curves(
        curves, x="recall", y="precision", area="average_precision", title=title,
        names=("recall: its texts found", "precision"), area_name="average precision",
    )  # fmt: skip


def _threshold_curves(
    curves: Sequence[Mapping[str, Any]],
    *,
    x: str,
    y: str,
    area: str,
    title: str,
    names: tuple[str, str],
    area_name: str,
) -> str:
    drawn = []
    for curve in curves or ():
        points = [
            (across, up)
            for across, up in zip(curve.get(x) or (), curve.get(y) or (), strict=False)
            if is_known(across) and is_known(up)
        ]
        if len(points) > 1:
            drawn.append((short(curve.get("label"), 18), points, _value(curve.get(area))))
    if not drawn:
        return ""
    # Where there are many labels, those that fare worst are told apart.
    drawn.sort(key=lambda one: one[2] if is_known(one[2]) else 1.0)
    with canvas(260) as (figure, axes):
        if x == "false_positive_rate":
            axes.plot([0, 1], [0, 1], color=RULE, linewidth=1)
        for place, (label, points, value) in reversed(list(enumerate(drawn))):
            colour, dashes = _LINES[place] if place < len(_LINES) else (MUTED, "-")
            named = f"{label} ({decimal(value, 3)})" if place < len(_LINES) else None
            axes.plot(
                *zip(*points, strict=True), color=colour, linestyle=dashes, label=named,
                linewidth=1.7 if named else 0.7, alpha=None if named else 0.5,
            )  # fmt: skip
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=names[0], ylabel=names[1])
        percent_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        axes.grid()
        handles, named = axes.get_legend_handles_labels()
        place = "lower right" if x == "false_positive_rate" else "lower left"
        axes.legend(handles[::-1], named[::-1], loc=place, frameon=False, labelcolor=INK, handlelength=2.4)
        told = "; ".join(f"{label}: {area_name} {decimal(value, 3)}" for label, _, value in drawn[:20])
        return to_svg(figure, title=title, description=f"{told}.")


def _value(found: Any) -> Any:
    """An estimate alone, or the one inside an estimate with its interval."""
    return found.get("value") if isinstance(found, Mapping) else found
