"""What `afina ladder --json` prints, in small."""

from __future__ import annotations

from typing import Any


def found(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.04}


def rung(name: str, title: str, accuracy: float, minutes: float, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "title": title, "transformer": False, "accuracy": found(accuracy), "f1": found(accuracy),
        "dev_accuracy": 0.85, "minutes": minutes, "model_mb": 1.9, "milliseconds_a_text": 0.76,
        "texts_per_second": 6638.2, "parameters": 186773, "trained_on": 1573, "pareto": True,
        "pareto_prediction": False, "run": None,
        "behind_best": {"dev": found(0.021), "test": found(0.012), "told_apart": False}, **more,
    }  # fmt: skip


LADDER: dict[str, Any] = {
    "source": "reviews.csv", "model": "minilm", "out": "runs/reviews-ladder", "budget_seconds": 900.0,
    "texts": {"train": 1573, "dev": 196, "test": 197}, "rule": "Each transformer rung gets an equal share.",
    "rungs": [
        rung("majority", "majority class", 0.5, 0.0, behind_best={"dev": found(0.4), "test": found(0.39),
                                                                   "told_apart": True}),
        rung("tfidf", "TF-IDF + LR", 0.88, 0.012),
        rung("full", "full fine-tuning", 0.9, 3.2, transformer=True, pareto_prediction=True, run="runs/x/rungs/full"),
    ],
    "skipped": [
        {"name": "lexicon", "title": "VADER lexicon", "why": "its words are English", "failed": False},
        {"name": "lora", "title": "LoRA", "why": "no such module", "failed": True},
    ],
    "pick": {
        "name": "tfidf", "title": "TF-IDF + LR", "best_on_dev": "full", "next": "full", "rule": "The first rung that",
        "caveat": "Dev texts also chose", "answer": "These texts need no transformer", "why": "TF-IDF reaches 0.880",
        "reasons": ["TF-IDF + LR reaches 0.880", "The next rung up gains 2.0 points"], "needs_transformer": False,
    },
    "warnings": ["The budget is too short"], "interrupted": None,
}  # fmt: skip
