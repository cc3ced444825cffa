"""Baselines on as many training texts as their share of the time allows."""

from __future__ import annotations

from afina.data import TextDataset, take
from afina.evaluation import TfidfBaseline

# Fitting rate seen on one slow core (characters of text a second), and the share of the time left it may take.
_CHARACTERS_PER_SECOND = 1.2e6
_SHARE_OF_TIME = 0.15


def fit_tfidf_in_time(training: TextDataset, seconds_left: float, *, seed: int) -> TfidfBaseline:
    """Fit the baseline on all training texts, or on a stratified part where all would take too long.

    It may use more texts than the fine-tuned model has time for: what a user gains by the slower model is measured
    against what the fast one makes of all the data.
    """
    return TfidfBaseline(take_in_time(training, seconds_left, seed=seed))


def take_in_time(training: TextDataset, seconds_left: float, *, seed: int) -> TextDataset:
    """The training texts, or a stratified part where a linear model of word pairs would take too long on all."""
    seconds = sum(map(len, training.texts)) / _CHARACTERS_PER_SECOND
    share = min(1.0, _SHARE_OF_TIME * max(seconds_left, 1.0) / max(seconds, 1e-9))
    return take(training, max(50, int(share * len(training))), seed=seed)
