"""Past forecasts of this machine, what they were worth, and how the next ones are corrected by them."""

from afina.planning.history.corrections import Corrected, Corrections, correct_by, fit_corrections
from afina.planning.history.log import append_record, log_file, read_log
from afina.planning.history.record import (
    MADE_BY_PLAN,
    MADE_BY_RUN,
    RULES,
    Figures,
    ForecastRecord,
    Ratios,
    judge,
    record_of,
)

__all__ = [
    "MADE_BY_PLAN",
    "MADE_BY_RUN",
    "RULES",
    "Corrected",
    "Corrections",
    "Figures",
    "ForecastRecord",
    "Ratios",
    "append_record",
    "correct_by",
    "fit_corrections",
    "judge",
    "log_file",
    "read_log",
    "record_of",
]
