"""The one look at the test set: the model's scores, the baselines' beside them, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from afina.data import TextDataset
from afina.evaluation import (
    Evaluation,
    MajorityBaseline,
    TfidfBaseline,
    against_baseline,
    blend,
    detail,
    evaluate,
    paired_difference,
    score,
)
from afina.inference import Classifier
from afina.recipes.blending import Blending
from afina.training import ALL_STEPS

_NOT_TESTED = "No texts were held out to test it, so that nothing is known of how good it is"


@dataclass(frozen=True)
class Tested:
    """Scores on the test set, as they are printed and recorded; None where there is no test set."""

    probabilities: npt.NDArray[np.float64]
    """Of each test text, (n_texts, n_labels)."""
    baseline_probabilities: npt.NDArray[np.float64]
    """Those of the baseline, (n_texts, n_labels)."""
    model: dict[str, Any] | None
    """Of what the run will answer with, in every detail: the fine-tuned model, or its blend with the baseline."""
    model_alone: dict[str, Any] | None
    """Of the fine-tuned model without the baseline, where that is blended in."""
    baseline: dict[str, Any] | None
    difference: dict[str, float] | None
    """Accuracy of the model less that of the baseline, paired."""
    beats_baseline: bool | None
    verdict: str

    @classmethod
    def without_texts(cls, n_labels: int) -> Tested:
        """Of a run that no texts were held out for: there are no scores, and that is said."""
        nothing = np.zeros((0, n_labels))
        return cls(nothing, nothing, None, None, None, None, None, _NOT_TESTED)


def test_once(
    classifier: Classifier,
    test: TextDataset,
    *,
    tfidf: TfidfBaseline,
    training: TextDataset,
    samples: int,
    blending: Blending,
) -> Tested:
    """Test a fine-tuned model and the baselines on the same texts.

    Args:
        classifier: The fine-tuned model alone, calibrated.
        test: Texts that chose nothing; there may be none.
        tfidf: The fitted TF-IDF baseline.
        training: Training texts, for the majority class.
        samples: Bootstrap resamples behind each interval.
        blending: How the TF-IDF baseline is mixed into the run's answers, chosen before.
    """
    if not len(test):
        return Tested.without_texts(len(test.labels))
    alone = evaluate(classifier, test, samples=samples)
    # Asked after: what was read while predicting need not be read again to count what was cut.
    alone = replace(alone, share_truncated=classifier.share_truncated(test.texts))
    baseline = evaluate(tfidf, test, samples=samples)
    majority = evaluate(MajorityBaseline(training), test, samples=samples)
    model = _blended(alone, baseline, blending, test, samples=samples) if blending.weight else alone
    difference = paired_difference(
        test.label_ids, model.probabilities.argmax(axis=1), baseline.probabilities.argmax(axis=1), samples=samples
    )
    beats, verdict = against_baseline(difference, baseline=tfidf.name)
    recorded = {
        "name": tfidf.name,
        "trained_on": tfidf.n_texts,
        **baseline.as_dict(),
        "majority": {"name": MajorityBaseline.name, **majority.as_dict()},
    }
    details = detail(test, model.probabilities, truncated=classifier.truncated(test.texts), samples=samples)
    return Tested(
        model.probabilities,
        baseline.probabilities,
        {**model.as_dict(), **details.as_dict()},
        alone.as_dict() if blending.weight else None,
        recorded,
        difference.as_dict(),
        beats,
        verdict,
    )


def _blended(
    model: Evaluation, baseline: Evaluation, blending: Blending, test: TextDataset, *, samples: int
) -> Evaluation:
    """The evaluation of both together, from the probabilities that each has given."""
    probabilities = blend(
        model.probabilities, baseline.probabilities, blending.weight, temperature=blending.temperature
    )
    return Evaluation(
        test.name,
        score(test.label_ids, probabilities, test.labels, samples=samples),
        probabilities,
        1 / (1 / model.texts_per_second + 1 / baseline.texts_per_second),
        model.share_truncated,
    )


def stop_name(reason: str | None, *, steps_given: bool) -> str:
    """The name under which a run records why training ended."""
    if reason == ALL_STEPS:
        return "max_steps" if steps_given else "epochs"
    return reason or "unknown"
