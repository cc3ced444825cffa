"""Evaluation room: anything with `predict_proba` and a labelled data set in, metrics with intervals out.

Imports the planning room and those before it, never the inference room.
"""

from afina.evaluation.baselines import MajorityBaseline, TfidfBaseline
from afina.evaluation.blending import BLEND_FILE, blend, choose_weight, log_probabilities
from afina.evaluation.evaluation import Evaluation, evaluate
from afina.evaluation.intervals import Interval, bootstrap_mean
from afina.evaluation.metrics import Metrics, expected_calibration_error, paired_difference, score
from afina.evaluation.tfidf import TfidfModel
from afina.evaluation.tfidf_file import read_tfidf, write_tfidf
from afina.evaluation.verdict import against_baseline

__all__ = [
    "BLEND_FILE",
    "Evaluation",
    "Interval",
    "MajorityBaseline",
    "Metrics",
    "TfidfBaseline",
    "TfidfModel",
    "against_baseline",
    "blend",
    "bootstrap_mean",
    "choose_weight",
    "evaluate",
    "expected_calibration_error",
    "log_probabilities",
    "paired_difference",
    "read_tfidf",
    "score",
    "write_tfidf",
]
