"""The history of a training and the certainty of its answers, thinned to what can be drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

_MOST_POINTS = 90
# Of fewer answers an error rate says nothing.
_FEWEST_ANSWERS = 20


def training_curve(history: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Mean loss of equal stretches of steps, with the band in which eight in ten of their steps lie.

    Args:
        history: `step`, `loss` and `learning_rate` of each step; steps without a finite loss are passed over.
    """
    steps = [row for row in history if _is_number(row.get("step")) and _is_number(row.get("loss"))]
    curve = []
    peak = max(range(len(steps)), key=lambda i: _rate(steps[i]), default=-1)
    for part in np.array_split(np.arange(len(steps)), min(_MOST_POINTS, len(steps))) if steps else ():
        losses = [steps[i]["loss"] for i in part]
        low, high = np.quantile(losses, (0.1, 0.9))
        last = steps[part[-1]]
        curve.append(
            {
                "step": last["step"],
                "loss": float(np.mean(losses)),
                "loss_low": float(low),
                "loss_high": float(high),
                # Of the last step, but for the peak, which must not be lost between two.
                "learning_rate": _rate(steps[peak] if peak in part else last),
            }
        )
    return curve


def dev_scores(history: Sequence[Mapping[str, Any]], kept: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Each evaluation on the dev set, and whether its weights were kept.

    Args:
        history: A record for each step; those with `dev_accuracy` are evaluations.
        kept: `accuracy` and `log_loss` of the weights that were kept.
    """
    scores: list[dict[str, Any]] = [
        {
            "step": row.get("step"),
            "epoch": row.get("epoch"),
            "accuracy": row["dev_accuracy"],
            "log_loss": row.get("dev_log_loss"),
            "is_best": False,
        }
        for row in history
        if _is_number(row.get("dev_accuracy"))
    ]
    for score in scores:
        if kept and all(_is_close(score[key], kept.get(key)) for key in ("accuracy", "log_loss")):
            score["is_best"] = True
            break
    return scores


def coverage_curve(is_right: npt.NDArray[np.bool_], confidence: npt.NDArray[np.float64]) -> list[dict[str, float]]:
    """Error rate of the answers given by how many are given, the surest first.

    Answers of equal confidence are given or held back together.

    Args:
        is_right: Whether each answer is right, (n_texts,).
        confidence: Its probability, (n_texts,).
    """
    order = np.argsort(-confidence, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(confidence[order])), len(order) - 1)
    ends = ends[ends + 1 >= min(_FEWEST_ANSWERS, len(order))]
    if len(ends) > _MOST_POINTS:
        ends = ends[np.linspace(0, len(ends) - 1, _MOST_POINTS).astype(int)]
    wrong = np.cumsum(~is_right[order])
    return [{"coverage": float((end + 1) / len(order)), "error_rate": float(wrong[end] / (end + 1))} for end in ends]


def _rate(step: Mapping[str, Any]) -> float:
    rate = step.get("learning_rate")
    return float(rate) if _is_number(rate) else 0.0


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_close(value: Any, other: Any) -> bool:
    return _is_number(value) and _is_number(other) and math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12)
