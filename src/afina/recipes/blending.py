"""Whether the TF-IDF baseline is blended into a fine-tuned model, decided by dev texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.evaluation import BLEND_FILE, blend, choose_weight, fit_temperature, log_probabilities, mix


@dataclass(frozen=True)
class Blending:
    """The weight of the baseline, and what it does to the dev texts."""

    weight: float = 0.0
    temperature: float = 1.0
    """Of the mixture of both."""
    dev_accuracy: float | None = None
    """Of the blend."""
    dev_accuracy_alone: float | None = None
    """Of the fine-tuned model alone."""

    def as_dict(self) -> dict[str, Any]:
        """For the manifest, where `Classifier.load` finds it."""
        return {
            "weight": self.weight,
            "temperature": self.temperature,
            "file": BLEND_FILE if self.weight else None,
            "dev_accuracy": self.dev_accuracy,
            "dev_accuracy_alone": self.dev_accuracy_alone,
        }

    @property
    def sentence(self) -> str:
        """What was decided, for the user."""
        if not self.weight:
            return "TF-IDF is not blended in: it does not help on the dev texts"
        return (
            f"TF-IDF is blended in with a weight of {self.weight:g}: dev accuracy {self.dev_accuracy:.3f}, "
            f"{self.dev_accuracy_alone:.3f} without"
        )


def decide_blending(
    label_ids: npt.NDArray[np.int64], model: npt.NDArray[np.float64], baseline: npt.NDArray[np.float64]
) -> Blending:
    """Find the weight that suits the dev texts, 0 where the baseline does not help, and the mixture's temperature.

    Args:
        label_ids: Labels of dev texts, which the baseline must not have seen: (n_texts,).
        model: Probabilities that the fine-tuned model gives them, calibrated: (n_texts, n_labels).
        baseline: Those of the baseline.
    """
    logs = log_probabilities(model), log_probabilities(baseline)
    weight = choose_weight(label_ids, *logs)
    temperature = fit_temperature(label_ids, mix(*logs, weight)) if weight else 1.0
    alone, together = (
        float((probabilities.argmax(axis=1) == label_ids).mean())
        for probabilities in (model, blend(model, baseline, weight))
    )
    return Blending(weight, temperature, together, alone)
