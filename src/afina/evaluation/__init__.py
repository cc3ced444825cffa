"""Evaluation room: anything with `predict_proba` and a labelled data set in, metrics with intervals out.

Imports the planning room and those before it, never the inference room.
"""

from afina.evaluation.baselines import MajorityBaseline, TfidfBaseline
from afina.evaluation.blending import BLEND_FILE, blend, choose_weight
from afina.evaluation.calibration import (
    at_temperature,
    chance_calibration_error,
    fit_temperature,
    log_probabilities,
)
from afina.evaluation.comparison import Comparison, compare_predictions, find_disagreements
from afina.evaluation.details import Details, detail
from afina.evaluation.evaluation import Evaluation, evaluate, evaluate_answers
from afina.evaluation.intervals import Interval, bootstrap_mean, exact_share
from afina.evaluation.lexicon import LexiconBaseline
from afina.evaluation.metrics import Metrics, paired_difference, score
from afina.evaluation.mistakes import find_mistakes
from afina.evaluation.nb_svm import NbSvmBaseline
from afina.evaluation.neighbours import TrainingTexts
from afina.evaluation.reliability import brier_score, expected_calibration_error
from afina.evaluation.tfidf import TfidfModel
from afina.evaluation.tfidf_file import read_tfidf, write_tfidf
from afina.evaluation.unsure import Coverage, Threshold, choose_threshold, measure_threshold
from afina.evaluation.verdict import against_baseline

__all__ = [
    "BLEND_FILE",
    "Comparison",
    "Coverage",
    "Details",
    "Evaluation",
    "Interval",
    "LexiconBaseline",
    "MajorityBaseline",
    "Metrics",
    "NbSvmBaseline",
    "TfidfBaseline",
    "TfidfModel",
    "Threshold",
    "TrainingTexts",
    "against_baseline",
    "at_temperature",
    "blend",
    "bootstrap_mean",
    "brier_score",
    "chance_calibration_error",
    "choose_threshold",
    "choose_weight",
    "compare_predictions",
    "detail",
    "evaluate",
    "evaluate_answers",
    "exact_share",
    "expected_calibration_error",
    "find_disagreements",
    "find_mistakes",
    "fit_temperature",
    "log_probabilities",
    "measure_threshold",
    "paired_difference",
    "read_tfidf",
    "score",
    "write_tfidf",
]
