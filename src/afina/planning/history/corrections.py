"""Corrections of forecasts, learned from what past ones came to on this machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from afina.planning.history.record import MADE_BY_PLAN, RULES, ForecastRecord

# So many runs weigh as much as the belief that a forecast needs no correction.
_PRIOR_RUNS = 3
# Fewer runs of one method tell it from the others by chance alone.
_RUNS_OF_METHOD = 3
_LEAST_FACTOR, _MOST_FACTOR = 0.5, 2.0
# A machine changes: its neighbours, its libraries, its disk.
_NEWEST_RUNS = 50
# Without a history an outcome is taken to lie within 30 % of its forecast; and with the calmest one within 5 %.
_WIDTH, _LEAST_WIDTH = math.log(1.3), math.log(1.05)
_QUANTILE = 0.9


class Corrected(NamedTuple):
    """A forecast with its corrections, and the range in which nine in ten outcomes are expected."""

    seconds: float
    seconds_low: float
    seconds_high: float
    memory_mb: float
    memory_low_mb: float
    memory_high_mb: float
    seconds_factor: float
    """Correction in `seconds`, to be kept beside it so that it is not learned and applied once more."""
    memory_factor: float
    """Correction in `memory_mb`."""


@dataclass(frozen=True)
class Corrections:
    """Factors on forecasts that are made without them, and how far outcomes lie apart."""

    seconds: float = 1.0
    """Factor on training time."""
    seconds_by_method: Mapping[str, float] = field(default_factory=dict)
    """The same for methods of which there are runs enough."""
    memory: float = 1.0
    """Factor on the peak of memory."""
    seconds_spread: float = math.exp(_WIDTH)
    """Nine in ten outcomes are expected between the corrected forecast divided by this and multiplied by it."""
    memory_spread: float = math.exp(_WIDTH)
    n_seconds: int = 0
    """Runs that the factor on time was learned from."""
    n_memory: int = 0
    """Runs that the factor on memory was learned from."""

    def seconds_factor(self, method: str) -> float:
        """Factor on the training time of a method."""
        return self.seconds_by_method.get(method, self.seconds)

    def apply(self, seconds: float, memory_mb: float, method: str) -> Corrected:
        """Correct a forecast that was made without corrections.

        Args:
            seconds: Seconds of training.
            memory_mb: Peak of memory in MB.
            method: `full`, `frozen`, `head` or `lora`.
        """
        factor = self.seconds_factor(method)
        seconds, memory_mb = seconds * factor, memory_mb * self.memory
        return Corrected(
            seconds, seconds / self.seconds_spread, seconds * self.seconds_spread,
            memory_mb, memory_mb / self.memory_spread, memory_mb * self.memory_spread,
            factor, self.memory,
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Names and values, for documents; nothing where there is no history."""
        if not self.n_seconds and not self.n_memory:
            return {}
        return {
            "seconds": round(self.seconds, 4),
            "memory_mb": round(self.memory, 4),
            "seconds_by_method": {method: round(factor, 4) for method, factor in self.seconds_by_method.items()},
            "spread": {"seconds": round(self.seconds_spread, 4), "memory_mb": round(self.memory_spread, 4)},
            "runs": {"seconds": self.n_seconds, "memory_mb": self.n_memory},
        }


def correct_by(
    records: Iterable[ForecastRecord], *, fingerprint: str, made_by: str = MADE_BY_PLAN, rules: int = RULES
) -> Corrections:
    """Corrections from those runs that forecasts of one kind on one machine can be corrected by.

    Args:
        records: Past runs, in any order.
        fingerprint: The machine.
        made_by: Whose forecasts are to be corrected: a plan's and a run's own err in different ways.
        rules: By which they are made.
    """
    alike = [
        record
        for record in records
        if (record.fingerprint, record.made_by, record.rules) == (fingerprint, made_by, rules)
    ]
    return fit_corrections(sorted(alike, key=lambda record: record.date)[-_NEWEST_RUNS:])


def fit_corrections(records: Sequence[ForecastRecord]) -> Corrections:
    """Corrections from past runs, all of which count alike.

    The logarithm of a factor is the median of the logarithms of outcome over uncorrected forecast, times n / (n + 3):
    a few runs correct little. A method with three runs or more has a factor of its own, drawn towards that of all runs
    by the same rule. No factor is below 0.5 or above 2. The spread is that within which nine in ten of these runs lie
    around their corrected forecasts, drawn towards 30 % by the same rule, and never below 5 %.
    """
    seconds = [(record.method, math.log(r)) for record in records if (r := record.uncorrected_seconds) is not None]
    memory = [math.log(r) for record in records if (r := record.uncorrected_memory) is not None]
    overall, of_memory = _drawn([log for _, log in seconds], towards=0.0), _drawn(memory, towards=0.0)
    by_method: dict[str, float] = {}
    for method in sorted({method for method, _ in seconds}):
        logs = [log for name, log in seconds if name == method]
        if len(logs) >= _RUNS_OF_METHOD:
            by_method[method] = _bounded(_drawn(logs, towards=overall))
    overall, of_memory = _bounded(overall), _bounded(of_memory)
    return Corrections(
        seconds=math.exp(overall),
        seconds_by_method={method: math.exp(log) for method, log in by_method.items()},
        memory=math.exp(of_memory),
        seconds_spread=_spread([log - by_method.get(method, overall) for method, log in seconds]),
        memory_spread=_spread([log - of_memory for log in memory]),
        n_seconds=len(seconds),
        n_memory=len(memory),
    )


def _drawn(logs: Sequence[float], *, towards: float) -> float:
    """The median of logarithms, drawn towards what is believed without them."""
    if not logs:
        return towards
    weight = len(logs) / (len(logs) + _PRIOR_RUNS)
    return weight * float(np.median(logs)) + (1 - weight) * towards


def _bounded(log: float) -> float:
    return min(max(log, math.log(_LEAST_FACTOR)), math.log(_MOST_FACTOR))


def _spread(errors: Sequence[float]) -> float:
    """Factor within which nine in ten outcomes lie, from the logarithms of outcome over corrected forecast."""
    if not errors:
        return math.exp(_WIDTH)
    weight = len(errors) / (len(errors) + _PRIOR_RUNS)
    found = float(np.quantile(np.abs(errors), _QUANTILE))
    return math.exp(max(_LEAST_WIDTH, weight * found + (1 - weight) * _WIDTH))
