"""What a matrix says, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from afina.evaluation import Interval
from afina.recipes.matrix.cells import compare_means, mean_behind_home
from afina.recipes.matrix.rows import MatrixRow
from afina.recipes.matrix.sources import ALL

# A few cells say little, and those of one source are no independent observations.
_FEW_CELLS = 30
# The error of a few hundred texts is noisy; only one clearly larger is called a drift.
_DRIFT = 1.5


def choose_best(
    rows: Mapping[str, MatrixRow], summary: Mapping[str, Any], tests: Mapping[str, Any], *, samples: int
) -> dict[str, Any]:
    """The model with the highest mean accuracy over all test sets, and whether the next one is clearly behind.

    Args:
        rows: What each model reached, at least one.
        summary: As `summarise` gives it.
        tests: Test texts by name.
        samples: Bootstrap resamples.
    """
    means = {name: Interval(**mean) for name, mean in summary["mean_accuracy"].items()}
    first, *others = sorted(means, key=lambda name: -means[name].value)
    told = f"Best on average over the {len(tests)} test sets: {_trained(first)}, accuracy {means[first].as_percent()}"
    ahead = None
    if others:
        ahead = compare_means(rows[first], rows[others[0]], tests, samples=samples)
        told += (
            f", {ahead.as_points()} ahead of {_trained(others[0])}"
            if ahead.low > 0
            else f"; these texts cannot tell it from {_trained(others[0])} ({ahead.as_points()} ahead)"
        )
    return {
        "name": first,
        "mean_accuracy": means[first].as_dict(),
        "next": others[0] if others else None,
        "ahead": ahead.as_dict() if ahead else None,
        "why": told,
    }


def sentences(
    rows: Mapping[str, MatrixRow],
    cells: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    best: Mapping[str, Any],
    tests: Mapping[str, Any],
    *,
    samples: int,
) -> list[str]:
    """What a reader should take away, most important first.

    Args:
        rows: What each model reached.
        cells: The cells of the grid.
        summary: As `summarise` gives it.
        best: As `choose_best` gives it.
        tests: Test texts by name.
        samples: Bootstrap resamples.
    """
    return [
        *_worst_drop(cells),
        *_mean_drops(summary),
        *_all_together(rows, tests, samples),
        best["why"],
        *_calibration(summary),
        *_distance(summary),
    ]


def _worst_drop(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    dropped = [cell for cell in cells if cell["drop"] is not None and cell["train"] != ALL]
    if not dropped:
        return []
    worst = max(dropped, key=lambda cell: cell["drop"]["value"])
    least = min(dropped, key=lambda cell: cell["drop"]["value"])
    drop = Interval(**worst["drop"])
    if drop.low <= 0:
        return ["No model is clearly worse on another source than the model that was trained on that source"]
    told = (
        f"Trained on {worst['train']}, {worst['test']} loses {drop.as_points()} against the model trained on "
        f"{worst['test']}: the largest drop"
    )
    if least is worst:
        return [told]
    smallest = Interval(**least["drop"])
    change = "loses" if smallest.value >= 0 else "gains"
    shown = smallest if smallest.value >= 0 else -smallest
    return [f"{told}. Trained on {least['train']}, {least['test']} {change} {shown.as_points()}: the smallest"]


def _mean_drops(summary: Mapping[str, Any]) -> list[str]:
    if not summary["mean_drop"]:
        return []
    model, baseline = Interval(**summary["mean_drop"]), Interval(**summary["baseline_mean_drop"])
    return [
        f"Out of domain the fine-tuned models lose {model.as_points()} on average, TF-IDF + logistic regression loses "
        f"{baseline.as_points()}"
    ]


def _all_together(rows: Mapping[str, MatrixRow], tests: Mapping[str, Any], samples: int) -> list[str]:
    behind = mean_behind_home(rows[ALL], rows, tests, samples=samples) if ALL in rows else None
    if behind is None:
        return []
    if behind.low > 0:
        told = f"is {behind.as_points()} behind the in-domain models on average"
    elif behind.high < 0:
        told = f"is {(-behind).as_points()} ahead of the in-domain models"
    else:
        told = f"cannot be told from the in-domain models on average: behind them by {behind.as_difference()}"
    return [f"One model trained on all sources {told}"]


def _calibration(summary: Mapping[str, Any]) -> list[str]:
    ece = summary["ece"]
    if ece["drift"] is None or ece["in_domain"] is None:
        return []
    told = (
        f"Calibration: the expected calibration error is {ece['in_domain']:.3f} on average in domain and "
        f"{ece['out_of_domain']:.3f} out of it"
    )
    drifts = ece["out_of_domain"] > _DRIFT * ece["in_domain"]
    return [f"{told}: away from its own texts a model's confidence says less" if drifts else told]


def _distance(summary: Mapping[str, Any]) -> list[str]:
    found = summary["correlation"]
    if found["proxy_a"] is None:
        return []
    caution = (
        f"; that is {found['cells']} cells that share their sources, so a hint and no proof"
        if found["cells"] < _FEW_CELLS
        else ""
    )
    also = "" if found["mmd"] is None else f", and of the maximum mean discrepancy {found['mmd']:+.2f}"
    return [f"Rank correlation of the proxy A-distance with the drop: {found['proxy_a']:+.2f}{also}{caution}"]


def _trained(name: str) -> str:
    return "the model trained on all sources" if name == ALL else f"the model trained on {name}"
