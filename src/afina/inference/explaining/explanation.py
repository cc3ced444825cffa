"""Why a text got its label: words, what each of them weighs, and how far that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afina.inference.explaining.gradients import Completeness

OCCLUSION, GRADIENTS = "occlusion", "ig"
METHODS = (OCCLUSION, GRADIENTS)


@dataclass(frozen=True)
class WeighedWord:
    """A word and what it does for the label."""

    text: str
    """The word as it was given."""
    start: int
    """Its first character."""
    end: int
    """The character behind its last."""
    weight: float
    """How much it raises the log-odds of the target label; below 0, it speaks against it."""
    read: bool
    """Whether the model read it; the weight is 0 where it did not."""


@dataclass(frozen=True)
class Explanation:
    """What moved the answer to a text."""

    text: str
    """The text as it was read, cleaned."""
    source: str
    """The text that the words' `start` and `end` point into: the one that was given; or, where cleaning changed that
    one beyond tracing, `text`."""
    label: str
    """The most probable label."""
    score: float
    """Its probability."""
    target: str
    """The label that the weights are about."""
    target_score: float
    """Its probability."""
    words: tuple[WeighedWord, ...]
    """All words, in order."""
    method: str
    """`occlusion` or `ig`."""
    evals: int
    """How often the model was asked."""
    comprehensiveness: float
    """See `afina.inference.explaining.Faithfulness`; the higher the better."""
    sufficiency: float
    """The lower the better."""
    completeness: Completeness | None
    """What integrated gradients add up to; None for occlusion."""
    words_alone: int
    """Words that were left out one by one; the others share the weight of their phrase evenly."""

    @property
    def truncated(self) -> bool:
        """Whether some words were not read."""
        return not all(word.read for word in self.words)

    @property
    def ranked(self) -> tuple[WeighedWord, ...]:
        """The words that were read, those with the largest effect first."""
        read = (word for word in self.words if word.read)
        return tuple(sorted(read, key=lambda word: (-round(abs(word.weight), 6), word.start)))

    def to_document(self) -> Mapping[str, Any]:
        """The explanation as JSON."""
        completeness = self.completeness and {
            "difference": self.completeness.difference,
            "delta": self.completeness.delta,
            "steps": self.completeness.n_steps,
            "converged": self.completeness.is_converged,
        }
        return {
            "text": self.source,
            "text_as_read": self.text,
            "label": self.label,
            "score": self.score,
            "target": self.target,
            "target_score": self.target_score,
            "method": self.method,
            "unit": "log-odds of the target",
            "words": [
                {
                    "text": word.text,
                    "start": word.start,
                    "end": word.end,
                    "weight": round(word.weight, 6),
                    "read": word.read,
                }
                for word in self.words
            ],
            "evals": self.evals,
            "comprehensiveness": self.comprehensiveness,
            "sufficiency": self.sufficiency,
            "completeness": completeness,
            "truncated": self.truncated,
            "words_read": sum(word.read for word in self.words),
            "words_alone": self.words_alone,
        }
