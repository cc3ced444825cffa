"""Probabilities as the lists of labels that clients expect."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from afina.inference.prediction import is_uncertain
from afina.serving.engine import Answer, ModelInfo

_LEAST_PROBABILITY = 1e-12


def as_probabilities(probabilities: Sequence[float]) -> list[float]:
    """The probabilities themselves."""
    return list(probabilities)


def as_logits(probabilities: Sequence[float]) -> list[float]:
    """Logits with mean 0 whose softmax are these probabilities.

    Those of a model are defined but for a constant that all share, and a blend of models has none at all.
    """
    logs = [math.log(max(each, _LEAST_PROBABILITY)) for each in probabilities]
    mean = sum(logs) / len(logs)
    return [each - mean for each in logs]


def as_sigmoids(probabilities: Sequence[float]) -> list[float]:
    """The sigmoid of each logit."""
    return [1 / (1 + math.exp(-each)) for each in as_logits(probabilities)]


SCORES: dict[str, Callable[[Sequence[float]], list[float]]] = {
    "softmax": as_probabilities,
    "none": as_logits,
    "sigmoid": as_sigmoids,
}
"""What Hugging Face calls the functions that may be applied to logits."""


def ranked(
    answer: Answer, model: ModelInfo, *, top_k: int | None = None, function: str = "softmax"
) -> list[dict[str, Any]]:
    """Labels and scores, the highest first."""
    scores = SCORES[function](answer.probabilities)
    order = sorted(range(len(scores)), key=lambda i: -scores[i])[:top_k]
    return [{"label": model.labels[i], "score": scores[i]} for i in order]


def result_of(
    answer: Answer, model: ModelInfo, *, top_k: int | None = None, threshold: float | None = None
) -> dict[str, Any]:
    """A text's result, as the native routes tell it.

    Args:
        answer: What the model says.
        model: The model.
        top_k: Most labels to list.
        threshold: Least probability of a sure answer; the model's own if not given.
    """
    scores = ranked(answer, model, top_k=top_k)
    least = model.threshold if threshold is None else threshold
    return {
        **scores[0],
        "scores": scores,
        "truncated": answer.truncated,
        "tokens": answer.tokens,
        "uncertain": is_uncertain(scores[0]["score"], least),
    }


def comparison_of(answers: Sequence[tuple[ModelInfo, Answer]]) -> dict[str, Any]:
    """What several models say of a text, and how far they are apart."""
    results = {model.name: result_of(answer, model) for model, answer in answers}
    kept = ("label", "score", "scores", "uncertain")
    return {
        "models": {name: {key: result[key] for key in kept} for name, result in results.items()},
        "agree": len({result["label"] for result in results.values()}) == 1,
        "delta": _delta(answers),
    }


def _delta(answers: Sequence[tuple[ModelInfo, Answer]]) -> float | None:
    by_label: dict[str, list[float]] = {}
    for model, answer in answers:
        for label, probability in zip(model.labels, answer.probabilities, strict=True):
            by_label.setdefault(label, []).append(probability)
    differences = [max(shares) - min(shares) for shares in by_label.values() if len(shares) > 1]
    return max(differences, default=None)
