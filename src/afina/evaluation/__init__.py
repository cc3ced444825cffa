"""Evaluation room: anything with `predict_proba` and a labelled data set in, metrics with intervals out.

Imports the planning room and those before it, never the inference room.
"""

from afina.evaluation.baselines import MajorityBaseline, TfidfBaseline
from afina.evaluation.blending import BLEND_FILE, blend, choose_weight, mix
from afina.evaluation.calibration import (
    at_temperature,
    fit_temperature,
    log_probabilities,
    losses_at_best_scale,
)
from afina.evaluation.comparison import Comparison, compare_predictions, find_disagreements
from afina.evaluation.details import detail
from afina.evaluation.domain_distance import maximum_mean_discrepancy, proxy_a_distance, rank_correlation
from afina.evaluation.evaluation import Evaluation, evaluate, evaluate_answers
from afina.evaluation.intervals import Interval, bootstrap_mean, bootstrap_mean_of_sets, exact_share
from afina.evaluation.lexicon import LexiconBaseline
from afina.evaluation.metrics import paired_difference, score
from afina.evaluation.mistakes import find_mistakes
from afina.evaluation.nb_svm import NbSvmBaseline
from afina.evaluation.neighbours import TrainingTexts
from afina.evaluation.reliability import chance_calibration_error, expected_calibration_error, reliability_bins
from afina.evaluation.tfidf_file import read_tfidf, write_tfidf
from afina.evaluation.unsure import Threshold, choose_threshold, measure_threshold
from afina.evaluation.verdict import against_baseline

__all__ = [
    "BLEND_FILE",
    "Comparison",
    "Evaluation",
    "Interval",
    "LexiconBaseline",
    "MajorityBaseline",
    "NbSvmBaseline",
    "TfidfBaseline",
    "Threshold",
    "TrainingTexts",
    "against_baseline",
    "at_temperature",
    "blend",
    "bootstrap_mean",
    "bootstrap_mean_of_sets",
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
    "losses_at_best_scale",
    "maximum_mean_discrepancy",
    "measure_threshold",
    "mix",
    "paired_difference",
    "proxy_a_distance",
    "rank_correlation",
    "read_tfidf",
    "reliability_bins",
    "score",
    "write_tfidf",
]
