"""What `afina explain --json` prints of several texts, in small."""

from __future__ import annotations

from typing import Any

TEXT = "The ending is wonderful, but the plot is thin 😡"


def explanation(method: str = "occlusion", **more: Any) -> dict[str, Any]:
    weights = {"ending": 0.31, "wonderful": 4.2, "but": -0.9, "thin": -3.1, "😡": -1.4}
    words = [
        {
            "text": word, "start": TEXT.index(word), "end": TEXT.index(word) + len(word), "weight": weight,
            "read": word != "😡",
        }
        for word, weight in weights.items()
    ]  # fmt: skip
    return {
        "text": TEXT, "text_as_read": TEXT, "label": "positive", "score": 0.83, "target": "positive",
        "target_score": 0.83, "method": method, "unit": "log-odds of the target", "words": words, "evals": 23,
        "comprehensiveness": 0.412, "sufficiency": -0.013, "completeness": None, "truncated": True, "words_read": 4,
        "words_alone": 4, "backend": "torch", "seconds": 0.12, "notes": ["4 of these 5 words"], **more,
    }  # fmt: skip


GRADIENTS = {"difference": 2.5, "delta": -0.4, "steps": 400, "converged": False}
EXPLAINED: dict[str, Any] = {
    "run": "runs/books-minilm",
    "explanations": [
        explanation(),
        explanation("ig", completeness=GRADIENTS, target="negative", target_score=0.17),
        explanation(notes=[]),
    ],
}
