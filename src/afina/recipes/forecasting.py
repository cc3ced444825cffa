"""How well past forecasts held, and what they teach about the next: the recipe behind `afina plan --history`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from afina.planning.history import (
    MADE_BY_PLAN,
    Corrections,
    ForecastRecord,
    correct_by,
    read_log,
    record_of,
)
from afina.planning.machine import machine_fingerprint, measure_machine
from afina.run_folder import RunFolder


def read_corrections(*, made_by: str = MADE_BY_PLAN) -> Corrections:
    """Corrections of the next forecasts on this machine, from its log.

    Args:
        made_by: Whose forecasts they are for: `plan`, or `run` for those that a run makes itself.
    """
    return correct_by(read_log(), fingerprint=machine_fingerprint(), made_by=made_by)


def forecast_history(runs: Sequence[Path] = ()) -> dict[str, Any]:
    """Forecast and outcome of past runs, how far they lie apart, and what corrects them.

    Args:
        runs: Run folders to read beside the log of this machine.

    Returns:
        The document of `plan --history --json`: `runs`, oldest first, with `seconds` of training, `total_seconds` and
        `memory_mb`, each with `forecast`, `outcome` and `error` (outcome over forecast, less 1; of a run that did a
        share of what was forecast, `share_done`, over that share of it). `error` has `n`, and of the absolute errors
        `median` and `worst`; `after_correction` the same, as if each run had been corrected by the others of its
        machine. `corrections` are those of the next plans on this `machine`.

    Raises:
        ModelError: One of the folders is no run.
    """
    records, silent = _gather(runs)
    machine = measure_machine()
    told = [record for record in records if record.forecast.seconds or record.forecast.memory_mb]
    corrected = [(record, _by_the_others(record, records)) for record in told]
    return {
        "runs": [_describe(record, same_machine=record.fingerprint == machine.fingerprint) for record in told],
        "runs_without_forecast": silent + len(records) - len(told),
        "error": {
            "seconds": _errors(record.ratios.seconds for record in told),
            "memory_mb": _errors(record.ratios.memory_mb for record in told),
        },
        "after_correction": {
            "seconds": _errors(
                _over(record.uncorrected_seconds, by.seconds_factor(record.method)) for record, by in corrected
            ),
            "memory_mb": _errors(_over(record.uncorrected_memory, by.memory) for record, by in corrected),
        },
        "corrections": correct_by(records, fingerprint=machine.fingerprint).as_dict(),
        "machine": machine.as_dict(),
    }


def _gather(runs: Sequence[Path]) -> tuple[list[ForecastRecord], int]:
    """Records of the log and of run folders, each run once, oldest first; and how many folders hold none."""
    records, silent = read_log(), 0
    for run in runs:
        record = _read_run(RunFolder(run))
        if record is None:
            silent += 1
        else:
            records.append(record)
    # A folder may have been moved since it was noted down; when it ended, and how long it took, stay.
    once = {(record.date, record.model, record.outcome.seconds): record for record in records}
    return sorted(once.values(), key=lambda record: record.date), silent


def _read_run(folder: RunFolder) -> ForecastRecord | None:
    folder.read_manifest()
    try:
        metrics = json.loads(folder.metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record_of(metrics, run=folder.root)


def _by_the_others(record: ForecastRecord, records: Iterable[ForecastRecord]) -> Corrections:
    """What all runs but this one teach about it."""
    others = [other for other in records if other is not record]
    return correct_by(others, fingerprint=record.fingerprint, made_by=record.made_by, rules=record.rules)


def _describe(record: ForecastRecord, *, same_machine: bool) -> dict[str, Any]:
    ratios = record.ratios

    def pair(read: Callable[[Any], float | None]) -> dict[str, float | None]:
        ratio = read(ratios)
        return {
            "forecast": read(record.forecast),
            "outcome": read(record.outcome),
            "error": None if ratio is None else round(ratio - 1, 4),
        }

    return {
        "run": record.run,
        "date": record.date.isoformat(timespec="seconds"),
        "model": record.model,
        "method": record.method,
        "freeze_layers": record.freeze_layers,
        "max_tokens": record.max_tokens,
        "texts": record.texts,
        "epochs": record.epochs,
        "seconds": pair(lambda figures: figures.seconds),
        "total_seconds": pair(lambda figures: figures.total_seconds),
        "memory_mb": pair(lambda figures: figures.memory_mb),
        "share_done": record.share_done,
        "made_by": record.made_by,
        "stopped_by": record.stopped_by,
        "same_machine": same_machine,
    }


def _errors(ratios: Iterable[float | None]) -> dict[str, Any]:
    """How many there are, and of their absolute errors the median and the largest."""
    errors = [abs(ratio - 1) for ratio in ratios if ratio is not None]
    if not errors:
        return {"n": 0, "median": None, "worst": None}
    return {"n": len(errors), "median": round(float(np.median(errors)), 4), "worst": round(max(errors), 4)}


def _over(ratio: float | None, factor: float) -> float | None:
    return None if ratio is None else ratio / factor
