"""Evaluation room: anything with `predict_proba` and a labelled data set in, metrics with intervals out.

Imports the planning room and those before it, never the inference room.
"""

from afina.evaluation.baselines import MajorityBaseline, TfidfBaseline
from afina.evaluation.evaluation import Evaluation, evaluate
from afina.evaluation.intervals import Interval, bootstrap_mean
from afina.evaluation.metrics import Metrics, expected_calibration_error, paired_difference, score
from afina.evaluation.verdict import against_baseline

__all__ = [
    "Evaluation",
    "Interval",
    "MajorityBaseline",
    "Metrics",
    "TfidfBaseline",
    "against_baseline",
    "bootstrap_mean",
    "evaluate",
    "expected_calibration_error",
    "paired_difference",
    "score",
]
