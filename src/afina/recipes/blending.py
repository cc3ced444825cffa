"""Whether the TF-IDF baseline is blended into a fine-tuned model, decided by dev texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from afina.data import TextDataset
from afina.evaluation import BLEND_FILE, TfidfBaseline, blend, choose_weight, log_probabilities
from afina.inference import Classifier


@dataclass(frozen=True)
class Blending:
    """The weight of the baseline, and what it does to the dev texts."""

    weight: float = 0.0
    dev_accuracy: float | None = None
    """Of the blend."""
    dev_accuracy_alone: float | None = None
    """Of the fine-tuned model alone."""

    def as_dict(self) -> dict[str, Any]:
        """For the manifest, where `Classifier.load` finds it."""
        return {
            "weight": self.weight,
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


def decide_blending(classifier: Classifier, tfidf: TfidfBaseline, dev: TextDataset) -> Blending:
    """Find the weight that suits the dev texts, 0 where the baseline does not help.

    Args:
        classifier: The fine-tuned model.
        tfidf: The baseline; it must not have seen the dev texts.
        dev: Dev texts.
    """
    model, baseline = (each.predict_proba(dev.texts) for each in (classifier, tfidf))
    weight = choose_weight(dev.label_ids, log_probabilities(model), log_probabilities(baseline))
    alone, together = (
        float((probabilities.argmax(axis=1) == dev.label_ids).mean())
        for probabilities in (model, blend(model, baseline, weight))
    )
    return Blending(weight, together, alone)
