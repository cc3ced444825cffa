"""Inference room: a run folder in, predictions on texts and files out. Imports the evaluation room and those before.

Importing it loads no torch; `Classifier.load` does.
"""

from afina.inference.classifier import Backend, Classifier
from afina.inference.prediction import NO_TEXT, Prediction, is_uncertain
from afina.inference.scoring import ScoredFile, score_file

__all__ = ["NO_TEXT", "Backend", "Classifier", "Prediction", "ScoredFile", "is_uncertain", "score_file"]
