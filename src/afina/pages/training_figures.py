"""Figures of a training: how the loss fell, how the dev set was answered, where the time went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afina.pages.axes import ROW, count_axis, name_rows, percent_axis
from afina.pages.drawing import BLUE, INK, VERMILION, canvas, to_svg
from afina.pages.plain import clock, count, decimal, is_known, percent

__all__ = ["dev_accuracy_curve", "learning_rate_curve", "loss_curve", "stages"]

_HEIGHT = 210
_DASHES = (0, (3, 3))
_HEADROOM = 1.12


def loss_curve(curve: Sequence[Mapping[str, Any]], dev: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """The training loss as a line in the band that most steps lie in, and the log loss of the dev set as squares.

    Args:
        curve: `step`, `loss`, and `loss_low` and `loss_high` of the band, of each stretch of steps.
        dev: `step`, `log_loss` and `is_best` of each evaluation on the dev set.
        title: Its name for those who hear the page.
    """
    line = _known(curve, "step", "loss")
    if len(line) < 2:
        return ""
    scored = _known(dev, "step", "log_loss")
    with canvas(_HEIGHT) as (figure, axes):
        band = _known(line, "loss_low", "loss_high")
        axes.fill_between(
            _column(band, "step"), _column(band, "loss_low"), _column(band, "loss_high"),
            color=BLUE, alpha=0.16, linewidth=0,
        )  # fmt: skip
        axes.plot(_column(line, "step"), _column(line, "loss"), color=BLUE, linewidth=1.6)
        axes.plot(
            _column(scored, "step"), _column(scored, "log_loss"), "s", color=VERMILION, markersize=5,
            linestyle=_DASHES, linewidth=1,
        )  # fmt: skip
        top = max(*_column(line, "loss"), *_column(band, "loss_high"), *_column(scored, "log_loss"))
        axes.set(xlim=(0, None), ylim=(0, top * _HEADROOM or 1), xlabel="step", ylabel="log loss")
        _mark_best(axes, scored)
        axes.grid(axis="y")
        count_axis(axes.xaxis)
        told = f"From {decimal(line[0]['loss'])} at the first steps to {decimal(line[-1]['loss'])} at the last."
        if scored:
            told += " Dev set: " + "; ".join(
                f"{decimal(row['log_loss'], 3)} after step {count(row['step'])}" for row in _few(scored)
            )
            told += "."
        return to_svg(figure, title=title, description=told)


def dev_accuracy_curve(dev: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """Accuracy on the dev set by step; a ring around the evaluation whose weights were kept.

    Args:
        dev: `step`, `accuracy` and `is_best` of each evaluation.
        title: Its name for those who hear the page.
    """
    scored = _known(dev, "step", "accuracy")
    if len(scored) < 2:
        return ""
    with canvas(_HEIGHT) as (figure, axes):
        axes.plot(
            _column(scored, "step"), _column(scored, "accuracy"), "s", color=VERMILION, markersize=5,
            linestyle=_DASHES, linewidth=1,
        )  # fmt: skip
        low, high = min(_column(scored, "accuracy")), max(_column(scored, "accuracy"))
        room = max(0.02, 0.25 * (high - low))
        axes.set(xlim=(0, None), ylim=(max(0, low - room), min(1.005, high + room)), xlabel="step", ylabel="accuracy")
        _mark_best(axes, scored)
        axes.grid(axis="y")
        count_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        told = "; ".join(f"{percent(row['accuracy'])} after step {count(row['step'])}" for row in _few(scored))
        return to_svg(figure, title=title, description=f"{told}.")


def learning_rate_curve(curve: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """The learning rate by step.

    Args:
        curve: `step` and `learning_rate` of each stretch of steps.
        title: Its name for those who hear the page.
    """
    line = _known(curve, "step", "learning_rate")
    if len(line) < 2:
        return ""
    rates = _column(line, "learning_rate")
    with canvas(130) as (figure, axes):
        axes.plot(_column(line, "step"), rates, color=BLUE, linewidth=1.6)
        axes.set(xlim=(0, None), ylim=(0, max(rates) * _HEADROOM or 1), xlabel="step", ylabel="learning rate")
        axes.set_yticks([0, max(rates)], ["0", f"{max(rates):.2g}"])
        axes.grid(axis="y")
        count_axis(axes.xaxis)
        peak = max(line, key=lambda row: row["learning_rate"])
        told = f"Its peak, {max(rates):.2g}, is near step {count(peak['step'])}; it ends at {rates[-1]:.2g}."
        return to_svg(figure, title=title, description=told)


def stages(seconds: Mapping[str, Any], *, title: str, budget: Any = None) -> str:
    """What a command did one after another, each from where the one before it ended.

    Args:
        seconds: Seconds by stage, in their order.
        title: Its name for those who hear the page.
        budget: Seconds there were, at which a dashed line stands.
    """
    told = [(name, value) for name, value in (seconds or {}).items() if is_known(value) and value >= 0]
    if not told or not sum(value for _, value in told):
        return ""
    with canvas(52 + ROW * len(told)) as (figure, axes):
        name_rows(axes, [name for name, _ in told])
        total = sum(value for _, value in told)
        end = max(total, budget) if is_known(budget) else total
        begun = 0.0
        for place, (_, value) in enumerate(told):
            axes.barh(place, value, left=begun, height=0.62, color=BLUE)
            begun += value
            # Behind its bar, or before it where there is no room behind.
            behind = begun + 0.14 * end < end * 1.02
            axes.text(
                begun + 0.015 * end if behind else begun - value - 0.015 * end, place, clock(value), color=INK,
                va="center", ha="left" if behind else "right",
            )  # fmt: skip
        axes.set(xlim=(0, end * 1.02), xlabel="minutes" if end >= 120 else "seconds")
        _time_axis(axes.xaxis, in_minutes=end >= 120)
        axes.grid(axis="x")
        if is_known(budget):
            axes.axvline(budget, color=VERMILION, linestyle=_DASHES, linewidth=1.2)
        listed = "; ".join(f"{name}: {clock(value)}" for name, value in told)
        listed += f"; the budget is {clock(budget)}" if is_known(budget) else ""
        return to_svg(figure, title=title, description=f"{listed}.")


def _mark_best(axes: Any, scored: Sequence[Mapping[str, Any]]) -> None:
    """A line where the weights that were kept were found."""
    for row in scored:
        if row.get("is_best"):
            axes.axvline(row["step"], color=INK, linestyle=_DASHES, linewidth=1)
            left = row["step"] > 0.7 * axes.get_xlim()[1]
            axes.annotate(
                "kept", (row["step"], 1), (-4 if left else 4, -2), xycoords=("data", "axes fraction"),
                textcoords="offset points", ha="right" if left else "left", va="top", color=INK,
            )  # fmt: skip


def _time_axis(axis: Any, *, in_minutes: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    end = axis.get_view_interval()[1]
    unit = 60 if in_minutes else 1
    steps = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440)
    step = next((step for step in steps if end / (step * unit) <= 7), end / (5 * unit))
    axis.set_major_locator(MultipleLocator(step * unit))
    axis.set_major_formatter(FuncFormatter(lambda value, _: count(value / unit)))


def _known(rows: Sequence[Mapping[str, Any]], *keys: str) -> list[Mapping[str, Any]]:
    return [row for row in rows or () if all(is_known(row.get(key)) for key in keys)]


def _column(rows: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    return [row[key] for row in rows]


def _few(rows: Sequence[Mapping[str, Any]], most: int = 12) -> list[Mapping[str, Any]]:
    """Evenly spread rows, the last among them."""
    step = -(-len(rows) // most)
    return list(rows[::-1][::step][::-1])
