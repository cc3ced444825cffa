"""The figure of a search: how good its trials were, one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from afina.pages.drawing import BLUE, INK, MUTED, VERMILION, canvas, to_svg
from afina.pages.plain import count, decimal, is_known

__all__ = ["trial_history"]


def trial_history(trials: Sequence[Mapping[str, Any]], *, title: str, unit: str) -> str:
    """A dot for each complete trial, a ring for one that was given up, and a line at the lowest value so far.

    Args:
        trials: `number`, `state`, `value`, `is_default`, and `dev_log_loss` by step of each; what lacks a number or a
            value is left out.
        title: Its name for those who hear the page.
        unit: What values are; lower ones are better.
    """
    told = [trial for trial in trials or () if is_known(trial.get("number"))]
    complete = [(trial["number"], trial["value"]) for trial in told if is_known(trial.get("value"))]
    if not complete:
        return ""
    reached = [(trial["number"], _last(trial)) for trial in told if trial.get("state") == "pruned"]
    given_up = [point for point in reached if is_known(point[1])]
    defaults = [trial["value"] for trial in told if trial.get("is_default") and is_known(trial.get("value"))]
    numbers, values = zip(*complete, strict=True)
    lowest = list(accumulate(values, min))
    with canvas(210) as (figure, axes):
        end = max(number for number, _ in complete + given_up)
        axes.step([*numbers, end], [*lowest, lowest[-1]], where="post", color=BLUE, linewidth=1.2)
        axes.plot(*zip(*given_up, strict=True) if given_up else ([], []), "o", color=MUTED, fillstyle="none")
        axes.plot(numbers, values, "o", color=INK, markersize=6)
        if defaults:
            axes.axhline(defaults[0], color=VERMILION, linestyle=(0, (3, 3)), linewidth=1.2)
        axes.set(xlabel="trial", ylabel=unit)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.margins(0.08)
        axes.grid(axis="y")
        best = min(complete, key=lambda point: point[1])
        shown = f"{count(len(complete))} complete trials and {count(len(given_up))} given up; trial {best[0]} has the "
        shown += f"lowest value, {decimal(best[1], 3)}"
        if defaults:
            shown += f", the defaults have {decimal(defaults[0], 3)}"
        return to_svg(figure, title=title, description=f"{shown}.")


def _last(trial: Mapping[str, Any]) -> Any:
    """The last value on the way."""
    scores = trial.get("dev_log_loss")
    return list(scores.values())[-1] if isinstance(scores, Mapping) and scores else None
