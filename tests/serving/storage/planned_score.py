"""The program that works on files, with a classifier that needs no model: the rest of it is the real thing.

A text with `good` in it is positive; one with `slow` in it takes a while, and `deadly` ends the process.
"""

from __future__ import annotations

import os
import sys
import time

import afina.inference
import afina.inference.scoring
from afina.inference import Prediction
from afina.labels import LabelSet
from afina.serving.storage.processes import score

COMMAND = (sys.executable, "-P", "-m", "tests.serving.storage.planned_score")
LABELS = LabelSet(("negative", "positive"))


class Planned:
    labels = LABELS
    threshold = 0.8

    class backend:
        name = "planned"

    @classmethod
    def load(cls, run, **options):
        return cls()

    def classify(self, texts):
        time.sleep(0.03 * sum("slow" in text for text in texts))
        if any("deadly" in text for text in texts):
            os._exit(9)
        return [self._answer(text) for text in texts]

    def _answer(self, text):
        if not text.strip():
            return Prediction(error="no text")
        share = 0.9 if "good" in text else 0.25
        shares = {"negative": 1 - share, "positive": share}
        label = max(shares, key=shares.get)
        return Prediction(label, shares[label], shares, shares[label] < self.threshold, False)


if __name__ == "__main__":
    afina.inference.Classifier = Planned
    afina.inference.scoring.fingerprint_of = lambda run, backend: f"{run} {backend}"
    score._ROWS_PER_CHUNK, score._NICENESS = 10, 0
    score.main()
