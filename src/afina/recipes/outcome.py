"""A run's forecast beside what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import torch

from afina.config import RunConfig
from afina.planning import Allocation
from afina.planning.history import (
    MADE_BY_PLAN,
    MADE_BY_RUN,
    RULES,
    Figures,
    append_record,
    judge,
    record_of,
)
from afina.planning.machine import machine_fingerprint, processor_name
from afina.recipes.fitting import Fitted
from afina.run_folder import RunFolder
from afina.training import BUDGET

_FIGURES = ("seconds", "total_seconds", "memory_mb")
# Steps are whole, so that a plan of 2 epochs ends a little before or after them.
_AS_PLANNED = 0.02
# A forecast is of settings as they were when it was made. These say nothing about what training takes.
_FREE_SETTINGS = ("training.budget", "training.seed", "training.checkpoint_seconds", "out", "blend", "evaluation.")


def describe_forecast(
    config: RunConfig, origins: Mapping[str, str], allocation: Allocation, *, is_inner: bool
) -> dict[str, Any]:
    """What is forecast for a run: how the time is shared out, and what training and the whole command take.

    Args:
        config: The user's settings, with a plan's forecast in them where they come from one.
        origins: Where each given setting came from.
        allocation: What the time is spent on.
        is_inner: Whether the run is a part of another command. A plan's forecast is of a run by itself.
    """
    told, kept = config.forecast, allocation.as_dict()
    own = {"seconds": kept.pop("forecast_seconds", None), "memory_mb": kept.pop("forecast_memory_mb", None)}
    by_plan = told.seconds is not None and not is_inner and _is_as_planned(origins)
    figures = told.model_dump() if by_plan else own
    return {
        **kept,
        **{name: figures.get(name) for name in _FIGURES},
        "made_by": MADE_BY_PLAN if by_plan else MADE_BY_RUN,
        # What past runs corrected the forecast by, so that the same is not learned from this one once more.
        "seconds_factor": figures.get("seconds_factor") or 1.0,
        "memory_factor": figures.get("memory_factor") or 1.0,
        "rules": RULES,
    }


def describe_outcome(
    fitted: Fitted,
    forecast: Mapping[str, Any],
    config: RunConfig,
    *,
    seconds: float,
    memory_mb: float | None,
    n_training: int,
    epochs: float,
    resumed: bool,
) -> dict[str, Any]:
    """What came of it; seconds of the whole command are known to `close_outcome` only.

    Args:
        fitted: What training did.
        forecast: As `describe_forecast` has it.
        config: The user's settings.
        seconds: Seconds of training, dev evaluations counted.
        memory_mb: Peak of memory, where it is known.
        n_training: Training texts that there are.
        epochs: Epochs that were wished for.
        resumed: Whether the run was interrupted before.
    """
    return {
        "seconds": round(seconds, 2),
        "total_seconds": None,
        "memory_mb": None if memory_mb is None else round(memory_mb, 1),
        "share_done": _share_done(fitted, forecast, config, n_training=n_training, epochs=epochs),
        "resumed": resumed,
    }


def close_outcome(summary: Mapping[str, Any], *, is_inner: bool) -> dict[str, Any]:
    """The last lines of a run's record, once the seconds of the whole command are known.

    Args:
        summary: The document of `train --json`, with its `seconds`.
        is_inner: Whether the run is a part of another command, whose time is not its own.

    Returns:
        `outcome`, `forecast_error` (outcome over forecast, less 1; None where one is not known), `machine` and
        `finished`.
    """
    outcome = {**summary["outcome"], "total_seconds": None if is_inner else summary["seconds"]["total"]}
    ratios = judge(
        Figures.model_validate(summary["forecast"]), Figures.model_validate(outcome), share_done=outcome["share_done"]
    )
    errors = {name: None if ratio is None else round(ratio - 1, 4) for name, ratio in ratios._asdict().items()}
    if outcome["resumed"]:
        # What an interruption cost, no forecast knows.
        errors |= {"seconds": None, "total_seconds": None}
    return {
        "outcome": outcome,
        "forecast_error": errors,
        "machine": {
            "fingerprint": machine_fingerprint(),
            "processor": processor_name(),
            "threads": torch.get_num_threads(),
        },
        "finished": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def log_outcome(run: RunFolder, summary: Mapping[str, Any]) -> None:
    """Note a finished run in this machine's log of forecasts."""
    record = record_of(summary, run=run.root)
    if record is not None:
        append_record(record)


def forecast_sentence(summary: Mapping[str, Any]) -> str | None:
    """How the forecast held, from the document of `train --json`; None where nothing was forecast."""
    forecast, outcome = summary.get("forecast") or {}, summary.get("outcome") or {}
    told, came = [], []
    if forecast.get("seconds") and outcome.get("seconds"):
        told.append(f"{forecast['seconds']:,.0f} s of training")
        share = outcome["share_done"]
        came.append(f"{outcome['seconds']:,.0f} s" + ("" if share in (None, 1.0) else f" for {share:.0%} of that"))
    if forecast.get("memory_mb") and outcome.get("memory_mb"):
        told.append(f"{forecast['memory_mb']:,.0f} MB")
        came.append(f"{outcome['memory_mb']:,.0f} MB")
    return f"forecast: {' and '.join(told)}; it took {' and '.join(came)}" if told else None


def _is_as_planned(origins: Mapping[str, str]) -> bool:
    """Whether no setting that costs time was given beside the file that holds the forecast."""
    file = origins.get("forecast.seconds")
    if file is None or not file.endswith(".toml"):
        return True
    return all(origin == file or name.startswith(_FREE_SETTINGS) for name, origin in origins.items())


def _share_done(
    fitted: Fitted, forecast: Mapping[str, Any], config: RunConfig, *, n_training: int, epochs: float
) -> float | None:
    """Work done over the work that the forecast is of; None where that is not known.

    A plan is of all texts and epochs wished for, so that a run which the clock ended tells what its share took. The
    forecast of a run itself is of what the clock allows: when the clock then ends it, the seconds are those allowed.
    """
    if config.training.max_steps:
        share = fitted.state.step / fitted.max_steps
    elif forecast["made_by"] == MADE_BY_PLAN:
        share = fitted.state.texts_seen / (min(n_training, config.data.train_texts or n_training) * epochs)
    elif fitted.state.stopped_by == BUDGET or (forecast["expected_epochs"] or math.inf) < forecast["epochs"]:
        return None
    else:
        share = fitted.state.step / fitted.max_steps
    return 1.0 if abs(share - 1) <= _AS_PLANNED else round(share, 4)
