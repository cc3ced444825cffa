"""A fine-tuned model that says how sure it is: temperature, blend and threshold, chosen by the dev texts.

The same texts chose the best weights, and so flatter the model a little; what the choices are worth is measured on the
test texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.evaluation import (
    TfidfBaseline,
    Threshold,
    at_temperature,
    blend,
    chance_calibration_error,
    choose_threshold,
    expected_calibration_error,
    fit_temperature,
    log_probabilities,
    measure_threshold,
)
from afina.inference import Classifier
from afina.recipes.blending import Blending, decide_blending
from afina.recipes.session import Session

CONFIDENCE = 0.9
"""Probability with which the error rate among the sure answers is promised."""


@dataclass(frozen=True)
class CalibrationErrors:
    """Expected calibration error on one set of texts, before the temperature and after."""

    before: float
    after: float

    def as_dict(self) -> dict[str, float]:
        """The JSON form."""
        return {"ece_before": self.before, "ece_after": self.after}


@dataclass(frozen=True)
class Calibration:
    """How a run's answers become probabilities, and from which one on they are sure."""

    temperature: float
    """Of the fine-tuned model alone."""
    folded: bool
    """Whether the weights of the model hold it, so that any tool gives the calibrated probabilities."""
    blending: Blending
    dev: CalibrationErrors
    """Of the run's answers: of the mixture, before its own temperature and after, where the baseline is blended in."""
    threshold: Threshold | None
    error_rate: float
    """Share of wrong answers wished for among the sure ones."""

    @property
    def last_temperature(self) -> float:
        """The temperature applied last, to the blend where there is one."""
        return self.blending.temperature if self.blending.weight else self.temperature

    @property
    def temperature_left(self) -> float:
        """What the logits of the model as it is now are still to be divided by."""
        return 1.0 if self.folded else self.temperature

    def classifier(self, session: Session, tfidf: TfidfBaseline) -> Classifier:
        """The run's answers: the model that was calibrated, with the baseline where it is blended in."""
        return session.classifier(
            temperature=self.temperature_left,
            baseline=tfidf if self.blending.weight else None,
            baseline_weight=self.blending.weight,
            blend_temperature=self.blending.temperature,
            threshold=None if self.threshold is None else self.threshold.value,
        )

    def describe(self, test: TextDataset, probabilities: npt.NDArray[np.float64]) -> dict[str, Any]:
        """`calibration`, `unsure`: what `train --json` and the manifest hold.

        Args:
            test: Texts that chose nothing; of none, nothing is measured.
            probabilities: The run's answers to them, (n_texts, n_labels).
        """
        found = self.threshold
        measured = None
        if found is not None and len(test) > 0:
            measured = measure_threshold(test.label_ids, probabilities, found.value).as_dict()
        return {
            "calibration": {
                "temperature": self.temperature,
                "folded": self.folded,
                "blend_temperature": self.blending.temperature if self.blending.weight else None,
                "dev": self.dev.as_dict(),
                "test": {
                    **_errors(test.label_ids, probabilities, self.last_temperature).as_dict(),
                    "ece_by_chance": chance_calibration_error(probabilities),
                }
                if len(test)
                else None,
            },
            "unsure": {
                "error_rate": self.error_rate,
                "confidence": CONFIDENCE,
                "threshold": None if found is None else found.value,
                "dev_coverage": None if found is None else found.coverage,
                "test": measured and {name: measured[name] for name in ("coverage", "error_rate")},
            },
        }


def calibrate(
    session: Session,
    classifier: Classifier,
    dev: TextDataset,
    *,
    tfidf: TfidfBaseline,
    may_blend: bool,
    error_rate: float,
    adapter: Path,
) -> Calibration:
    """Fit the temperature, put it into the weights, and decide on the blend and the threshold.

    The dev texts are read once.

    Args:
        session: The trained model, after `Session.finish`; its weights are changed.
        classifier: What `Session.finish` returned.
        dev: Dev texts.
        tfidf: The baseline; it must not have seen the dev texts.
        may_blend: Whether the baseline is blended in where that helps.
        error_rate: Share of wrong answers wished for among those that are sure.
        adapter: Folder of the low-rank updates saved alone, where there are any; they are changed as the model is.
    """
    logs = log_probabilities(classifier.predict_proba(dev.texts))
    temperature = choose_temperature(dev.label_ids, logs)
    folded = session.fold(temperature, dev.texts, adapter=adapter)
    answers = model = at_temperature(logs, temperature)
    blending = Blending()
    if may_blend:
        baseline = tfidf.predict_proba(dev.texts)
        blending = decide_blending(dev.label_ids, model, baseline)
        answers = blend(model, baseline, blending.weight, temperature=blending.temperature)
    return Calibration(
        temperature,
        folded,
        blending,
        _errors(dev.label_ids, answers, blending.temperature if blending.weight else temperature),
        choose_threshold(dev.label_ids, answers, error_rate=error_rate, confidence=CONFIDENCE),
        error_rate,
    )


def choose_temperature(label_ids: npt.NDArray[np.int64], logs: npt.NDArray[np.float64]) -> float:
    """The temperature that fits the dev texts best; 1 where it would take confidence further away from accuracy.

    The likelihood wants no answer changed, only all made softer or sharper. Of a model that leans to one label, as one
    that has hardly been trained does, that can be the wrong cure, and then there is none.
    """
    temperature = fit_temperature(label_ids, logs)
    before, after = (expected_calibration_error(label_ids, at_temperature(logs, t)) for t in (1.0, temperature))
    return temperature if after <= before else 1.0


def _errors(
    label_ids: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64], temperature: float
) -> CalibrationErrors:
    """Calibration errors of probabilities, and of what they were before a temperature."""
    before = at_temperature(log_probabilities(probabilities), 1 / temperature)
    return CalibrationErrors(*(expected_calibration_error(label_ids, each) for each in (before, probabilities)))
